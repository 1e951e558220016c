"""Which combinations are played."""

from __future__ import annotations

import random
from itertools import combinations, product

import pytest
from exploration_builders import task

from harness.exploration.outcomes import Decider, parts_of
from harness.exploration.search import by_deviations, cone, covering_array, pairwise

DIAMOND = (
    task("a"),
    task("b", "a"),
    task("c", "a", trigger_rule="all_done"),
    task("d", "b", "c", trigger_rule="one_success"),
)


def every_one(player):
    """All assignments of outcomes, played one by one."""
    parts = parts_of(player.dag, player.choices)
    return [
        player.play(dict(zip(parts, row, strict=True)))
        for row in product(*(player.choices[part.task_id] for part in parts))
    ]


def test_all_that_can_be_told_apart_each_once(player_of):
    branching = (task("check"), task("x", "check"), task("y", "check"), task("j", "x", "y", trigger_rule="none_failed"))
    for player in (
        player_of(*DIAMOND),
        player_of(*branching, deciders={"check": Decider((("x",), ("y",), ()))}),
    ):
        found = by_deviations(player, 10_000)
        assert found.complete
        assert len({one.choices for one in found.scenarios}) == len(found.scenarios)
        assert {one.choices for one in found.scenarios} == {one.choices for one in every_one(player)}


def test_few_deviations_come_first(player_of):
    player = player_of(*DIAMOND)
    unusual = [
        sum(outcome.state != "success" for _, outcome in one.choices) for one in by_deviations(player, 999).scenarios
    ]
    assert unusual == sorted(unusual)
    cut = by_deviations(player, 12)
    assert (cut.complete, cut.deviations, len(cut.scenarios)) == (False, 1, 1 + 2 * 4)
    assert by_deviations(player, 1).deviations == 1  # one is always done


def test_a_part_of_a_dag_is_exact_for_what_it_holds(player_of):
    """All that ``j`` looks at, of a Dag with a branch that leads out of it."""
    player = player_of(
        task("check"),
        task("x", "check"),
        task("y", "check"),
        task("j", "x", trigger_rule="all_done"),
        task("out", "y", "j"),
        deciders={"check": Decider((("x",), ("y",), ()))},
    )
    part = player.only(cone(player.dag, "j"))
    assert set(part.dag.tasks) == {"check", "x", "j"}

    def told(played):
        return {tuple((name, played.states[name]) for name in part.dag.tasks) for played in played.scenarios}

    def whole():
        return {tuple((name, one.states[name]) for name in part.dag.tasks) for one in every_one(player)}

    assert told(by_deviations(part, 999)) == whole()


def test_the_tasks_that_matter_to_one(player_of):
    tasks = (task("a"), task("b", "a"), task("c"), task("d", "b", relevant_setups=("s",)), task("s"))
    assert cone(player_of(*tasks).dag, "d") == {"a", "b", "d", "s"}
    assert cone(player_of(*tasks, fail_fast=True).dag, "d") == set("abcds")


@pytest.mark.parametrize("seed", range(60))
def test_a_covering_array_has_every_pair(seed):
    chance = random.Random(seed)
    levels = [chance.randint(1, 5) for _ in range(chance.randint(2, 12))]
    rows = covering_array(levels, seed % 3)
    assert all(0 <= value < level for row in rows for value, level in zip(row, levels, strict=True))
    for one, other in combinations(range(len(levels)), 2):
        pairs = {(row[one], row[other]) for row in rows}
        assert pairs == set(product(range(levels[one]), range(levels[other])))


def test_covering_arrays_are_small_and_follow_their_seed():
    assert covering_array([]) == [[]]
    assert covering_array([3]) == [[0], [1], [2]]
    assert len(covering_array([3] * 20)) < 30  # of 3 ** 20
    assert covering_array([3] * 20, 1) == covering_array([3] * 20, 1) != covering_array([3] * 20, 2)


def test_every_two_outcomes_meet_in_a_scenario(player_of):
    player = player_of(*(task(name) for name in "abcde"))
    found = pairwise(player, 0)
    for one, other in combinations("abcde", 2):
        assert len({(played.outcomes[one], played.outcomes[other]) for played in found}) == 9
