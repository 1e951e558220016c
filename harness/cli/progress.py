"""A run shown while it runs, and a calendar: what ended, what failed, and how far it is.

On a terminal all the time, else on stderr every ten seconds.
"""

from __future__ import annotations

from datetime import datetime, timezone
from time import perf_counter
from typing import IO, TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from harness.bridge.masking import masked
from harness.cli.heartbeat import EVERY_S, Heartbeat, so_far
from harness.kernel.instant import BEGINNING, Instant, iso, to_instant
from harness.report.style import colour, glyphs
from harness.scheduler.model import FINISHED
from harness.simulation.history import AttemptSlice, history
from harness.text import clean, one_line, real_text, span_text

if TYPE_CHECKING:
    from harness.scheduler.model import DagRun, TaskInstance


_CLEAR = "\r\x1b[2K"
FIRST_LINE_S, NEXT_LINE_S = 0.5, 0.1
REPORTED = 20
"""Failed runs that are told one by one while it goes on."""


class CalendarProgress:
    """A watcher for `harness.simulation.rehearsal.Rehearsal.simulate`.

    Args:
        live: keep a last line that says how far it is.
        err: where a line goes from time to time when it is not live; None: nowhere.
        period: the instants from which and until which is simulated.
        runs: how many there will be, where that is known: then they say how far it is, and not the clock.
    """

    def __init__(
        self,
        console: Console,
        live: bool,
        err: IO[str] | None,
        period: tuple[Instant, Instant],
        runs: int | None = None,
    ) -> None:
        self._planned = runs
        self._console, self._live, self._signs = console, live, glyphs(console.encoding)
        self._period, self._began = period, perf_counter()
        self._heartbeat = None if live or err is None else Heartbeat(err, self._far)
        self._runs = self._ended = self._failed = self._tasks = 0
        self._next = perf_counter() + FIRST_LINE_S
        self._shown = False

    def begin(self) -> None:
        """The simulation begins."""
        self._began = perf_counter()
        if self._heartbeat is not None:
            self._heartbeat.begin()

    def __call__(self, run: DagRun, ti: TaskInstance | None) -> None:
        """A run or one of its task instances has a new state."""
        if ti is not None:
            self._tasks += ti.state in ("success", "failed", "skipped", "upstream_failed")
        elif run.state == "running":
            self._runs += 1
        elif run.state in ("success", "failed"):
            self._ended += 1
            if run.state == "failed":
                self._tell(run)
        if self._live and perf_counter() > self._next:
            self._next = perf_counter() + NEXT_LINE_S
            self._status()

    def end(self) -> None:
        """It is over."""
        if self._heartbeat is not None:
            self._heartbeat.end()
        self._clear()

    def _clear(self) -> None:
        if self._shown:
            self._console.file.write(_CLEAR)
            self._console.file.flush()
            self._shown = False

    def _tell(self, run: DagRun) -> None:
        self._failed += 1
        if self._failed > REPORTED:
            return
        self._clear()
        failed = next((ti for ti in run.task_instances.values() if ti.state == "failed"), None)
        why = (f"{failed.name}: {failed.reason}" if failed is not None else run.reason) or ""
        line = Text.assemble((f"{self._signs.bad} {run.dag.dag_id} ", colour("failed")), f"{run.run_id}  ")
        line.append(one_line(str(masked(why)), 160))
        self._console.print(line, soft_wrap=True)
        if self._failed == REPORTED:
            self._console.print(Text("  further failures are counted only", style="dim"))

    def _far(self, elapsed_s: float) -> str:
        """How far it is, with an estimate."""
        at = datetime.now(timezone.utc)  # virtual, as everything here
        since, until = self._period
        of = self._runs if self._planned is None else max(self._planned, self._runs)
        part = (to_instant(at) - since) / (until - since) if self._planned is None else self._ended / of
        rate = "" if self._planned is None or elapsed_s < 1 else f"{self._ended / elapsed_s:.1f} runs a second, "
        line = f"{at:%Y-%m-%d %H:%M}  {self._ended} of {of} runs ended, {self._failed} failed, {rate}"
        return f"{line}{self._tasks} task instances, {so_far(elapsed_s, part)}"

    def _status(self) -> None:
        line = self._far(perf_counter() - self._began)
        self._clear()
        self._console.file.write(clean(f"  {line}")[: self._console.width - 1])
        self._console.file.flush()
        self._shown = True


class Progress:
    """A watcher for `harness.simulation.rehearsal.Rehearsal.run`.

    It is called inside the tasks' processes, in virtual time: it waits for nothing.

    Args:
        console: where the lines go.
        run_id: of the run that was asked for; other runs' lines name their Dag.
        live: keep a last line that says what runs.
        err: where a line goes from time to time when it is not live; None: nowhere.
    """

    def __init__(self, console: Console, dag_id: str, run_id: str, live: bool, err: IO[str] | None) -> None:
        self._console, self._main = console, (dag_id, run_id)
        self._live, self._began = live, perf_counter()
        self._heartbeat = None if live or err is None else Heartbeat(err, self._far)
        self._asked: DagRun | None = None
        self._ended: set[TaskInstance] = set()
        self._status_shown = False
        self._signs = glyphs(console.encoding)
        self._reported: dict[TaskInstance, int] = {}
        self._pokes: set[tuple[TaskInstance, int]] = set()
        self._running: dict[TaskInstance, None] = {}
        self._origin = BEGINNING

    def begin(self) -> None:
        """The simulation begins."""
        self._began = perf_counter()
        if self._heartbeat is not None:
            self._heartbeat.begin()

    def __call__(self, run: DagRun, ti: TaskInstance | None) -> None:
        """A run or one of its task instances has a new state."""
        if ti is None:
            self._run(run)
            return
        if (run.dag.dag_id, run.run_id) == self._main:
            self._asked = run
            (self._ended.add if ti.state in FINISHED else self._ended.discard)(ti)
        if ti.state == "running":
            self._running[ti] = None
        else:
            self._running.pop(ti, None)
        attempts = history(ti).attempts
        for attempt in attempts[self._reported.get(ti, 0) :]:
            self._attempt(ti, attempt)
        self._reported[ti] = len(attempts)
        self._status()

    def end(self) -> None:
        """It is over."""
        if self._heartbeat is not None:
            self._heartbeat.end()
        self._clear()

    def _run(self, run: DagRun) -> None:
        if (run.dag.dag_id, run.run_id) != self._main or run.state != "running":
            return
        self._origin = run.start or run.run_after
        at = iso(run.logical_date) if run.logical_date is not None else run.run_id
        kind = run.run_type.replace("_", "-")
        self._print(Text.assemble((run.dag.dag_id, "bold"), f"  {kind} run of {at}, from {iso(self._origin)}"))

    def _attempt(self, ti: TaskInstance, attempt: AttemptSlice) -> None:
        if attempt.state == "up_for_reschedule":  # a sensor may poke thousands of times
            if (ti, attempt.try_number) in self._pokes:
                return
            self._pokes.add((ti, attempt.try_number))
        after = span_text(attempt.end - self._origin) if self._origin else iso(attempt.end)
        style = colour(attempt.state)
        line = Text(f"{'+' + after if self._origin else after:>9}  ")
        line.append(f"{self._signs.of(attempt.state)} ", style)
        line.append(f"{self._name(ti):<24}  ")
        line.append(f"{attempt.state:<17}", style)
        lasted = span_text(attempt.end - attempt.start)
        line.append(f"  try {attempt.try_number}  lasted {lasted:<6} ({real_text(attempt.real_seconds)} real)", "dim")
        if attempt.reason and attempt.state != "success":
            line.append("  " + one_line(str(masked(attempt.reason)), 200))
        self._print(line)

    def _name(self, ti: TaskInstance) -> str:
        name = ti.name
        return name if (ti.run.dag.dag_id, ti.run.run_id) == self._main else f"{ti.run.dag.dag_id}.{name}"

    def _print(self, line: Text) -> None:
        self._clear()
        self._console.print(line, soft_wrap=True)

    def _status(self) -> None:
        if not self._live:
            return
        self._clear()
        if self._running:
            elapsed_s = perf_counter() - self._began
            far = f"  ({self._part(elapsed_s)})" if elapsed_s > EVERY_S else ""
            text = f"           running: {self._names()}{far}"
            self._console.file.write(clean(text)[: self._console.width - 1])
            self._console.file.flush()
            self._status_shown = True

    def _names(self) -> str:
        names = [self._name(ti) for ti in list(self._running)]
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        return f"{', '.join(names[:4])}{more}"

    def _far(self, elapsed_s: float) -> str:
        return f"{self._part(elapsed_s)}, running: {self._names() or 'nothing'}"

    def _part(self, elapsed_s: float) -> str:
        """How far it is, with an estimate."""
        of, ended = len(self._asked.task_instances) if self._asked is not None else 0, len(self._ended)
        return f"{ended} of {of} task instances ended, {so_far(elapsed_s, ended / of if of else None)}"

    def _clear(self) -> None:
        if self._status_shown:
            self._console.file.write(_CLEAR)
            self._console.file.flush()
            self._status_shown = False
