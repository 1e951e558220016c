"""A calendar told while it is simulated: runs that fail, and how far it is: on a terminal all the time, else on stderr
every ten seconds.
"""

from __future__ import annotations

from datetime import datetime, timezone
from time import perf_counter
from typing import IO, TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from harness.bridge.masking import masked
from harness.cli.heartbeat import Heartbeat, so_far
from harness.kernel.instant import Instant, to_instant
from harness.report.style import colour, glyphs
from harness.text.plain import clean, one_line

if TYPE_CHECKING:
    from harness.scheduler.model import DagRun, TaskInstance

_CLEAR = "\r\x1b[2K"
FIRST_S, EVERY_S = 0.5, 0.1
REPORTED = 20
"""Failed runs that are told one by one while it goes on."""


class CalendarProgress:
    """A watcher for `harness.simulation.rehearsal.Rehearsal.simulate`.

    Args:
        live: keep a last line that says how far it is.
        err: where a line goes from time to time when it is not live; None: nowhere.
        period: the instants from which and until which is simulated.
    """

    def __init__(self, console: Console, live: bool, err: IO[str] | None, period: tuple[Instant, Instant]) -> None:
        self._console, self._live, self._signs = console, live, glyphs(console.encoding)
        self._period, self._began = period, perf_counter()
        self._heartbeat = None if live or err is None else Heartbeat(err, self._far)
        self._runs = self._ended = self._failed = self._tasks = 0
        self._next = perf_counter() + FIRST_S
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
            self._next = perf_counter() + EVERY_S
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
        part = (to_instant(at) - since) / (until - since)
        line = f"{at:%Y-%m-%d %H:%M}  {self._ended} of {self._runs} runs ended, {self._failed} failed, "
        return f"{line}{self._tasks} task instances, {so_far(elapsed_s, part)}"

    def _status(self) -> None:
        line = self._far(perf_counter() - self._began)
        self._clear()
        self._console.file.write(clean(f"  {line}")[: self._console.width - 1])
        self._console.file.flush()
        self._shown = True
