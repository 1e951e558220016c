"""What a simulation remembers of a task instance beyond its state; it hangs on ``TaskInstance.extra``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.bridge.explain import Explanation
from harness.bridge.runtime import Resume
from harness.bridge.supervisor.capture import TaskLog
from harness.kernel import Instant, Process
from harness.kernel.instant import BEGINNING
from harness.scheduler.model import TaskInstance
from harness.simulation.components.executors import Workload


@dataclass(frozen=True, slots=True)
class AttemptSlice:
    """One slice of an attempt in a worker, on the engine's clock; a result tells it as an `Attempt`.

    Attributes:
        state: how it ended, ``reason`` why.
        real_seconds: real time its code took.
        peak_bytes: memory that its code held at most; None where nobody asked for it.
    """

    try_number: int
    state: str
    start: Instant
    end: Instant
    reason: str | None = None
    real_seconds: float = 0.0
    peak_bytes: int | None = None


@dataclass(slots=True)
class History:
    """Attempts and what they left.

    Attributes:
        attempts: ended slices in a worker, in order.
        reschedules: attempts of the present try that ended in ``up_for_reschedule``.
        first_start: when the present try began, on a worker or with a trigger.
        resume: how it goes on after a deferral.
        began: the start it keeps while it is deferred.
        process: the process that runs it now.
        running_since: when the present or last slice began.
        workload: what its executor was given last.
        stuck: how often it was scheduled anew since it ran, for no worker took it; of the present try.
        stood_in: the pattern of what stood in its place at the last try.
        log: of all tries.
        logged: how many of its entries are of tries that are over.
    """

    attempts: list[AttemptSlice] = field(default_factory=list)
    reschedules: int = 0
    first_start: Instant | None = None
    resume: Resume | None = None
    began: Instant | None = None
    process: Process | None = None
    running_since: Instant = BEGINNING
    workload: Workload | None = None
    stuck: int = 0
    stood_in: str | None = None
    log: TaskLog = field(default_factory=TaskLog)
    logged: int = 0
    rendered: dict[str, Any] = field(default_factory=dict)
    error: Explanation | None = None

    def begin(self, at: Instant) -> None:
        """It begins, or begins again after it was rescheduled."""
        self.began = at
        self.first_start = self.first_start if self.reschedules else at

    def new_try(self) -> None:
        """Forget what belongs to one try."""
        self.reschedules, self.first_start, self.resume, self.began, self.stuck = 0, None, None, None, 0


def history(ti: TaskInstance) -> History:
    """The history of a task instance, begun when there is none."""
    found: History | None = ti.extra
    if found is None:
        found = ti.extra = History()
    return found
