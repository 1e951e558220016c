"""What exploring a Dag found, and the questions it answers: true or not of all combinations, with the smallest
counter-example, told by what matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from harness.errors import TaskNotFound, known_names, renamed
from harness.exploration.outcomes import Outcome, Part, Scenario, outcome_for
from harness.exploration.player import Player
from harness.exploration.search import Search, by_deviations, combinations, cone, pairwise
from harness.scheduler.model import SUCCESS

LIMIT = 2000
"""How many combinations are played before a covering array takes the place of all."""

Condition = Mapping[str, Any] | Callable[[Scenario], bool]
"""Which combinations to look at: task_id -> a state it ends in or an outcome it has, all of them, or a function."""

Claim = Callable[[Scenario], bool]
"""What holds in a combination, or not."""


class Exploration:
    """A Dag's combinations of outcomes, played.

    Attributes:
        scenarios: every combination played, each once.
        exhaustive: these are all that can be told apart.
        deviations: every combination of up to so many unusual outcomes was played; beyond, every two outcomes of two
            tasks together at least once.
    """

    def __init__(self, player: Player, limit: int = LIMIT, seed: int = 0) -> None:
        self._player, self._limit = player, limit
        found = by_deviations(player, limit)
        self.exhaustive, self.deviations = found.complete, found.deviations
        played = list(found.scenarios) if found.complete else [*found.scenarios, *pairwise(player, seed)]
        self.scenarios = tuple({scenario.choices: scenario for scenario in played}.values())
        self._cones: dict[frozenset[str], Search] = {}

    # -- what was found -----------------------------------------------------------------------------------------------

    @property
    def dag_id(self) -> str:
        """Of the Dag."""
        return self._player.dag.dag_id

    @property
    def runs(self) -> int:
        """The old name of ``len(scenarios)``."""
        renamed("Exploration.runs", "len(Exploration.scenarios)")
        return len(self.scenarios)

    @property
    def combinations(self) -> int:
        """How many there are, counting outcomes of tasks that then do not run."""
        return combinations(self._player)

    @cached_property
    def never_run(self) -> dict[str, str]:
        """Tasks that run in no combination -> why not, in the one where all goes as usual.

        Where not all were played, what such a task depends on is explored apart; a reason that ends in
        ``(not all combinations were tried)`` is of a task for which that was too much too.
        """
        unseen = [name for name in self._player.dag.tasks if not any(name in one.ran for one in self.scenarios)]
        return {name: self._why(name) for name in unseen if self._never(name)}

    @cached_property
    def always_run(self) -> tuple[str, ...]:
        """Tasks that run in every combination."""
        return tuple(name for name in self._player.dag.tasks if self.runs_always(name))

    @property
    def run_states(self) -> tuple[str, ...]:
        """States in which the run ends, sorted; ``(none)`` stands for a run that never ends."""
        return tuple(sorted({one.run_state or "(none)" for one in self.scenarios}))

    @property
    def deadlocks(self) -> tuple[Scenario, ...]:
        """Combinations in which the run fails because nothing can go on (``all_tasks_deadlocked``)."""
        return tuple(one for one in self.scenarios if one.run_reason == "all_tasks_deadlocked")

    @property
    def stuck(self) -> tuple[Scenario, ...]:
        """Combinations in which the run never ends."""
        return tuple(one for one in self.scenarios if one.run_state is None)

    def states(self, task_id: str) -> tuple[str, ...]:
        """The states a task's instances may end in, sorted.

        Raises: TaskNotFound.
        """
        played, _ = self._about(task_id)
        return tuple(sorted({state or "(none)" for one in played for state in one.states_of(task_id)}))

    # -- questions ----------------------------------------------------------------------------------------------------

    def runs_always(self, task_id: str, when: Condition | None = None) -> Conclusion:
        """Whether a task runs, whatever the others do; an empty task that Airflow sets to success counts as run.

        Raises: TaskNotFound. UsageError: ``when`` names an outcome that cannot be.
        """
        return self._ask(f"{task_id} always runs", task_id, lambda one: task_id in one.ran, when)

    def always(self, task_id: str, *states: str, when: Condition | None = None) -> Conclusion:
        """Whether all instances of a task end in one of these states (none: ``success``), whatever the others do.

        Raises: as `runs_always`.
        """
        values = set(states or (SUCCESS,))
        return self._ask(
            f"{task_id} always {_ends_in(states)}", task_id, lambda one: values.issuperset(one.states_of(task_id)), when
        )

    def counter_example(self, claim: Claim, when: Condition | None = None) -> Scenario | None:
        """The smallest combination in which a claim is false; None when it holds in all that were played.

        Raises: as `runs_always`.
        """
        condition = self._condition(when)
        return _smallest_against(self._player, self.scenarios, lambda one: not condition(one) or claim(one))

    def _ask(self, text: str, task_id: str, claim: Claim, when: Condition | None) -> Conclusion:
        condition = self._condition(when)
        named = when if isinstance(when, Mapping) else {}
        played, exhaustive = self._about(task_id, *named, closed=not callable(when))
        found = _smallest_against(self._player, played, lambda one: not condition(one) or claim(one))
        stated = "" if found is None else _contradiction(task_id, found)
        return Conclusion(text, stated, found, sum(map(condition, played)), exhaustive)

    def _condition(self, when: Condition | None) -> Callable[[Scenario], bool]:
        if when is None:
            return lambda _: True
        if callable(when):
            return when
        for task_id, value in when.items():
            self._known(task_id)
            for one in value if isinstance(value, (list, set, frozenset)) else (value,):
                if one not in ("upstream_failed", "removed") and task_id in self._player.choices:
                    outcome_for(task_id, self._player.choices[task_id], one)
        return lambda one: all(_matches(one, task_id, value) for task_id, value in when.items())

    # -- how far it is known ------------------------------------------------------------------------------------------

    def _about(self, *task_ids: str, closed: bool = True) -> tuple[Sequence[Scenario], bool]:
        """The scenarios that tell of some tasks, and whether they are all that matter to them.

        Args:
            closed: whether the question is of these tasks alone.
        """
        for task_id in task_ids:
            self._known(task_id)
        if self.exhaustive or not closed:
            return self.scenarios, self.exhaustive
        found = self._cone(frozenset().union(*(cone(self._player.dag, task_id) for task_id in task_ids)))
        return (found.scenarios, True) if found.complete else ([*self.scenarios, *found.scenarios], False)

    def _cone(self, task_ids: frozenset[str]) -> Search:
        """The combinations of a part of the Dag; none where a part of that part has too many already."""
        if task_ids not in self._cones:
            too_many = any(part <= task_ids and not found.complete for part, found in self._cones.items())
            self._cones[task_ids] = Search() if too_many else by_deviations(self._player.only(task_ids), self._limit)
        return self._cones[task_ids]

    def _never(self, task_id: str) -> bool:
        played, _ = self._about(task_id)
        return not any(task_id in one.ran for one in played)

    def _why(self, task_id: str) -> str:
        played, exhaustive = self._about(task_id)
        return _reason_of(task_id, played[0]) + ("" if exhaustive else " (not all combinations were tried)")

    def _known(self, task_id: str) -> None:
        tasks = self._player.dag.tasks
        if task_id not in tasks:
            raise TaskNotFound(f"no task {task_id!r} in Dag {self.dag_id!r}", known=known_names(task_id, tasks))

    # -- to read ------------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"<exploration of {self.dag_id}: {self._extent()}>"

    def __str__(self) -> str:
        names = list(self._player.dag.tasks)
        width = max(map(len, names), default=0)
        lines = [f"{self.dag_id}: {self._extent()}; the run ends in {', '.join(self.run_states)}"]
        lines += [f"  {name:<{width}}  {', '.join(self.states(name))}" for name in names]
        lines += [f"never runs: {name} ({why})" for name, why in self.never_run.items()]
        lines += [f"{'deadlock' if one.run_state else 'never ends'}: {one.when}" for one in self.deadlocks + self.stuck]
        return "\n".join(lines)

    def _extent(self) -> str:
        if self.exhaustive:
            return f"all {len(self.scenarios)} combinations"
        every = f"every {self.deviations} unusual outcomes" if self.deviations > 1 else "every unusual outcome"
        return f"{len(self.scenarios)} combinations, {every} and every pair, of {self.combinations:.1e}"


def _matches(scenario: Scenario, task_id: str, value: Any) -> bool:
    values: Iterable[Any] = value if isinstance(value, (list, set, frozenset)) else (value,)
    stated = [outcome for part, outcome in scenario.choices if part.task_id == task_id]
    for one in values:
        texts = (one,) if isinstance(one, str) else one
        if one in scenario.states_of(task_id) or any(texts == outcome.followed for outcome in stated):
            return True
        if any(outcome.followed is None and outcome.value == one for outcome in stated):
            return True
    return False


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


def _contradiction(task_id: str, scenario: Scenario) -> str:
    """``cleanup is upstream_failed``."""
    states = [state or "without a state" for state in scenario.states_of(task_id)]
    return f"{task_id} is {' and '.join(states) or 'not there'}"


def _reason_of(task_id: str, scenario: Scenario) -> str:
    """Why a task has its state: ``skipped: trigger rule …``."""
    names = [name for name in scenario.states if name == task_id or name.startswith(f"{task_id}[")]
    reasons = [scenario.reasons[name] for name in names if name in scenario.reasons]
    states = " and ".join(state or "no status" for state in scenario.states_of(task_id)) or "not in the run"
    return f"{states}: {reasons[0]}" if reasons else states


def _ends_in(states: tuple[str, ...]) -> str:
    """``ends in success``."""
    return f"ends in {' or '.join(states or (SUCCESS,))}"


def _smallest_against(player: Player, scenarios: Iterable[Scenario], claim: Claim) -> Scenario | None:
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
