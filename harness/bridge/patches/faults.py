"""Faults of the world around the code of a task's try: what the task and Airflow's task runner see of them is real.

``fails`` raises where the code stands; ``lost`` ends the process without a word, so that the scheduler has to miss its
heartbeats; ``slow`` waits behind the code; ``xcom-error`` is answered by the supervisor; ``disk-full`` is in
`full_disk`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

from harness.bridge.patches.full_disk import FilledFolder
from harness.bridge.supervisor.task_context import TaskContext, current_task_context
from harness.bridge.versions.names import task_exception
from harness.kernel import Process, ProcessKilled, Simulation
from harness.kernel.instant import Instant, later
from harness.scheduler.model import TaskInstance
from harness.world.around import TASK_KINDS, TaskFault

_MEANWHILE = ("xcom-error", "disk-full")


class Striking(Protocol):
    """Who knows which faults strike, and keeps book of it; `harness.simulation.faults`.

    Attributes:
        fills_disks: whether any may find a full disk.
    """

    @property
    def fills_disks(self) -> bool: ...

    def due(self, ti: TaskInstance) -> Sequence[TaskFault]:
        """Those of this try that have not struck yet."""

    def struck(self, ti: TaskInstance, fault: TaskFault) -> None:
        """It has."""

    def lost(self, ti: TaskInstance) -> None:
        """The worker of the task instance is gone, at this instant."""

    def not_reached(self, ti: TaskInstance, fault: TaskFault, files: Sequence[tuple[str, int]]) -> None:
        """These files were written on a disk that was full; with their bytes."""


Last = Callable[[Simulation, TaskContext, Instant, Instant], None]
"""Holds the rest of a declared duration: (simulation, who, beginning, end)."""


def with_faults(
    execute: Callable[..., Any], simulation: Simulation, striking: Striking, last: Last
) -> Callable[..., Any]:
    """``_execute_task`` with what goes wrong in it."""

    def execute_task(*args: Any, **kwargs: Any) -> Any:
        who = current_task_context()
        faults = striking.due(who.ti) if who is not None and simulation.current is not None else ()
        if who is None or not faults:
            return execute(*args, **kwargs)
        return _Try(who, simulation, striking, faults).run(lambda: execute(*args, **kwargs), last)

    return execute_task


class _Try:
    """One slice of a try, and its faults."""

    def __init__(
        self, who: TaskContext, simulation: Simulation, striking: Striking, faults: Sequence[TaskFault]
    ) -> None:
        assert simulation.current is not None
        self.who, self.simulation, self.striking, self.faults = who, simulation, striking, faults
        self.process: Process = simulation.current

    def run(self, execute: Callable[[], Any], last: Last) -> Any:
        """What the code returns. Raises: what it raises, and what its faults do."""
        began = self.simulation.now
        self._strike_at("start")
        timed = [
            self.simulation.schedule(later(began, fault.when), self._cut, fault)
            for fault in self.faults
            if isinstance(fault.when, int)
        ]
        with ExitStack() as stack:
            for event in timed:
                stack.callback(event.cancel)
            for fault in self.faults:
                if fault.kind in _MEANWHILE:
                    self.who.faults[fault.kind] = self._teller(fault)
                if fault.kind == "disk-full":
                    stack.callback(self._see_what_is_written, fault, FilledFolder(Path.cwd()))
            value = execute()
            longer = [fault for fault in self.faults if fault.kind == "slow"]
            for fault in longer:
                self.striking.struck(self.who.ti, fault)
            if longer:
                ends = later(self.simulation.now, sum(fault.lasts for fault in longer))
                last(self.simulation, self.who, began, ends)
        self._strike_at("end")
        return value

    def _strike_at(self, point: str) -> None:
        for fault in self.faults:
            if fault.when == point and fault.kind in ("fails", "lost"):
                error = self._error(fault)
                raise error

    def _cut(self, fault: TaskFault) -> None:
        """Strike while the code waits; called in the main loop."""
        if self.process.alive and not self.process.killed:
            error = self._error(fault)
            if fault.kind == "lost":
                self.simulation.kill(self.process)
            else:
                self.simulation.interrupt(self.process, error)

    def _error(self, fault: TaskFault) -> BaseException:
        """What is raised; a worker that is lost is so from here on."""
        self.striking.struck(self.who.ti, fault)
        if fault.kind != "lost":
            made: BaseException = task_exception("AirflowException")(f"a fault of the world: {TASK_KINDS[fault.kind]}")
            return made
        self.who.lost = self.process.killed = True
        self.striking.lost(self.who.ti)
        return ProcessKilled()

    def _see_what_is_written(self, fault: TaskFault, folder: FilledFolder) -> None:
        files = folder.end()
        if files:
            self.striking.not_reached(self.who.ti, fault, files)

    def _teller(self, fault: TaskFault) -> Callable[[], None]:
        told = False

        def tell() -> None:
            nonlocal told
            if not told:
                told = True
                self.striking.struck(self.who.ti, fault)

        return tell
