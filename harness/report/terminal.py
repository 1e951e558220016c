"""The report of a run on a terminal, in the order a person reads it: what ran, what it made, when, what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from rich.console import Console, RenderableType
from rich.text import Text

from harness.kernel.instant import iso
from harness.report.gantt import gantt
from harness.report.style import ConsoleReport, colour
from harness.report.tables import counts, retries, stood_in, task_table, xcom_rows
from harness.results.finding import Finding
from harness.results.run import RunResult, TaskResult
from harness.results.services import ServiceUse, totals
from harness.results.world import Need, WorldEventResult, reported
from harness.text import clean, compact, counted, one_line, real_text, span_text

LOG_LINES = 30
"""Lines of a failed task's log that are shown unless all are asked for; the last ones."""

XCOMS = 30
RETRIES = 20
FAILURES = 10
HEARD = 10


@dataclass(frozen=True)
class TerminalReport(ConsoleReport):
    """Writes a run for people.

    Args:
        console: where to; its width and colours hold.
        verbose: every task's log, whole; every XCom.
        waited_s: real seconds that the reader waited for it; None: what the run took is shown.
    """

    waited_s: float | None = None

    def show(self, run: RunResult) -> None:
        """The whole report."""
        self._tasks(run)
        self._retries(run)
        self._xcoms(run)
        self._gantt(run)
        self._awaited(run)
        self._logs(run)
        self._failures(run)
        self._findings(run)
        show_world_events(run.world_events, self.console, self.verbose)
        show_services(run.services, self.console, self.verbose)
        show_needs(run.not_in_world, self.console)
        self._verdict(run)

    # -- the sections -----------------------------------------------------------------------------------------------

    def _tasks(self, run: RunResult) -> None:
        self._heading("Tasks")
        self._indented(task_table(run, self.signs))

    def _retries(self, run: RunResult) -> None:
        found = retries(run.task_instances)
        if not found:
            return
        self._heading("Tries that failed before the last")
        shown = found if self.verbose else found[:RETRIES]
        for name, number, reason in shown:
            self._line(f"{name} try {number}: {one_line(reason, max(self.console.width - len(name) - 12, 20))}")
        self._left_out(len(found) - len(shown))

    def _xcoms(self, run: RunResult) -> None:
        found = xcom_rows(run.task_instances, apart=self.verbose)
        if not found:
            return
        self._heading("XComs")
        shown = found if self.verbose else found[:XCOMS]
        for name, value in shown:
            room = max(self.console.width - len(name) - 5, 30)
            self._line(f"{clean(name)} = {compact(value, 2000 if self.verbose else room)}")
        self._left_out(len(found) - len(shown), "-v or --json shows them")

    def _gantt(self, run: RunResult) -> None:
        lines = gantt(run, self.console.width - 2, self.signs)
        if lines:
            self._heading("Virtual time")
            for line in lines:
                if line.plain:
                    self._line(line)

    def _awaited(self, run: RunResult) -> None:
        if run.companions:
            self._heading("Runs of other Dags")
        for other in run.companions:
            line = Text(f"{other.dag_id}  {other.run_id}  ")
            line.append(other.state, style=colour(other.state))
            line.append(f"  {counts(other)}{_lasted(other)}{f'  {clean(other.reason)}' if other.reason else ''}")
            self._line(line)

    def _logs(self, run: RunResult) -> None:
        logged = [ti for ti in run.task_instances if ti.log and ti.state != "failed"]
        if self.verbose and logged:
            self._heading("Logs")
            for ti in logged:
                self._line(Text(ti.name, style="bold"))
                self._log(ti)

    def _failures(self, run: RunResult) -> None:
        failed = run.failed_tasks
        if not failed:
            return
        self._heading("Failures")
        shown = failed if self.verbose else failed[:FAILURES]
        for ti in shown:
            self._failure(ti)
        self._left_out(len(failed) - len(shown), "-v shows them")

    def _failure(self, ti: TaskResult) -> None:
        title = Text.assemble((f"{self.signs.bad} {ti.name}", "bold red"), f"  try {ti.try_number}")
        if ti.error is not None and ti.error.where:
            title.append(f"  {shown_place(ti.error.where)}")
        self._line(title)
        if ti.error is not None:
            for line in clean(ti.error.traceback).rstrip().splitlines():
                self._line(f"  {line}")
            if ti.error.hint:
                self._line(Text.assemble("  ", ("hint   ", "yellow"), clean(ti.error.hint)))
        elif ti.reason:
            self._line(f"  {clean(ti.reason)}")
        self._log(ti)

    def _log(self, ti: TaskResult) -> None:
        lines = [(line, len(list(same))) for line, same in groupby(clean(ti.log).splitlines())]
        shown = lines if self.verbose else lines[-LOG_LINES:]
        if not lines:
            return
        count, last = (sum(times for _, times in some) for some in (lines, shown))
        cut = f", the last {last:,} of {count:,} lines (-v shows all)" if len(shown) < len(lines) else ""
        self._line(Text(f"  log{cut}", "dim"))
        for line, times in shown:
            self._line(Text(f"    {line}{f'  (× {times:,})' if times > 1 else ''}"))

    def _findings(self, run: RunResult) -> None:
        found = [finding for one in (run, *run.companions) for finding in one.findings]
        if found:
            self._heading("Findings")
        for line in (line for finding in found for line in finding_lines(finding)):
            self._line(line)

    def _verdict(self, run: RunResult) -> None:
        self.console.print()
        if run.ledger is not None:
            self._line(Text(f"ledger  {run.ledger}", style="dim"), indent="")
        state = run.state if run.end_date is not None else f"has not ended ({run.state})"
        sign, style = self.signs.of(run.state), colour(run.state)
        if run.errors and run.state == "success":
            state += f", with {counted(len(run.errors), 'error')} found"
            sign, style = self.signs.bad, colour("failed")
        elif unended := [other for other in run.companions if other.end_date is None]:
            state += f", {unended[0].dag_id!r} has not ended"
            sign, style = self.signs.other, colour("running")
        line = Text.assemble((f"{sign} {run.dag_id} {state}", style))
        took_s = self.waited_s or run.real_seconds
        real = f"  ({real_text(took_s)} real)" if took_s else ""
        line.append(f": {counts(run)}{stood_in([run])}{_lasted(run)}{real}")
        self._line(line, indent="")
        if run.reason:
            self._line(f"  {clean(run.reason)}", indent="")

    # -- how they are written ---------------------------------------------------------------------------------------

    def _heading(self, text: str) -> None:
        self.console.print()
        self.console.print(Text(text, style="bold"))

    def _line(self, text: Text | str, indent: str = "  ") -> None:
        line = Text(text) if isinstance(text, str) else text
        self.console.print(Text(indent) + line, soft_wrap=True)

    def _indented(self, what: RenderableType) -> None:
        options = self.console.options.update_width(max(self.console.width - 2, 10))
        for segments in self.console.render_lines(what, options, pad=False):
            line = Text.assemble(*((segment.text, segment.style or "") for segment in segments))
            line.rstrip()
            self._line(line)

    def _left_out(self, count: int, how: str = "-v shows them") -> None:
        if count > 0:
            self._line(Text(f"and {count} more ({how})", style="dim"))


def show_services(uses: Iterable[ServiceUse], console: Console, verbose: bool) -> None:
    """What became of the services of the world, a line a connection; nothing where there is none."""
    found = list(uses)
    if not found:
        return
    console.print()
    words = totals(found)
    console.print(Text(f"Services{f': {words}' if words else ''}", style="bold"))
    for use in found:
        console.print(Text(f"  {clean(str(use))}"), soft_wrap=True)
        shown = use.heard if verbose else use.heard[:HEARD]
        for one in shown:
            console.print(Text(f"    {one.kind}  {one_line(one.about, max(console.width - len(one.kind) - 6, 30))}"))
        if len(shown) < len(use.heard):
            console.print(Text(f"    and {len(use.heard) - len(shown):,} more (-v shows them)", style="dim"))


def show_world_events(events: Iterable[WorldEventResult], console: Console, verbose: bool) -> None:
    """What happened around the Dags, a line each; nothing where nothing did."""
    found = list(events)
    if not found:
        return
    console.print()
    console.print(Text("Around the Dags", style="bold"))
    shown = found if verbose else found[:HEARD]
    for one in shown:
        console.print(Text(f"  {one_line(str(one), max(console.width - 2, 30))}"))
    if len(shown) < len(found):
        console.print(Text(f"  and {len(found) - len(shown):,} more (-v shows them)", style="dim"))


def show_needs(needs: Sequence[Need], console: Console) -> None:
    """What is not in the world, ready to paste; nothing when all was there."""
    first, *rest = reported(needs) or [""]
    if first:
        console.print()
        console.print(Text(first, style="bold"), soft_wrap=True)
        for line in rest:
            console.print(Text(f"  {line}"), soft_wrap=True)


def heading(run: RunResult) -> str:
    """``sales, scheduled run of 2025-01-01T00:00:00Z``."""
    at = iso(run.logical_date) if run.logical_date is not None else run.run_id
    return f"{run.dag_id}, {run.run_type.replace('_', '-')} run of {at}"


def finding_lines(finding: Finding) -> Iterator[Text]:
    """What was found, where, and the remedy."""
    style = "bold red" if finding.severity == "error" else "yellow"
    yield Text.assemble((f"{finding.severity} {finding.check}", style), f": {clean(finding.message)}")
    place = shown_place(finding.path) if finding.path else ""
    where = f"{place}:{finding.line}" if place and finding.line else place
    ids = " ".join(f"{name}={value}" for name, value in _ids(finding))
    if where or ids:
        yield Text(f"  where  {'  '.join(part for part in (where, ids) if part)}")
    if finding.fix:
        yield Text(f"  fix    {clean(finding.fix)}")


def shown_place(place: str) -> str:
    """A path, or ``path:line``, relative to the working directory when it lies below."""
    try:
        return str(Path(place).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return place


def _lasted(run: RunResult) -> str:
    if run.start_date is None or run.end_date is None:
        return ""
    return f" in {span_text(run.end_date - run.start_date)} of virtual time"


def _ids(finding: Finding) -> list[tuple[str, str]]:
    return [(n, v) for n, v in (("dag_id", finding.dag_id), ("task_id", finding.task_id)) if v]
