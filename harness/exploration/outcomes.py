"""What a task may do when it runs, the choices that every task of a Dag has, and one combination of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from harness.errors import TaskNotFound, UsageError, known_names
from harness.scheduler.model import FAILED, SKIPPED, SUCCESS, Dag, KnownLength, Length, OfTask, TaskState
from harness.text import counted

STATES = (SUCCESS, FAILED, SKIPPED)
LENGTHS = (2, 1, 0)
"""How many items a task that others map over returns; the first is the usual one."""

Value = str | bool | int | tuple[str, ...]
"""An outcome as tests write it: a state, the task ids a branching task follows, whether a short circuit goes on, or
how many items a task returns that others map over."""

Choices = Mapping[str, "tuple[Outcome, ...]"]
"""task_id -> what the task may do, its usual outcome first. A task that Airflow does not run has none."""


class Part(NamedTuple):
    """Whose outcome is chosen: a task (``group`` -1), its mapped instance 0 (0), or all its other instances (1)."""

    task_id: str
    group: int = -1

    @property
    def name(self) -> str:
        """``task_id``, ``task_id[0]`` or ``task_id[1:]``."""
        return self.task_id + ("", "[0]", "[1:]")[self.group + 1]

    @classmethod
    def of(cls, task_id: str, map_index: int) -> Part:
        """The part that an instance belongs to."""
        return cls(task_id, min(map_index, 1))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ends, retries included, and what it decides for others.

    Attributes:
        state: ``success``, ``failed`` or ``skipped``.
        followed: task ids that a branching task follows, None for any other.
        proceeds: whether a short circuit goes on, None for any other task.
        length: how many items it returns, for a task that others map over.
    """

    state: TaskState = SUCCESS
    followed: tuple[str, ...] | None = None
    proceeds: bool | None = None
    length: int | None = None

    @property
    def value(self) -> Value:
        """As tests write it."""
        for stated in (self.followed, self.proceeds, self.length):
            if stated is not None:
                return stated
        return self.state

    @property
    def label(self) -> str:
        """As a person reads it: ``failed``, ``report``, ``a+b``, ``nothing``, ``false``, ``2 items``."""
        if self.followed is not None:
            return "+".join(self.followed) or "nothing"
        if self.proceeds is not None:
            return str(self.proceeds).lower()
        if self.length is not None:
            return counted(self.length, "item")
        return self.state


@dataclass(frozen=True, slots=True)
class Decider:
    """How a task decides whether others run.

    Attributes:
        options: of a branching task, the task ids of each branch it may follow.
        skips: of a short circuit, the task ids it skips; None for a branching task.
    """

    options: tuple[tuple[str, ...], ...] = ()
    skips: tuple[str, ...] | None = None


def choices_of(
    dag: Dag, deciders: Mapping[str, Decider], only: Mapping[str, Iterable[Any]] | None = None
) -> dict[str, tuple[Outcome, ...]]:
    """What every task may do: succeed (in each of its ways), fail, skip itself.

    Args:
        only: task_id, or ``*`` for all the others -> the only outcomes to look at (`Value`); ``success`` means
            all ways to succeed.
    Raises: UsageError: an outcome the task cannot have, or none at all. TaskNotFound.
    """
    only = only or {}
    needed = mapped_over(dag)
    found: dict[str, tuple[Outcome, ...]] = {}
    for task_id, task in dag.tasks.items():
        if task.short_circuits:
            continue
        ways = _ways(deciders.get(task_id), task_id in needed)
        every = (*ways, Outcome(FAILED), Outcome(SKIPPED))
        outcomes = only.get(task_id, only.get("*"))
        found[task_id] = every if outcomes is None else _restricted(task_id, every, outcomes)
    _check_names(dag, found, only)
    return found


def mapped_over(dag: Dag) -> frozenset[str]:
    """Tasks, not mapped themselves, whose return value gives something its length."""
    lengths = [task.length for task in dag.tasks.values() if task.length is not None]
    lengths += [group.length for group in dag.groups.values()]
    named = {name for length in lengths for name in _of_tasks(length)}
    return frozenset(name for name in named if name in dag.tasks and not dag.tasks[name].needs_expansion)


def parts_of(dag: Dag, choices: Choices) -> list[Part]:
    """Every part that has a choice, in topological order."""
    found: list[Part] = []
    for task_id in choices:
        mapped = dag.tasks[task_id].needs_expansion
        found += [Part(task_id, group) for group in ((0, 1) if mapped else (-1,))]
    return found


def outcome_for(task_id: str, every: tuple[Outcome, ...], value: Any) -> tuple[Outcome, ...]:
    """The outcomes that a written value means.

    Raises: UsageError: none that the task can have.
    """
    usual = every[0]
    if isinstance(value, Outcome):
        return (value,)
    if isinstance(value, str) and value in STATES:
        return tuple(one for one in every if one.state == value) or (Outcome(cast("TaskState", value)),)
    if usual.followed is not None and (isinstance(value, str) or _texts(value)):
        return (Outcome(followed=(value,) if isinstance(value, str) else tuple(value)),)
    if usual.proceeds is not None and isinstance(value, bool):
        return (Outcome(proceeds=value),)
    if usual.length is not None and isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return (Outcome(length=value),)
    raise UsageError(
        f"task {task_id!r} cannot have the outcome {value!r}",
        known=", ".join(dict.fromkeys(repr(one.value) for one in every)),
    )


def _ways(decider: Decider | None, length_matters: bool) -> tuple[Outcome, ...]:
    """All ways in which a task may succeed."""
    if decider is not None and decider.skips is not None:
        return (Outcome(proceeds=True), Outcome(proceeds=False))
    if decider is not None:
        return tuple(Outcome(followed=option) for option in decider.options)
    return tuple(Outcome(length=length) for length in LENGTHS) if length_matters else (Outcome(),)


def _restricted(task_id: str, every: tuple[Outcome, ...], outcomes: Iterable[Any]) -> tuple[Outcome, ...]:
    values = [outcomes] if isinstance(outcomes, (str, bool, int)) else list(outcomes)
    found = dict.fromkeys(one for value in values for one in outcome_for(task_id, every, value))
    if not found:
        raise UsageError(f"no outcome is left for task {task_id!r}", fix='outcomes={"task": ["success", "failed"]}')
    return tuple(found)


def _check_names(dag: Dag, choices: Choices, named: Iterable[str]) -> None:
    followed = [name for every in choices.values() for one in every for name in one.followed or ()]
    for name in (*(name for name in named if name != "*"), *followed):
        if name not in dag.tasks:
            raise TaskNotFound(f"no task {name!r} in Dag {dag.dag_id!r}", known=known_names(name, dag.tasks))


def _texts(value: Any) -> bool:
    return isinstance(value, (tuple, list, set, frozenset)) and all(isinstance(one, str) for one in value)


def _of_tasks(length: Length) -> Iterator[str]:
    if isinstance(length, OfTask):
        yield length.task_id
    elif not isinstance(length, KnownLength):
        for part in length.parts:
            yield from _of_tasks(part)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One combination of outcomes and what it comes to.

    Attributes:
        choices: (part, outcome) of every task that ran, in the order in which they ran.
        states: final state by task id, by ``task_id[map_index]`` when mapped; None: never got one.
        reasons: why, for those states that a rule decided.
        ran: task ids of which an instance ran.
        run_state: ``success`` or ``failed``; None when the run never ends.
        run_reason: ``success``, ``task_failure``, ``all_tasks_deadlocked``, or None.
        given: of ``choices``, those that matter; set on counter-examples.
    """

    choices: tuple[tuple[Part, Outcome], ...]
    states: dict[str, str | None]
    reasons: dict[str, str]
    ran: frozenset[str]
    run_state: str | None
    run_reason: str | None
    given: tuple[tuple[Part, Outcome], ...] | None = field(default=None, compare=False)

    @property
    def ok(self) -> bool:
        """Whether the run succeeds."""
        return self.run_state == SUCCESS

    def states_of(self, task_id: str) -> tuple[str | None, ...]:
        """The states of a task's instances, each once, in map_index order; empty when it has none."""
        if task_id in self.states:
            return (self.states[task_id],)
        prefix = f"{task_id}["
        return tuple(dict.fromkeys(state for name, state in self.states.items() if name.startswith(prefix)))

    @property
    def outcomes(self) -> dict[str, object]:
        """What every task that ran did, by name: ``{"load": "failed", "check": ("report",), "files": 2}``."""
        return {part.name: outcome.value for part, outcome in self.choices}

    @property
    def when(self) -> str:
        """The outcomes that make it what it is: ``check=report, load=failed``."""
        shown = self.choices if self.given is None else self.given
        return ", ".join(f"{part.name}={outcome.label}" for part, outcome in shown) or "everything goes as usual"

    @property
    def troubles(self) -> int:
        """How many outcomes are not a success."""
        return sum(outcome.state != SUCCESS for _, outcome in self.choices)

    def stubs(self, code: bool = True) -> dict[str, dict[str, Any]]:
        """The same for a run of real code: task_id -> arguments of ``World.stub`` that make it do what it did here.

        Args:
            code: tasks that simply succeed run themselves; else they are stubbed too.
        Raises: UsageError: instances of one mapped task differ.
        """
        found: dict[str, dict[str, Any] | None] = {}
        for part, outcome in self.choices:
            stub = _stub(outcome, code)
            if found.setdefault(part.task_id, stub) != stub:
                raise UsageError(f"the instances of {part.task_id!r} differ: a stub is of all of them")
        return {task_id: stub for task_id, stub in found.items() if stub is not None}

    def __repr__(self) -> str:
        return f"<{self.run_state or 'never ends'} when: {self.when}>"


def _stub(outcome: Outcome, code: bool) -> dict[str, Any] | None:
    if outcome.state != SUCCESS:
        return {"state": outcome.state}
    if outcome.followed is not None:
        return {"follows": outcome.followed}
    if outcome.proceeds is not None:
        return {"follows": ("it",) if outcome.proceeds else ()}
    if outcome.length is not None:
        return {"returns": list(range(outcome.length))}
    return None if code else {"returns": None}
