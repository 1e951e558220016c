"""Answers to questions about all combinations: true or not, with the smallest counter-example, told by what matters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from harness.exploration.outcomes import Outcome, Part, Scenario
from harness.exploration.player import Player
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


Claim = Callable[[Scenario], bool]


def smallest(player: Player, scenarios: Iterable[Scenario], claim: Claim) -> Scenario | None:
    """The scenario against a claim with the fewest outcomes that are no success, then the fewest that are unusual,
    then the first by name; None when the claim holds in all.

    Where not every combination was played, what was found is made smaller by playing it with less.
    """
    against = [scenario for scenario in scenarios if not claim(scenario)]
    if not against:
        return None
    found = min(against, key=lambda scenario: _size(player, scenario))
    whole = player.play(dict(found.choices))  # what was found may be of a part of the Dag
    return _smallest(player, _shrunk(player, whole, claim), claim)


def _size(player: Player, scenario: Scenario) -> tuple[int, int, list[str]]:
    unusual = _unusual(player, scenario)
    return scenario.troubles, len(unusual), sorted(f"{part.name}={one.label}" for part, one in unusual.items())


def _unusual(player: Player, scenario: Scenario) -> dict[Part, Outcome]:
    return {part: one for part, one in scenario.choices if one != player.choices[part.task_id][0]}


def _shrunk(player: Player, scenario: Scenario, claim: Claim) -> Scenario:
    """Make unusual outcomes usual, one at a time, as long as the claim stays contradicted."""
    smaller = True
    while smaller:
        smaller = False
        chosen = _unusual(player, scenario)
        for part in sorted(chosen, key=lambda one: (chosen[one].state == SUCCESS, one)):
            tried = player.play({name: one for name, one in chosen.items() if name != part})
            if not claim(tried) and _size(player, tried) < _size(player, scenario):
                scenario, smaller = tried, True
                break
    return scenario


def _smallest(player: Player, scenario: Scenario, claim: Claim) -> Scenario:
    """With the choices that matter: what is unusual, and a usual way to succeed but for which the claim would hold."""
    chosen, unusual = dict(scenario.choices), _unusual(player, scenario)

    def holds(other: Scenario) -> bool:
        """Though all that is unusual happens; else the usual way follows from that."""
        return unusual.items() <= dict(other.choices).items() and claim(other)

    def matters(part: Part, outcome: Outcome) -> bool:
        if part in unusual:
            return True
        others = [one for one in player.choices[part.task_id] if one.state == SUCCESS and one != outcome]
        return any(holds(player.play({**chosen, part: other})) for other in others)

    return replace(scenario, given=tuple(choice for choice in scenario.choices if matters(*choice)))
