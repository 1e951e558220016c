"""The entries of a world as plain data. Reading them from raw values is in ``reading``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.kernel.instant import SECOND, Microseconds

DEFAULT_POOL = "default_pool"
DEFAULT_POOL_SLOTS = 128
"""Airflow's ``[core] default_pool_task_slot_count``."""

DEFAULT_PARALLELISM = 32
"""Airflow's ``[core] parallelism``."""

DEFAULT_CONCURRENCY = 16
"""Airflow's ``[celery] worker_concurrency``."""

DEFAULT_QUEUE = "default"
"""Airflow's ``[operators] default_queue``."""

STATES = ("failed", "skipped")
"""States a stub can end in at once, besides success (``returns``) and a failure that is retried (``raises``)."""


@dataclass(frozen=True)
class Pool:
    """A pool. ``slots`` is -1 for no limit; ``include_deferred`` counts deferred tasks as holding slots."""

    slots: int
    include_deferred: bool = False
    description: str | None = None


@dataclass(frozen=True)
class Worker:
    """A worker that serves queues: ``airflow celery worker -q queues -c concurrency``.

    Attributes:
        concurrency: task instances it runs at once, 1 or more.
        executor: the one it works for, as it is named under ``executors``; None for the default one.
    """

    queues: tuple[str, ...] = (DEFAULT_QUEUE,)
    concurrency: int = DEFAULT_CONCURRENCY
    executor: str | None = None


@dataclass(frozen=True)
class Executor:
    """What runs task instances.

    Attributes:
        parallelism: how many run at once, in all executors together, 1 or more.
        executors: name as in ``[core] executor`` -> slots of its own, None for as many as ``parallelism``; the first is
            the default. None at all: one executor that takes any name.
        workers: by name. An executor that has none begins at once what it is given.
        task_queued_timeout: how long an instance waits for a worker before it is scheduled anew, microseconds.
        num_stuck_in_queued_retries: how often it is, before it fails.
    """

    parallelism: int = DEFAULT_PARALLELISM
    executors: Mapping[str, int | None] = field(default_factory=dict)
    workers: Mapping[str, Worker] = field(default_factory=dict)
    task_queued_timeout: Microseconds = 600 * SECOND
    num_stuck_in_queued_retries: int = 2


@dataclass(frozen=True)
class Answer:
    """What a person answers to a human-in-the-loop request.

    Attributes:
        options: the options chosen.
        params: the form's fields filled in.
        after: virtual microseconds after the request.
        by: who answers.
    """

    options: tuple[str, ...]
    params: Mapping[str, object] = field(default_factory=dict)
    after: Microseconds = 0
    by: str = "somebody"


@dataclass(frozen=True)
class TriggerAnswer:
    """What comes in the place of the event of a deferred task's trigger, which does not run.

    Attributes:
        event: the payload.
        after: virtual microseconds after the deferral.
        raises: the trigger fails with this message instead.
    """

    event: object = None
    after: Microseconds = 0
    raises: str | None = None


@dataclass(frozen=True)
class Stub:
    """What happens in a task's place: a stand-in.

    At most one of: ``raises`` (the task fails, with AirflowException where it is text, and is retried), ``state`` (it
    ends in this state, without retries), ``follows`` (it goes on with these task or task group ids as a branching
    task does; for a short circuit none is false, any is true), ``does`` (a function of the task's context, whose value
    is returned), ``runs`` (the task itself); without one it succeeds and returns ``returns``.

    Attributes:
        raises: a message; in Python also an exception or its class.
        does: a function, or its dotted path.
        fails: so many first tries raise, with ``raises`` as message when there is one.
        xcoms: pushed first, by key.
        takes: virtual microseconds; None for what the world's durations say.
        tries: one for each try, the last for all that follow; where there are some, nothing else but ``fails`` counts.
    """

    returns: object = None
    raises: str | BaseException | type[BaseException] | None = None
    state: str | None = None
    follows: tuple[str, ...] | None = None
    fails: int = 0
    runs: bool = False
    does: Callable[[Any], object] | str | None = None
    xcoms: Mapping[str, object] = field(default_factory=dict)
    takes: Microseconds | None = None
    tries: tuple[Stub, ...] = ()

    def at(self, try_number: int) -> Stub:
        """What it is at a try, from 1."""
        return self.tries[min(try_number, len(self.tries)) - 1] if self.tries else self

    def runs_itself(self, try_number: int) -> bool:
        """Whether the task's own code runs at a try."""
        return self.at(try_number).runs and try_number > self.fails

    @property
    def functions(self) -> tuple[str, ...]:
        """The dotted paths among what it does."""
        own = (self.does,) if isinstance(self.does, str) else ()
        return own + tuple(path for one in self.tries for path in one.functions)
