"""Which combinations are played: all of them, or those with few deviations and a covering array of strength two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from harness.exploration.outcomes import Outcome, Part, Scenario, parts_of
from harness.exploration.player import Player
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


def covering_array(levels: Sequence[int], seed: int = 0) -> list[list[int]]:
    """Rows in which every two levels of every two factors stand together at least once.

    Factors are added one at a time, those of most levels first: each row takes the level that covers most pairs not
    covered yet, then rows are added for the rest. A set of (factor, level) is a bit mask.

    Args:
        levels: of each factor, 1 or more.
        seed: another seed, other rows of the same property.
    Returns: one level for each factor, in each row.
    Source: Lei and others, IPOG: A General Strategy for T-Way Software Testing, 2007.
    """
    order = sorted(range(len(levels)), key=lambda n: (-levels[n], _scattered(n, seed)))
    if len(order) < 2:
        return [[level] for level in range(levels[0])] if levels else [[]]
    bits = _Bits(levels)
    first, second, *rest = order
    rows = [{first: a, second: b} for a, b in product(range(levels[first]), range(levels[second]))]
    done = [first, second]
    for factor in rest:
        open_pairs = [bits.all_of(done) for _ in range(levels[factor])]
        _widen(rows, factor, open_pairs, bits, seed)
        _add(rows, factor, open_pairs, bits)
        done.append(factor)
    return [[row.get(n, (n + at + seed) % levels[n]) for n in range(len(levels))] for at, row in enumerate(rows)]


class _Bits:
    """A bit for each (factor, level)."""

    def __init__(self, levels: Sequence[int]) -> None:
        self.levels = levels
        self.start = [sum(levels[:n]) for n in range(len(levels))]

    def of(self, factor: int, level: int) -> int:
        return 1 << (self.start[factor] + level)

    def all_of(self, factors: Sequence[int]) -> int:
        return sum(((1 << self.levels[n]) - 1) << self.start[n] for n in factors)

    def row(self, row: dict[int, int]) -> int:
        return sum(self.of(factor, level) for factor, level in row.items())

    def pairs(self, mask: int) -> list[tuple[int, int]]:
        """(factor, level) of every bit that is set."""
        found = []
        for factor, start in enumerate(self.start):
            found += [(factor, level) for level in range(self.levels[factor]) if mask >> (start + level) & 1]
        return found


def _widen(rows: list[dict[int, int]], factor: int, open_pairs: list[int], bits: _Bits, seed: int) -> None:
    """Give every row a level of a new factor."""
    count = len(open_pairs)
    for at, row in enumerate(rows):
        mask = bits.row(row)
        preferred = [(at + seed + n) % count for n in range(count)]
        level = max(preferred, key=lambda each: (open_pairs[each] & mask).bit_count())
        row[factor] = level
        open_pairs[level] &= ~mask


def _add(rows: list[dict[int, int]], factor: int, open_pairs: list[int], bits: _Bits) -> None:
    """Cover the pairs that no row has: in a row with room where there is one, else in a new one."""
    for level, mask in enumerate(open_pairs):
        roomy = [row for row in rows if row[factor] == level and len(row) < len(rows[0])]
        for other, value in bits.pairs(mask):
            room = next((row for row in roomy if other not in row), None)
            if room is None:
                room = {factor: level}
                roomy.append(room)
                rows.append(room)
            room[other] = value


def _scattered(n: int, seed: int) -> int:
    return (n * 2_654_435_761 + seed * 40_503) % 4_294_967_296 if seed else n
