"""What follows from a Dag's shape alone: what a teardown waits for beside its upstreams, and which tasks are last."""

from __future__ import annotations

import pytest
from scheduler_builders import dag, task

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


def test_positions_are_those_of_the_dag() -> None:
    assert [one.position for one in wiring_of(dag(*SCOPE)).values()] == [0, 1, 2, 3, 4, 5]
