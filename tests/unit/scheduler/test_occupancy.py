"""Who waits for a slot in which order, what is taken of each limit, and who can never have one."""

from __future__ import annotations

from typing import Any

import pytest
from scheduler_builders import NOW, dag, ids, run_of, task, ti

from harness.scheduler.executors import ExecutorSlots
from harness.scheduler.model import DagRun
from harness.scheduler.policies import SchedulerPolicies
from harness.scheduler.queueing import (
    Candidates,
    Limits,
    Occupancy,
    PoolSlots,
    admit,
    never_admitted,
    occupancy_of,
    slots_left,
)

POOLS = {name: PoolSlots(name, 9) for name in ("default_pool", "p", "q")}


def scheduled(*tasks: Any, **fields: Any) -> DagRun:
    run = run_of(dag(*tasks), **fields)
    for one in run.task_instances.values():
        one.state = "scheduled"
    return run


class TestCandidates:
    def test_they_are_a_set_in_the_order_of_the_queue(self) -> None:
        run = scheduled(task("a", pool="p"), task("b", pool="q", priority_weight=5), task("c", pool="p"))
        found = Candidates(run.task_instances.values())
        found.add(ti(run, "a"))
        assert (len(found), ids(found.in_order())) == (3, ["b", "a", "c"])
        assert ids(found.in_order(without_pools={"q"})) == ["a", "c"]
        assert ids(found.in_order(without_pools={"p", "q"})) == []
        found.discard(ti(run, "a"))
        found.discard(ti(run, "a"))
        assert (ti(run, "a") in found, ti(run, "c") in found, len(found)) == (False, True, 2)
        assert ids(found.in_order()) == ["b", "c"]

    def test_of_those_that_stand_in_one_place_the_one_that_is_meant_goes(self) -> None:
        one, other = scheduled(task("a")), scheduled(task("a"))  # two runs of one id, as tests make them
        found = Candidates([ti(one, "a"), ti(other, "a")])
        found.discard(ti(other, "a"))
        assert list(found.in_order()) == [ti(one, "a")]


class TestOccupancy:
    def test_each_state_counts_where_it_takes_something(self) -> None:
        names = ("queued", "running", "deferred", "awaiting_input", "scheduled", "success")
        limits = {"max_active_tis_per_dag": 9, "max_active_tis_per_dagrun": 9}
        run = run_of(dag(*(task(name, pool="p", pool_slots=2, executor="x", **limits) for name in names)))
        for name in names:
            ti(run, name).state = name
        found = occupancy_of([run])
        assert (found.executor, found.executors, found.of_run(run)) == (2, {"x": 2}, 2)
        assert (found.pools, found.pool_deferred) == ({"p": 4}, {"p": 2})
        for name in names:
            active = int(name in names[:4])
            assert (found.of_task(ti(run, name)), found.of_task_in_run(ti(run, name))) == (active, active)

    def test_before_3_2_those_that_are_parked_do_not_count_for_their_task(self) -> None:
        run = run_of(
            dag(task("a", max_active_tis_per_dag=9), policies=SchedulerPolicies(deferred_count=False)),
            {"a": "deferred"},
        )
        found = occupancy_of([run])
        assert (found.of_task(ti(run, "a")), found.pool_deferred) == (0, {"default_pool": 1})

    def test_of_a_task_all_runs_count_and_of_a_run_its_own(self) -> None:
        made = dag(task("a", max_active_tis_per_dag=9, max_active_tis_per_dagrun=9))
        runs = [run_of(made, {"a": "running"}, run_id=name) for name in "xy"]
        found = occupancy_of(runs)
        assert (found.of_task(ti(runs[0], "a")), found.of_task_in_run(ti(runs[0], "a"))) == (2, 1)
        assert (found.of_run(runs[0]), found.executor) == (1, 2)

    def test_a_task_without_limits_is_not_counted(self) -> None:
        run = run_of(dag(task("a")), {"a": "running"})
        assert (occupancy_of([run]).tasks, occupancy_of([run]).run_tasks) == ({}, {})

    @pytest.mark.parametrize("state", ["queued", "deferred", "awaiting_input"])
    def test_what_is_taken_out_again_leaves_nothing(self, state: Any) -> None:
        run, found = run_of(dag(task("a", pool_slots=3))), Occupancy()
        found.add(ti(run, "a"), state)
        found.add(ti(run, "a"), state, -1)
        counts = (found.pools, found.pool_deferred, found.runs, found.tasks, found.run_tasks, found.executors)
        assert (found.executor, [count for one in counts for count in one.values() if count]) == (0, [])

    def test_a_copy_is_another(self) -> None:
        run = run_of(dag(task("a")), {"a": "running"})
        found = occupancy_of([run])
        copied = found.copy()
        assert copied == found
        copied.add(ti(run, "a"))
        assert (copied.executor, found.executor, found.pools) == (2, 1, {"default_pool": 1})

    @pytest.mark.parametrize(
        ("pool", "left"),
        [(PoolSlots("p", 5), 3), (PoolSlots("p", 5, include_deferred=True), 2), (PoolSlots("p", -1), None)],
    )
    def test_what_is_left_of_a_pool(self, pool: PoolSlots, left: int | None) -> None:
        assert slots_left(pool, Occupancy(pools={"p": 2}, pool_deferred={"p": 1})) == left
        assert slots_left(PoolSlots("q", 1), Occupancy(pools={"p": 2})) == 1


class TestQueries:
    @pytest.mark.parametrize(("query", "admitted"), [(0, 9), (1, 9), (16, 9)])
    def test_loop_after_loop_all_that_have_a_slot_are_let(self, query: int, admitted: int) -> None:
        run = scheduled(*(task(f"t{n:02}") for n in range(12)))
        found = admit(run.task_instances.values(), [run], Limits(99, dict(POOLS), query))
        assert len(found.admitted) == admitted


@pytest.mark.parametrize(
    ("slots", "needed", "never"),
    [(-1, 1, False), (-1, 99, False), (2, 1, False), (2, 2, False), (2, 3, True), (2, 0, True), (0, 1, True)],
)
def test_a_pool_that_can_never_hold_it(slots: int, needed: int, never: bool) -> None:
    one = ti(run_of(dag(task("a", pool="p", pool_slots=needed))), "a")
    assert never_admitted(one, Limits(32, {"p": PoolSlots("p", slots)})) is never
    assert never_admitted(one, Limits(32, {"q": PoolSlots("q", 99)}))


@pytest.mark.parametrize(("asked", "never"), [(None, False), ("A", False), ("B", True)])
def test_an_executor_that_there_is_not(asked: str | None, never: bool) -> None:
    one = ti(run_of(dag(task("a", executor=asked)), logical_date=NOW), "a")
    executors = (ExecutorSlots("A", 1, frozenset({"A"})),)
    assert never_admitted(one, Limits(32, dict(POOLS), executors=executors)) is never
    assert not never_admitted(one, Limits(32, dict(POOLS)))
