"""A run shown while it runs, and a calendar: what ended, what runs, what waits and why, and how far it is.

On a terminal all the time, else on stderr every ten seconds.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from typing import IO, TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from harness.bridge.masking import masked
from harness.cli.heartbeat import Heartbeat, so_far
from harness.cli.live import LiveLines, Waits, labelled, some
from harness.kernel.instant import BEGINNING, SECOND, Instant, iso, to_instant
from harness.kernel.present import active
from harness.report.style import colour, glyphs
from harness.scheduler.model import FINISHED
from harness.simulation.history import AttemptSlice, history
from harness.text import clean, one_line, real_text, span_text

if TYPE_CHECKING:
    from harness.scheduler.model import DagRun, TaskInstance
    from harness.simulation.stuck import WaitReasons


_WITHOUT_WORK = (*FINISHED, None, "running")
REPORTED = 20
"""Failed runs that are told one by one while it goes on."""


class _Watched(ABC):
    """A watcher that shows a person what goes on: lines that come and go on a terminal, else one from time to time."""

    def __init__(self, console: Console, live: bool, err: IO[str] | None) -> None:
        self._console, self._signs = console, glyphs(console.encoding)
        self._running: dict[TaskInstance, None] = {}
        self._since: datetime | None = None
        self._latest: datetime | None = None
        self._waits = Waits(self._name)
        self._live = LiveLines(console, self._lines) if live else None
        self._heartbeat = None if live or err is None else Heartbeat(err, self._line)

    def begin(self) -> None:
        """The simulation begins."""
        for shown in (self._live, self._heartbeat):
            if shown is not None:
                shown.begin()

    def waits_of(self, reasons: Callable[[], WaitReasons]) -> None:
        """Whom to ask why a task instance waits; none of a simulation before is there any more."""
        self._running.clear()
        self._waits.begin(reasons)

    def end(self) -> None:
        """It is over."""
        for shown in (self._live, self._heartbeat):
            if shown is not None:
                shown.end()

    @abstractmethod
    def _far(self, elapsed_s: float) -> str:
        """How far it is, with an estimate."""

    @abstractmethod
    def _name(self, ti: TaskInstance) -> str:
        """What a task instance is called."""

    def _changed(self, ti: TaskInstance) -> None:
        self._since = self._since or self._now()
        if ti.state == "running":
            self._running[ti] = None
        else:
            self._running.pop(ti, None)
        if self._live is not None:
            self._waits.changed(ti, ti.state not in _WITHOUT_WORK)

    def _now(self) -> datetime:
        """The virtual instant; when time is real again, as while services are looked at and end, the last one."""
        if active() is not None or self._latest is None:
            self._latest = datetime.now(timezone.utc)
        return self._latest

    def _print(self, line: Text) -> None:
        if self._live is None:
            self._console.print(line, soft_wrap=True)
        else:
            self._live.print(line)

    def _line(self, elapsed_s: float) -> str:
        return self._beginning(elapsed_s) or f"{self._far(elapsed_s)}, running: {self._names() or 'nothing'}"

    def _beginning(self, elapsed_s: float) -> str | None:
        """What is said as long as services start, and there is no virtual time to be told; None later."""
        return f"beginning, {so_far(elapsed_s, None)}" if self._since is None else None

    def _names(self) -> str:
        return some([self._name(ti) for ti in list(self._running)])

    def _lines(self, elapsed_s: float) -> list[Text]:
        beginning = self._beginning(elapsed_s)
        if beginning is not None or self._since is None:
            return [Text(f"  {beginning}")]
        speed = (self._now() - self._since).total_seconds() / elapsed_s
        far = Text(f"  {self._far(elapsed_s)}")
        if speed >= 2:
            far.append(f", {span_text(round(speed) * SECOND)} of virtual time a second", "dim")
        return [far, *labelled("running", [self._names() or "nothing"]), *self._waits.lines()]


class CalendarProgress(_Watched):
    """A watcher for `harness.simulation.rehearsal.Rehearsal.simulate`.

    Args:
        live: keep last lines that say how far it is, what runs, and what waits.
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
        super().__init__(console, live, err)
        self._planned, self._period, self._err = runs, period, err
        self._active: dict[DagRun, None] = {}
        self._stops = False
        self.begins_anew()

    def begins_anew(self) -> None:
        """Nothing of what was told until now counts."""
        self._runs = self._ended = self._failed = self._tasks = 0
        self._active.clear()

    def __call__(self, run: DagRun, ti: TaskInstance | None) -> None:
        """A run or one of its task instances has a new state."""
        if ti is not None:
            self._tasks += ti.state in ("success", "failed", "skipped", "upstream_failed")
            self._changed(ti)
        elif run.state == "running":
            self._runs += 1
            self._active[run] = None
        elif run.state in ("success", "failed"):
            self._ended += 1
            self._active.pop(run, None)
            if run.state == "failed":
                self._tell(run)

    def waits_of(self, reasons: Callable[[], WaitReasons]) -> None:
        """See `harness.simulation.watchers.WatchesWaits`."""
        self._active.clear()
        super().waits_of(reasons)

    def stops_later(self) -> None:
        """See `harness.simulation.watchers.HearsOfStops`: where lines come and go, one says it from now on."""
        self._stops = True
        if self._live is None:
            line = clean(f"airflow-harness: {self._when_it_stops()}\n")
            # Not through the stream: the signal may have come in the midst of a line that is written to it.
            with suppress(OSError):
                os.write(2 if self._err is None else self._err.fileno(), line.encode("utf-8", "backslashreplace"))

    def _when_it_stops(self) -> str:
        active = list(self._active)
        which = f"run {active[0].run_id} of {active[0].dag.dag_id}" if len(active) == 1 else "the next run"
        return f"stops when {which} ends; Ctrl-C again stops at once"

    def _lines(self, elapsed_s: float) -> list[Text]:
        lines = super()._lines(elapsed_s)
        return [*lines, Text(f"  {self._when_it_stops()}", "bold")] if self._stops else lines

    def _tell(self, run: DagRun) -> None:
        self._failed += 1
        if self._failed > REPORTED:
            return
        failed = next((ti for ti in run.task_instances.values() if ti.state == "failed"), None)
        why = (f"{failed.name}: {failed.reason}" if failed is not None else run.reason) or ""
        line = Text.assemble((f"{self._signs.bad} {run.dag.dag_id} ", colour("failed")), f"{run.run_id}  ")
        line.append(one_line(str(masked(why)), 160))
        self._print(line)
        if self._failed == REPORTED:
            self._print(Text("  further failures are counted only", style="dim"))

    def _name(self, ti: TaskInstance) -> str:
        return f"{ti.run.dag.dag_id}.{ti.name}"

    def _far(self, elapsed_s: float) -> str:
        at = self._now()
        since, until = self._period
        of = self._runs if self._planned is None else max(self._planned, self._runs)
        part = (to_instant(at) - since) / (until - since) if self._planned is None else self._ended / of
        rate = "" if self._planned is None or elapsed_s < 1 else f"{self._ended / elapsed_s:.1f} runs a second, "
        line = f"{at:%Y-%m-%d %H:%M}  {self._ended} of {of} runs ended, {self._failed} failed, {rate}"
        return f"{line}{self._tasks} task instances, {so_far(elapsed_s, part)}"


class Progress(_Watched):
    """A watcher for `harness.simulation.rehearsal.Rehearsal.run`.

    It is called inside the tasks' processes, in virtual time: it waits for nothing.

    Args:
        console: where the lines go.
        run_id: of the run that was asked for; other runs' lines name their Dag.
        live: keep last lines that say what runs, and what waits and why.
        err: where a line goes from time to time when it is not live; None: nowhere.
    """

    def __init__(self, console: Console, dag_id: str, run_id: str, live: bool, err: IO[str] | None) -> None:
        super().__init__(console, live, err)
        self._main = (dag_id, run_id)
        self._asked: DagRun | None = None
        self._ended: set[TaskInstance] = set()
        self._reported: dict[TaskInstance, int] = {}
        self._pokes: set[tuple[TaskInstance, int]] = set()
        self._origin = BEGINNING

    def __call__(self, run: DagRun, ti: TaskInstance | None) -> None:
        """A run or one of its task instances has a new state."""
        if ti is None:
            self._run(run)
            return
        if (run.dag.dag_id, run.run_id) == self._main:
            self._asked = run
            (self._ended.add if ti.state in FINISHED else self._ended.discard)(ti)
        self._changed(ti)
        attempts = history(ti).attempts
        for attempt in attempts[self._reported.get(ti, 0) :]:
            self._attempt(ti, attempt)
        self._reported[ti] = len(attempts)

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
        cost = f"{real_text(attempt.real_seconds)} real"
        if attempt.peak_bytes is not None:
            cost += f", {attempt.peak_bytes / 1e6:,.1f} MB"
        line.append(f"  try {attempt.try_number}  lasted {lasted:<6} ({cost})", "dim")
        if attempt.reason and attempt.state != "success":
            line.append("  " + one_line(str(masked(attempt.reason)), 200))
        self._print(line)

    def _name(self, ti: TaskInstance) -> str:
        name = ti.name
        return name if (ti.run.dag.dag_id, ti.run.run_id) == self._main else f"{ti.run.dag.dag_id}.{name}"

    def _far(self, elapsed_s: float) -> str:
        of, ended = len(self._asked.task_instances) if self._asked is not None else 0, len(self._ended)
        part = so_far(elapsed_s, ended / of if of else None)
        return f"{self._now():%Y-%m-%d %H:%M}  {ended} of {of} task instances ended, {part}"
