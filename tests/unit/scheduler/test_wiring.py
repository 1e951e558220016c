"""What follows from a Dag's shape alone: what a teardown waits for beside its upstreams, and which tasks are last."""

from __future__ import annotations

import pytest
from scheduler_builders import dag, task

from harness.scheduler.model import MappedGroup, OfTask
from harness.scheduler.policies import SchedulerPolicies
from harness.scheduler.wiring import flat_downstream, leaf_ids, wiring_of

SCOPE = (
    task("setup", is_setup=True),
    task("aside"),
    task("inside", "setup"),
    task("last", "inside", "aside"),
    task("teardown", "setup", "last", is_teardown=True),
    task("behind", "teardown"),
)


@pytest.mark.parametrize(("waits", "scope"), [(True, ("inside",)), (False, ())])
def test_a_teardown_waits_for_what_lies_between_its_setup_and_itself(waits: bool, scope: tuple[str, ...]) -> None:
    made = dag(*SCOPE, policies=SchedulerPolicies(teardowns_wait_for_scope=waits))
    assert wiring_of(made)["teardown"].scope == scope
    assert all(one.scope == () for name, one in wiring_of(made).items() if name != "teardown")


def test_without_a_setup_there_is_nothing_between() -> None:
    made = dag(task("a"), task("b", "a"), task("teardown", "b", is_teardown=True))
    assert wiring_of(made)["teardown"].scope == ()


@pytest.mark.parametrize("fails", [False, True])
def test_the_last_tasks_count_and_teardowns_where_they_fail_the_run(fails: bool) -> None:
    *others, teardown, behind = SCOPE
    assert leaf_ids(dag(*others, teardown, behind)) == {"last", "behind"}
    alone = task("teardown", "setup", "last", is_teardown=True, on_failure_fail_dagrun=fails)
    assert leaf_ids(dag(*others, alone)) == ({"teardown"} if fails else {"last"})
    assert leaf_ids(dag(task("x", is_teardown=True), task("y", "x", is_teardown=True))) == {"y"}


def test_all_that_lies_below_a_task_and_nothing_else() -> None:
    made = dag(*SCOPE)
    assert flat_downstream(made, "inside") == {"last", "teardown", "behind"}
    assert flat_downstream(made, "behind") == set()


def test_a_task_in_groups_within_groups_waits_for_what_the_closest_maps_over_and_needs_what_all_do() -> None:
    groups = [
        MappedGroup("outer", None, OfTask("far"), ("far",)),
        MappedGroup("inner", "outer", OfTask("near"), ("near",)),
    ]
    own = task("own", "near", length=OfTask("near"), map_dependencies=("near",), groups=("outer",))
    made = dag(task("far"), task("near"), task("a", "near", groups=("inner", "outer")), own, groups=groups)
    wiring = wiring_of(made)
    assert (wiring["a"].mapped_dependencies, wiring["a"].expansion_dependencies) == (("near",), {"near", "far"})
    assert (wiring["own"].mapped_dependencies, wiring["own"].expansion_dependencies) == (("near",), {"near", "far"})
    assert (wiring["far"].mapped_dependencies, wiring["far"].expansion_dependencies) == ((), frozenset())


def test_positions_are_those_of_the_dag() -> None:
    assert [one.position for one in wiring_of(dag(*SCOPE)).values()] == [0, 1, 2, 3, 4, 5]
