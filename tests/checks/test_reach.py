"""What is said to be unreachable is never run, in any combination of outcomes that the scheduler's rules play."""

from __future__ import annotations

import random

import pytest

from harness.checks.context import Shape
from harness.checks.graph.unreachable_task import FAILED, SKIPPED, SUCCESS, Branch, Node, unreachable
from harness.exploration.outcomes import Decider, choices_of
from harness.exploration.player import Player
from harness.exploration.search import by_deviations
from harness.scheduler.dependencies.trigger_rules import RULES
from harness.scheduler.model import Dag, Task

BRANCH_RULES = ("all_success", "all_done", "none_failed")


def random_dag(seed):
    """A Dag of a few tasks, with one or two branches that go one of a few ways."""
    draw = random.Random(seed)
    names = [f"t{n}" for n in range(draw.randint(3, 6))]
    up = {name: tuple(sorted(other for other in names[:n] if draw.random() < 0.5)) for n, name in enumerate(names)}
    down = {name: tuple(other for other in names if name in up[other]) for name in names}
    branches = [name for name in names if len(down[name]) > 1 and draw.random() < 0.7][:2]
    setups = {name for name in names if name not in branches and draw.random() < 0.1}
    tasks = {}
    for name in names:
        rules = BRANCH_RULES if name in branches or name in setups else ("all_success", *RULES, "always")
        tasks[name] = Task(
            task_id=name,
            operator="EmptyOperator",
            upstream=up[name],
            downstream=down[name],
            trigger_rule=draw.choice(rules),
            is_setup=name in setups,
            inherits_from_skipmixin=name in branches,
            short_circuits=name not in branches and draw.random() < 0.25,
        )
    ways = {name: random_ways(draw, down[name]) for name in branches}
    return Dag("drawn", tasks), ways


def random_ways(draw, below):
    return tuple({tuple(sorted(draw.sample(below, draw.randint(0, 2)))) for _ in range(draw.randint(1, 3))})


def judged(dag, ways):
    """What the check sees of the same Dag."""
    shape = Shape(
        {n: set(t.upstream) for n, t in dag.tasks.items()}, {n: set(t.downstream) for n, t in dag.tasks.items()}
    )
    skippable = frozenset().union(*map(shape.below, ways))
    nodes = {
        name: Node(
            task.trigger_rule,
            task.upstream,
            is_setup=task.is_setup,
            ends=SUCCESS if task.short_circuits else SUCCESS | FAILED | SKIPPED,
            may_be_skipped=name in skippable,
        )
        for name, task in dag.tasks.items()
    }
    branches = {}
    for name, options in ways.items():
        kept = [set(one).union(*(shape.below(each) for each in one)) for one in options]
        ordered = tuple(one for one in shape.order if one in shape.below(name))
        branches[name] = Branch(ordered, tuple(frozenset(one & set(dag.tasks[name].downstream)) for one in kept))
    return unreachable(nodes, shape.order, branches)


def never_played(dag, ways):
    deciders = {name: Decider(options=options) for name, options in ways.items()}
    player = Player(dag, choices_of(dag, deciders), deciders)
    search = by_deviations(player, limit=100_000)
    assert search.complete
    return set(dag.tasks) - set().union(*(scenario.ran for scenario in search.scenarios))


def compare(seeds):
    told = true = 0
    for seed in seeds:
        dag, ways = random_dag(seed)
        never, dead = never_played(dag, ways), judged(dag, ways).keys()
        assert dead <= never, (seed, dead - never, dag.tasks, ways)
        told, true = told + len(dead), true + len(never)
    return told, true


def test_nothing_that_may_run_is_called_unreachable():
    told, true = compare(range(25))
    assert told > 0.7 * true > 0


@pytest.mark.reference
def test_the_same_for_many_more():
    told, true = compare(range(1000, 6000))
    assert told > 0.8 * true
