"""Who speaks to the supervisor: an attempt of a task, or the trigger it deferred to."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from harness.kernel.present import inherited
from harness.scheduler.model import TaskInstance


class TakesLines(Protocol):
    """Where log lines go; see `harness.bridge.supervisor.capture.TaskLog`."""

    def add(self, level: str, text: str) -> None: ...


@dataclass(eq=False)
class TaskContext:
    """Whoever sends messages: an attempt of a task, or the trigger it deferred to.

    Attributes:
        ti: its task instance.
        outcome: the last message that ends the attempt (``SucceedTask``, ``DeferTask`` …).
        rendered: fields as `SetRenderedFields` gave them.
        skipped: task ids and (task_id, map_index) pairs from `SkipDownstreamTasks`.
        log: where its log lines go (`harness.bridge.supervisor.capture.TaskLog`).
        execution_timeout: the operator's, microseconds.
        first_reschedule: start of the first attempt of a rescheduling sensor, a ``datetime``.
        timed_from: the instant at which a poking sensor first read its clock.
        pushed: a value on its way to be an XCom, and as it is serialised.
        closed: it has ended; what code it left behind still sends is not heard.
        raised: the last error that was logged for it.
        skip: why it skipped itself.
        refused: why a Dag run that it asked for was not made.
        reported: why the task runner let it fail, where that was no exception.
        exited: set where one of its threads called what would have ended the worker.
        notifiers: those that were called, each with the copy that was called in its place, by ``id``.
        stood_in: the pattern of what stood in its place.
        faults: what goes wrong meanwhile, ``xcom-error`` or ``disk-full``, each with whom to tell that it did.
        lost: its worker is gone: nothing of it is run or heard any more.
        cannot_run: name of its operator's class, where it was refused since it needs what is not here.
        may_send: class names of the messages it may send; None for all.
    """

    ti: TaskInstance
    name: str
    log: TakesLines | None = None
    execution_timeout: int | None = None
    outcome: Any = None
    rendered: dict[str, Any] | None = None
    rendered_map_index: str | None = None
    skipped: list[Any] = field(default_factory=list)
    first_reschedule: datetime | None = None
    closed: bool = False
    timed_from: int | None = None
    pushed: tuple[Any, Any] | None = None
    raised: BaseException | None = None
    skip: str | None = None
    refused: str | None = None
    reported: str | None = None
    exited: BaseException | None = None
    notifiers: dict[int, Any] = field(default_factory=dict)
    stood_in: str | None = None
    faults: dict[str, Callable[[], None]] = field(default_factory=dict)
    lost: bool = False
    cannot_run: str | None = None
    may_send: frozenset[str] | None = None


task_context: ContextVar[TaskContext | None] = ContextVar("harness_task_context", default=None)
"""Who speaks, per process; threads started by a task and coroutines of a trigger inherit it."""


def current_task_context() -> TaskContext | None:
    """Who speaks where this is called: also in a greenlet that a task made."""
    return inherited(task_context)
