"""What runs when, on a terminal: a row of hours for each day and each Dag, then what somebody should know of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from itertools import groupby

from rich.text import Text

from harness.kernel.instant import iso
from harness.report.style import ConsoleReport, Glyphs
from harness.report.terminal import finding_lines
from harness.results.schedule import ClockOddity, DagSchedule, FolderSchedule, PoolMoment
from harness.results.schedule_diff import GAINED, LOST, MOVED, RunChange, ScheduleDiff
from harness.text import clean, one_line, span_text

DAYS, DAGS, LINES, CHANGES = 31, 60, 12, 3
"""Rows shown of each kind unless all are asked for."""
HOURS = 24
_NAME, _SCHEDULE = 32, 12
"""Columns of the longest name, and the fewest that a schedule is shown in."""


@dataclass(frozen=True)
class ScheduleReport(ConsoleReport):
    """Writes the schedules of a folder for people."""

    def show(self, found: FolderSchedule, diff: ScheduleDiff | None = None) -> None:
        """The whole report.

        Args:
            diff: against another version, where one was asked for.
        """
        stretch = f"{iso(found.since)} until {iso(found.until)} ({span_text(found.until - found.since)})"
        self.console.print(Text(f"What the schedules ask for from {stretch}; hours are in UTC"), soft_wrap=True)
        if found.number:
            self._hours(found)
        self._started(found.dags)
        self._assumed(found.dags)
        self._clocks(found.clock_oddities)
        self._pools(found.pools)
        self._idle(found.dags)
        self._catchup(found.dags)
        self._findings(found)
        if diff is not None:
            self._diff(diff)
        self._verdict(found, diff)

    # -- rows of hours -------------------------------------------------------------------------------------------------

    def _hours(self, found: FolderSchedule) -> None:
        days: dict[date, Counter[int]] = defaultdict(Counter)
        dags: dict[str, Counter[int]] = defaultdict(Counter)
        for dag, run in found.runs():
            at = run.run_after.astimezone(timezone.utc)
            days[at.date()][at.hour] += 1
            dags[dag.dag_id][at.hour] += 1
        names = max(map(len, ("2025-01-01 Mon", *dags)))
        most = max(count for row in (*days.values(), *dags.values()) for count in row.values())
        rows = _HourRows(min(names, _NAME), len(str(most)) + 1, self.console.width, self.signs)
        self.console.print()
        self.console.print(rows.head("day"))
        self._rows([(f"{day} {day:%a}", "") for day in sorted(days)], list(days.values()), rows, DAYS, "days")
        self.console.print()
        self.console.print(rows.head("Dag, all days together", "Dag, all days"))
        schedules = {dag.dag_id: dag.schedule for dag in found.dags}
        self._rows([(dag_id, schedules[dag_id]) for dag_id in sorted(dags)],
                   [dags[dag_id] for dag_id in sorted(dags)], rows, DAGS, "Dags")  # fmt: skip

    def _rows(
        self, names: Sequence[tuple[str, str]], counts: Sequence[Counter[int]], rows: _HourRows, limit: int, what: str
    ) -> None:
        most = max(max(row.values()) for row in counts)
        for (name, schedule), row in list(zip(names, counts, strict=True))[: None if self.verbose else limit]:
            self.console.print(rows.row(name, row, most, schedule), soft_wrap=True)
        self._more(len(names), limit, what)

    # -- what somebody should know ------------------------------------------------------------------------------------

    def _started(self, dags: Iterable[DagSchedule]) -> None:
        self._list("Started by something else", [f"{clean(d.dag_id)}  when {clean(d.when)}" for d in dags if d.when])

    def _idle(self, dags: Iterable[DagSchedule]) -> None:
        left = [dag for dag in dags if dag.is_idle]
        self._list("Without a scheduled run", [f"{clean(dag.dag_id)}  {one_line(dag.why or '', 160)}" for dag in left])

    def _assumed(self, dags: Iterable[DagSchedule]) -> None:
        found = [f"{clean(dag.dag_id)}  every {clean(dag.schedule)}" for dag in dags if dag.is_begin_assumed]
        self._list("Spans without catchup count from a Dag's first deployment; here from the instant above", found)

    def _catchup(self, dags: Iterable[DagSchedule]) -> None:
        found = [
            f"{clean(dag.dag_id)}  {'' if dag.is_catchup_exact else 'about '}{dag.catchup:,} runs"
            for dag in dags
            if dag.catchup
        ]
        self._list("Catchup, if they were deployed for the first time then", found)

    def _clocks(self, oddities: Iterable[ClockOddity]) -> None:
        def day_of(oddity: ClockOddity) -> tuple[str, str, float]:
            return oddity.day, oddity.timezone, oddity.hours

        for (day, zone, hours), group in groupby(sorted(oddities, key=day_of), day_of):
            lines = [f"{clean(one.dag_id)}  {one.message}" for one in group]
            self._list(f"Clocks change: {day} has {hours:g} hours in {zone}", lines)

    def _pools(self, moments: Iterable[PoolMoment]) -> None:
        lines = []
        for moment in moments:
            of = "which the world does not have" if moment.slots is None else f"of {moment.slots}"
            of = "without a limit" if moment.slots == -1 else of
            by = ", ".join(f"{clean(dag_id)} {share}" for dag_id, share in _largest(moment.dags))
            above = f"; above for {span_text(moment.above)} in all" if moment.above else ""
            slots = "1 slot" if moment.asked == 1 else f"{moment.asked} slots"
            text = f"{clean(moment.pool)}  {slots} {of}, at {iso(moment.at)}  ({by}){above}"
            lines.append(Text(text, "red" if moment.is_above else ""))
        said = "Pools at their busiest, if all began on time and nothing waited; tasks last what durations: say"
        self._list(said, lines)

    def _findings(self, found: FolderSchedule) -> None:
        self._list("Findings", [line for finding in found.findings for line in finding_lines(finding)], whole=True)

    # -- another version ----------------------------------------------------------------------------------------------

    def _diff(self, diff: ScheduleDiff) -> None:
        self._heading(f"Against {clean(diff.revision)} ({diff.commit[:10]})")
        if not diff:
            self._line("no schedule and no run differs" + (" of what imports there" if diff.findings else ""))
        for finding in diff.findings:
            text = f"{diff.revision}: {finding.path}:{finding.line} {one_line(finding.message, 300)}"
            self._line(Text(text, "yellow"))
        told = {change.dag_id: change for change in diff.dags}
        runs: dict[str, list[RunChange]] = defaultdict(list)
        for change in diff.runs:
            runs[change.dag_id].append(change)
        for dag_id in sorted({*told, *runs}):
            said = told.get(dag_id)
            schedules = "" if said is None else f"  {_told(said.before, said.after)}"
            self._line(Text.assemble((clean(dag_id), "bold"), schedules))
            for kind in (MOVED, GAINED, LOST):
                self._changes(kind, [change for change in runs[dag_id] if change.kind == kind])

    def _changes(self, kind: str, changes: Sequence[RunChange]) -> None:
        if not changes:
            return
        style = {GAINED: "green", LOST: "red", MOVED: "yellow"}[kind]
        shown = changes if self.verbose else changes[:CHANGES]
        moments = ", ".join(_moments(change) for change in shown)
        more = f" and {len(changes) - len(shown)} more" if len(changes) > len(shown) else ""
        self._line(Text.assemble("  ", (f"{len(changes)} {kind}", style), f"  {moments}{more}"))

    # -- the end ------------------------------------------------------------------------------------------------------

    def _verdict(self, found: FolderSchedule, diff: ScheduleDiff | None) -> None:
        self.console.print()
        hours = Counter(run.run_after.replace(minute=0, second=0, microsecond=0) for _, run in found.runs())
        at_once = Counter(run.run_after for _, run in found.runs())
        busy = sum(bool(dag.runs) for dag in found.dags)
        text = f"{found.number:,} runs of {busy:,} of {len(found.dags):,} Dags"
        for what, counts in (("busiest hour", hours), ("most at once", at_once)):
            if counts:
                at, number = min(counts.items(), key=lambda pair: (-pair[1], pair[0]))
                text += f"; {what}: {number:,} at {iso(at)}"
        sign, style = (self.signs.ok, "green") if found.ok and not diff else (self.signs.bad, "bold red")
        if diff is not None:
            differ = ", ".join(f"{diff.count(kind)} {kind}" for kind in (GAINED, LOST, MOVED))
            text += f"; against {clean(diff.revision)}: {differ}"
        self.console.print(Text.assemble((sign, style), f" {text}"), soft_wrap=True)

    def _list(self, heading: str, lines: Sequence[Text | str], whole: bool = False) -> None:
        if not lines:
            return
        self._heading(heading)
        for line in lines if self.verbose or whole else lines[:LINES]:
            self._line(line)
        self._more(0 if whole else len(lines), LINES, "")

    def _more(self, number: int, limit: int, what: str) -> None:
        if number > limit and not self.verbose:
            self._line(Text(f"and {number - limit} more {what}".rstrip() + " (-v shows them)", style="dim"))

    def _heading(self, text: str) -> None:
        self.console.print()
        self.console.print(Text(text, style="bold"), soft_wrap=True)

    def _line(self, text: Text | str) -> None:
        self.console.print(Text("  ") + (Text(text) if isinstance(text, str) else text), soft_wrap=True)


@dataclass(frozen=True)
class _HourRows:
    """Rows of 24 cells.

    Attributes:
        name, cell: columns of a name and of a cell.
    """

    name: int
    cell: int
    width: int
    signs: Glyphs

    def head(self, *names: str) -> Text:
        """The hours above them, behind the first of the names that leaves a gap, or the last."""
        name = next((one for one in names if len(one) < self.name), names[-1])
        hours = (f"{hour:02}" if self._is_named(hour) else "" for hour in range(HOURS))
        cells = "".join(hour.rjust(self.cell) for hour in hours)
        return Text(f"{name[: self.name]:<{self.name}}{cells}   runs", style="dim")

    def _is_named(self, hour: int) -> bool:
        """Every hour where there is room between two numbers, else every third."""
        return self.cell > 2 or hour % 3 == 0

    def row(self, name: str, counts: Mapping[int, int], most: int, schedule: str) -> Text:
        """One row: ``·`` for none; the more, the warmer."""
        shown = clean(name)
        shown = shown if len(shown) <= self.name else shown[: self.name - 1] + self.signs.ellipsis
        row = Text(f"{shown:<{self.name}}")
        for hour in range(HOURS):
            count = counts.get(hour, 0)
            row.append((str(count) if count else self.signs.hold).rjust(self.cell), _heat(count, most))
        row.append(f"{sum(counts.values()):>7,}")
        room = self.width - len(row.plain) - 2
        if schedule and room >= _SCHEDULE:
            row.append(f"  {one_line(schedule, room)}", "dim")
        return row


def _heat(count: int, most: int) -> str:
    if not count:
        return "dim"
    return "green" if 3 * count <= most else "yellow" if 3 * count <= 2 * most else "bold red"


def _largest(shares: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    ranked = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))
    yield from ranked[:4]
    if len(ranked) > 4:
        yield f"{len(ranked) - 4} more Dags", sum(slots for _, slots in ranked[4:])


def _told(before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return f"new: {clean(after or '')}" if before is None else f"gone: {clean(before)}"
    return f"{clean(before)} → {clean(after)}"


def _moments(change: RunChange) -> str:
    parts: list[datetime] = [moment for moment in (change.before, change.after) if moment is not None]
    return " → ".join(map(iso, parts))
