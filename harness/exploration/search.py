"""Which combinations are played: all of them, or those with few deviations and a covering array."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.exploration.outcomes import Outcome, Part, parts_of
from harness.exploration.pairwise import covering_array
from harness.exploration.player import Player
from harness.exploration.scenario import Scenario
from harness.scheduler.model import Dag
from harness.scheduler.wiring import wiring_of


@dataclass(slots=True)
class Search:
    """What was played.

    Attributes:
        scenarios: each combination once.
        complete: these are all combinations that can be told apart.
        deviations: every combination of up to so many outcomes other than the usual ones was played.
    """

    scenarios: list[Scenario] = field(default_factory=list)
    complete: bool = False
    deviations: int = 0


@dataclass(slots=True)
class _Node:
    """A scenario, the unusual outcomes that made it, and where in its choices the next one may come."""

    scenario: Scenario
    chosen: dict[Part, Outcome]
    after: int


def by_deviations(player: Player, limit: int) -> Search:
    """Play combinations by the number of outcomes that are not the usual ones: none, any one, any two, and so on.

    Outcomes of tasks that do not run make no difference, so each combination has one origin: itself with its last
    unusual outcome, in the order in which the tasks run, made usual.

    Args:
        limit: no further number of deviations is begun when that would play more; one is always done.
    """
    found = Search()
    level = [_Node(player.play({}), {}, 0)]
    while level:
        found.scenarios += [node.scenario for node in level]
        steps = [(node, at) for node in level for at in range(node.after, len(node.scenario.choices))]
        ahead = sum(len(player.choices[node.scenario.choices[at][0].task_id]) - 1 for node, at in steps)
        if found.deviations and len(found.scenarios) + ahead > limit:
            return found
        level = [child for node, at in steps for child in _deviations(player, node, at)]
        found.deviations += bool(level)
    found.complete = True
    return found


def _deviations(player: Player, node: _Node, at: int) -> list[_Node]:
    part = node.scenario.choices[at][0]
    made = [{**node.chosen, part: other} for other in player.choices[part.task_id][1:]]
    return [_Node(player.play(chosen), chosen, at + 1) for chosen in made]


def pairwise(player: Player, seed: int) -> list[Scenario]:
    """Combinations in which every two outcomes of two parts are chosen together at least once."""
    parts = parts_of(player.dag, player.choices)
    rows = covering_array([len(player.choices[part.task_id]) for part in parts], seed)
    return [
        player.play({part: player.choices[part.task_id][level] for part, level in zip(parts, row, strict=True)})
        for row in rows
    ]


def combinations(player: Player) -> int:
    """How many combinations there are, counting those that cannot be told apart."""
    total = 1
    for part in parts_of(player.dag, player.choices):
        total *= len(player.choices[part.task_id])
    return total


def cone(dag: Dag, task_id: str) -> frozenset[str]:
    """Tasks whose outcomes may matter to a task: what it looks at, what those look at … With ``fail_fast``, all."""
    if dag.fail_fast:
        return frozenset(dag.tasks)
    wiring = wiring_of(dag)
    seen: set[str] = set()
    stack = [task_id]
    while stack:
        name = stack.pop()
        if name not in seen and name in dag.tasks:
            seen.add(name)
            stack.extend(wiring[name].watched)
    return frozenset(seen)
