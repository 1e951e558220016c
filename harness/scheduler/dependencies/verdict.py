"""What a dependency says of a task instance."""

from __future__ import annotations

from dataclasses import dataclass

from harness.scheduler.model import TaskState


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a dependency lets a task instance run.

    Attributes:
        met: it may run, as far as this dependency goes.
        new_state: the state the instance must take, None to leave it alone.
        reason: a sentence naming what decided.
    """

    met: bool
    new_state: TaskState | None
    reason: str
