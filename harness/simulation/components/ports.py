"""What the components of a simulation ask of the scheduler's loop, which is built of them."""

from __future__ import annotations

from typing import Protocol

from harness.bridge.supervisor.store import AssetEvent, Store
from harness.kernel import Simulation
from harness.scheduler.model import DagRun, TaskInstance
from harness.scheduler.queueing import Candidates, Limits, Occupancy
from harness.simulation.components.executors import Workloads
from harness.simulation.record import Recorder


class Loop(Protocol):
    """The loop, and what it shares with all of them."""

    simulation: Simulation
    store: Store
    limits: Limits
    recorder: Recorder

    def wake(self) -> None:
        """Have it go round once more at this instant."""

    def occupancy(self) -> Occupancy:
        """What is taken of pools and executors."""


class WorkersLoop(Loop, Protocol):
    """The loop as the workers and the triggerer see it.

    Attributes:
        waiting: scheduled task instances without a slot.
    """

    waiting: Candidates

    def mark(self, run: DagRun) -> None:
        """Have it look at a run."""

    def ti_ended(self, ti: TaskInstance) -> None:
        """A stretch of a task instance is over."""

    def slice_over(self, ti: TaskInstance) -> None:
        """A worker or a trigger is done with a task instance, whatever became of it."""

    def scheduled_again(self, ti: TaskInstance) -> None:
        """A deferred task instance may go on."""

    def asset_event(self, event: AssetEvent) -> None:
        """A task emitted an asset event."""


class PartOfRuns(Protocol):
    """Which of a replay's runs are simulated here, and which are another process's; `harness.simulation.replays`."""

    def goes_on(self) -> bool:
        """Whether runs may begin; asked by the loop when none is running."""


class Workers(Protocol):
    """What the loop asks of the workers and the triggerer.

    Attributes:
        runs_code: whether the tasks' own code runs, and callbacks.
    """

    runs_code: bool

    @property
    def workloads(self) -> Workloads:
        """The way to the executors' workers."""

    def launch(self, ti: TaskInstance) -> None:
        """Give an admitted task instance to its executor."""

    def new_try(self, ti: TaskInstance) -> None:
        """What comes next of a task instance is of a new try."""

    def defer_at_once(self, ti: TaskInstance) -> bool:
        """Give a scheduled task instance that starts from a trigger to the triggerer; whether it was one."""

    def stop(self, ti: TaskInstance, own: bool = False) -> None:
        """End whatever still works for a task instance that was given a final state from outside."""

    def waits(self, ti: TaskInstance) -> bool:
        """Whether a deferred task instance has a trigger to wait for."""

    def answers(self, ti: TaskInstance) -> bool:
        """Whether a person will answer a task instance, or the time for an answer ends."""

    def asks(self, ti: TaskInstance) -> str:
        """What a task instance waits for that asks a person, in words."""
