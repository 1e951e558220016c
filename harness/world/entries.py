"""The entries of a world as plain data. Reading them from raw values is in ``reading``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.kernel.instant import Microseconds

DEFAULT_POOL = "default_pool"
DEFAULT_POOL_SLOTS = 128
"""Airflow's ``[core] default_pool_task_slot_count``."""

DEFAULT_PARALLELISM = 32
"""Airflow's ``[core] parallelism``."""

STATES = ("failed", "skipped")
"""States a stub can end in at once, besides success (``returns``) and a failure that is retried (``raises``)."""


@dataclass(frozen=True)
class Pool:
    """A pool. ``slots`` is -1 for no limit; ``include_deferred`` counts deferred tasks as holding slots."""

    slots: int
    include_deferred: bool = False
    description: str | None = None


@dataclass(frozen=True)
class Executor:
    """The executor. ``parallelism`` is the number of task instances that run at once, 1 or more."""

    parallelism: int = DEFAULT_PARALLELISM


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
class Stub:
    """What happens in a task's place.

    Exactly one of: ``raises`` (the task fails with AirflowException of this message, and is retried), ``state`` (it
    ends in this state, without retries), ``follows`` (it goes on with these task or task group ids as a branching
    task does; for a short circuit none is false, any is true), ``runs`` (the task itself), or none of them (it
    succeeds and returns ``returns``). The first ``fails`` tries raise, with ``raises`` as message when there is one.
    """

    returns: object = None
    raises: str | None = None
    state: str | None = None
    follows: tuple[str, ...] | None = None
    fails: int = 0
    runs: bool = False
