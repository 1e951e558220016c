"""Answers to questions about all combinations: true or not, with the smallest counter-example."""

from __future__ import annotations

from dataclasses import dataclass

from harness.exploration.scenario import Scenario
from harness.scheduler.model import SUCCESS


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Whether something holds in every combination of outcomes; as a truth value, just that.

    Attributes:
        claim: what was asked, in words: ``cleanup always runs``.
        contradiction: what happens in the counter-example: ``cleanup is upstream_failed``.
        counter_example: the smallest combination against it, None when it holds.
        runs: how many combinations were looked at.
        exhaustive: whether these were all that matter.
    """

    claim: str
    contradiction: str
    counter_example: Scenario | None
    runs: int
    exhaustive: bool

    def __bool__(self) -> bool:
        return self.counter_example is None

    def __repr__(self) -> str:
        if self.counter_example is not None:
            return f"{self.contradiction} when: {self.counter_example.when}"
        if not self.runs:
            return f"{self.claim}: no combination is as asked"
        every = f"all {self.runs}" if self.exhaustive else f"the {self.runs} tried of more"
        return f"{self.claim}, in {every} combinations"


def contradiction(task_id: str, scenario: Scenario) -> str:
    """``cleanup is upstream_failed``."""
    states = [state or "without a state" for state in scenario.states_of(task_id)]
    return f"{task_id} is {' and '.join(states) or 'not there'}"


def reason_of(task_id: str, scenario: Scenario) -> str:
    """Why a task has its state: ``skipped: trigger rule …``."""
    names = [name for name in scenario.states if name == task_id or name.startswith(f"{task_id}[")]
    reasons = [scenario.reasons[name] for name in names if name in scenario.reasons]
    states = " and ".join(state or "no status" for state in scenario.states_of(task_id)) or "not in the run"
    return f"{states}: {reasons[0]}" if reasons else states


def ends_in(states: tuple[str, ...]) -> str:
    """``ends in success``."""
    return f"ends in {' or '.join(states or (SUCCESS,))}"
