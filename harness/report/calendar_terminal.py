"""The report of a calendar on a terminal: each Dag in a line, what waited, what failed; each backfill in two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.kernel.instant import iso
from harness.report.style import ConsoleReport, colour
from harness.report.tables import stood_in
from harness.report.terminal import finding_lines, show_needs, show_services, show_world_events, shown_place
from harness.results.calendar import NOT_CREATED, BackfillDate, BackfillResult, CalendarResult
from harness.results.run import RunResult
from harness.scheduler.dag_runs.backfill import BACKFILL, NONE
from harness.text import clean, one_line, real_text, span_text

FAILURES, WAITS, UNFINISHED, IDLE = 10, 8, 10, 8


@dataclass(frozen=True)
class CalendarReport(ConsoleReport):
    """Writes a calendar for people.

    Args:
        console, verbose: as in `ConsoleReport`.
        waited_s: as in `harness.report.terminal.TerminalReport`.
    """

    waited_s: float | None = None

    def show(self, result: CalendarResult) -> None:
        """The whole report."""
        self._dags(result)
        self._idle(result)
        show_backfills(self.console, result.backfills, self.verbose)
        self._waits(result)
        self._memory(result)
        self._failures(result)
        self._unfinished(result)
        self._findings(result)
        show_world_events(result.world_events, self.console, self.verbose)
        show_services(result.services, self.console, self.verbose)
        show_needs(result.not_in_world, self.console)
        self._verdict(result)

    def _dags(self, result: CalendarResult) -> None:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("Dag", "runs", "success", "failed", "unfinished", "longest", "started late by"):
            table.add_column(name, justify="left" if name == "Dag" else "right")
        for dag_id, runs in _by_dag(result).items():
            states = [str(run.state) for run in runs]
            failed, good = states.count("failed"), states.count("success")
            lasted = [run.end_date - run.start_date for run in runs if run.end_date and run.start_date]
            late = [span for run in runs if (span := _lateness(run)) is not None]
            table.add_row(
                clean(dag_id),
                str(len(runs)),
                str(good),
                Text(str(failed), colour("failed") if failed else ""),
                str(len(runs) - good - failed),
                span_text(max(lasted)) if lasted else "",
                span_text(max(late)) if late else "",
            )
        self.console.print(table)

    def _idle(self, result: CalendarResult) -> None:
        if not result.idle:
            return
        self._heading("Dags without a run")
        for dag_id, why in result.idle if self.verbose else result.idle[:IDLE]:
            self._line(f"{clean(dag_id)}  {one_line(why, 160)}")
        if len(result.idle) > IDLE and not self.verbose:
            self._line(Text(f"and {len(result.idle) - IDLE} more (-v shows them)", style="dim"))

    def _waits(self, result: CalendarResult) -> None:
        found = longest_waits(result)
        if not found:
            return
        self._heading("Waited longest for a slot")
        for span, name in found if self.verbose else found[:WAITS]:
            self._line(f"{span_text(span):>8}  {name}")

    def _memory(self, result: CalendarResult) -> None:
        found = most_memory(result)
        if not found:
            return
        self._heading("Held most memory")
        for peak_bytes, name in found if self.verbose else found[:WAITS]:
            self._line(f"{peak_bytes / 1e6:>8,.1f} MB  {name}")

    def _failures(self, result: CalendarResult) -> None:
        seen: dict[tuple[str, str, str], list[RunResult]] = defaultdict(list)
        for run in result.runs:
            for ti in run.failed_tasks:
                why = ti.reason or (ti.error.message if ti.error else "") or ""
                seen[(run.dag_id, ti.task_id, why)].append(run)
        if not seen:
            return
        self._heading("Failures")
        shown = list(seen.items())
        for (dag_id, task_id, why), runs in shown if self.verbose else shown[:FAILURES]:
            first = runs[0].task_instances
            error = next((ti.error for ti in first if ti.task_id == task_id and ti.error is not None), None)
            place = f"  {shown_place(error.where)}" if error is not None and error.where else ""
            self._line(Text.assemble((f"{self.signs.bad} {dag_id}.{task_id}", "bold red"), f"  {_times(runs)}{place}"))
            self._line(f"  {one_line(why, 300)}")
        if len(shown) > FAILURES and not self.verbose:
            self._line(Text(f"and {len(shown) - FAILURES} more (-v shows them)", style="dim"))

    def _unfinished(self, result: CalendarResult) -> None:
        if not result.waiting:
            return
        self._heading(f"Not ended at {iso(result.until)}")
        for dag_id, run_id, task, why in result.waiting if self.verbose else result.waiting[:UNFINISHED]:
            self._line(f"{dag_id} {run_id} {task} {one_line(why, 200)}")
        if len(result.waiting) > UNFINISHED and not self.verbose:
            self._line(Text(f"and {len(result.waiting) - UNFINISHED} more (-v shows them)", style="dim"))

    def _findings(self, result: CalendarResult) -> None:
        found = [*result.findings, *(finding for run in result.runs for finding in run.findings)]
        if found:
            self._heading("Findings")
        for line in (line for finding in found for line in finding_lines(finding)):
            self._line(line)

    def _verdict(self, result: CalendarResult) -> None:
        self.console.print()
        if result.ledger is not None:
            self.console.print(Text(f"ledger  {result.ledger}", style="dim"), soft_wrap=True)
        tasks = sum(len(run.task_instances) for run in result.runs)
        counts = ", ".join(f"{count} {state}" for state, count in sorted(result.states.items())) or "no run"
        state = "failed" if not result.ok else "success" if result.is_complete else "running"
        counts += ", interrupted" if result.was_interrupted else ""
        self.console.print(
            Text.assemble(
                (f"{self.signs.of(state)} {counts}", colour(state)),
                f": {span_text(result.until - result.since)} of virtual time, {tasks} task instances"
                f"{stood_in(result.runs)}  ({real_text(self.waited_s or result.real_seconds)} real)",
            ),
            soft_wrap=True,
        )

    def _heading(self, text: str) -> None:
        self.console.print()
        self.console.print(Text(text, style="bold"))

    def _line(self, text: Text | str) -> None:
        self.console.print(Text("  ") + (Text(text) if isinstance(text, str) else text), soft_wrap=True)


def longest_waits(result: CalendarResult) -> list[tuple[timedelta, str]]:
    """(span, where) of the longest wait between scheduled and queued of each task that ever waited, longest first."""
    longest: dict[str, tuple[timedelta, str]] = {}
    for run in result.runs:
        since: dict[str, datetime] = {}
        for at, name, state in run.events:
            if state == "scheduled":
                since[name] = at
            elif name in since:
                span = at - since.pop(name)
                task = f"{run.dag_id}.{name.partition('[')[0]}"
                if span > longest.get(task, (timedelta(), ""))[0]:
                    longest[task] = (span, f"{task} in {run.run_id}, until {iso(at)}")
    return sorted(longest.values(), reverse=True)


def most_memory(result: CalendarResult) -> list[tuple[int, str]]:
    """(bytes, where) of the instance of each task whose code held most memory, the greatest first; empty unasked."""
    most: dict[str, tuple[int, str]] = {}
    for run in result.runs:
        for ti in run.task_instances:
            task = f"{run.dag_id}.{ti.task_id}"
            if ti.peak_bytes is not None and ti.peak_bytes > most.get(task, (-1, ""))[0]:
                most[task] = (ti.peak_bytes, f"{run.dag_id}.{ti.name} in {run.run_id}")
    return sorted(most.values(), reverse=True)


def _by_dag(result: CalendarResult) -> dict[str, list[RunResult]]:
    found: dict[str, list[RunResult]] = defaultdict(list)
    for run in sorted(result.runs, key=lambda run: run.dag_id):
        found[run.dag_id].append(run)
    return found


def _lateness(run: RunResult) -> timedelta | None:
    """How long after its instant a run started; a backfill's has none, it makes up for what is past."""
    if run.start_date is None or run.run_after is None or run.run_type == BACKFILL:
        return None
    return run.start_date - run.run_after


def _times(runs: list[RunResult]) -> str:
    return f"in {runs[0].run_id}" if len(runs) == 1 else f"in {len(runs)} runs, first {runs[0].run_id}"


SHOWN = 8
"""Dates that were not created, of each backfill."""


def show_backfills(console: Console, backfills: Iterable[BackfillResult], verbose: bool = False) -> None:
    """Tell of each backfill; of none, nothing.

    Args:
        verbose: every date.
    """
    for number, backfill in enumerate(backfills):
        if not number:
            console.print()
            console.print(Text("Backfills", style="bold"))
        console.print(Text(f"  {_head(backfill)}"), soft_wrap=True)
        for line in _body(backfill, verbose or backfill.dry_run):
            console.print(Text(f"    {line}"), soft_wrap=True)


def _head(backfill: BackfillResult) -> str:
    how = [] if backfill.reprocess == NONE else [f"{backfill.reprocess} runs again"]
    how += ["latest first"] if backfill.reverse else []
    how += ["dry run"] if backfill.dry_run else [f"{backfill.max_active_runs} at a time"]
    dates = f"{iso(backfill.from_date)} … {iso(backfill.to_date)}"
    return f"{clean(backfill.dag_id)}  {dates}  ({', '.join(how)}), asked for at {iso(backfill.at)}"


def _body(backfill: BackfillResult, every_date: bool) -> Iterator[str]:
    if backfill.refused is not None:
        yield f"refused: {one_line(backfill.refused, 300)}"
        return
    counts = ", ".join(f"{count} {outcome}" for outcome, count in backfill.counts.items()) or "no date"
    if backfill.dry_run:
        yield f"would be: {counts}"
    elif backfill.completed_at is None:
        yield f"{counts}; not complete"
    else:
        yield f"{counts}; complete at {iso(backfill.completed_at)}"
    left = [date for date in backfill.dates if every_date or date.outcome == NOT_CREATED]
    yield from map(_date, left if every_date else left[:SHOWN])
    if len(left) > SHOWN and not every_date:
        yield f"and {len(left) - SHOWN} more (-v shows them)"


def _date(date: BackfillDate) -> str:
    why = "" if date.reason is None else f": {date.reason}"
    run = "" if date.run_id is None else f"  {clean(date.run_id)}"
    return f"{iso(date.logical_date)}  {date.outcome}{why}{run}"
