"""One combination of outcomes and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.errors import UsageError
from harness.exploration.outcomes import Outcome, Part
from harness.scheduler.model import SUCCESS


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
