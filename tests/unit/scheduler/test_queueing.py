"""Admission of scheduled instances: order, slots, pools and concurrency limits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scheduler_builders import DAY, NOW, dag, ids, run_of, task, ti

from harness.scheduler.model import Dag, DagRun, KnownLength, TaskInstance
from harness.scheduler.queueing import Admission, Limits, PoolSlots, admit, occupancy_of


def limits(parallelism: int = 32, query: int = 16, **pools: int | PoolSlots) -> Limits:
    made = {"default_pool": PoolSlots("default_pool", 128)}
    for name, slots in pools.items():
        made[name] = slots if isinstance(slots, PoolSlots) else PoolSlots(name, slots)
    return Limits(parallelism, made, query)


def all_of(*runs: DagRun) -> list[TaskInstance]:
    return [one for run in runs for one in run.task_instances.values()]


def scheduled(made: Dag, states: dict[Any, str | None] | None = None, **fields: Any) -> DagRun:
    """A run whose instances are all scheduled, except as given."""
    run = run_of(made, **fields)
    for one in run.task_instances.values():
        one.state = "scheduled"
    for key, state in (states or {}).items():
        ti(run, key).state = state
    return run


def admitted(limit: Limits, *runs: DagRun) -> list[Any]:
    return ids(admit(all_of(*runs), runs, limit).admitted)


def reasons(found: Admission) -> dict[Any, str]:
    return {(one.task_id if one.map_index < 0 else one.key): reason for one, reason in found.held}


class TestOrder:
    def test_weight_then_logical_date_then_map_index(self) -> None:
        made = dag(task("low"), task("m", length=KnownLength(2), priority_weight=5), task("top", priority_weight=9))
        late, early = scheduled(made, run_id="late", logical_date=NOW + DAY), scheduled(made, run_id="early")
        found = admit(all_of(late, early), [late, early], limits()).admitted
        assert [(one.run.run_id, one.task_id, one.map_index) for one in found] == [
            ("early", "top", -1),
            ("late", "top", -1),
            ("early", "m", 0),
            ("early", "m", 1),
            ("late", "m", 0),
            ("late", "m", 1),
            ("early", "low", -1),
            ("late", "low", -1),
        ]

    def test_runs_without_logical_date_come_last(self) -> None:
        made = dag(task("t"))
        none, dated = scheduled(made, run_id="none", logical_date=None), scheduled(made, run_id="dated")
        found = admit(all_of(none, dated), [none, dated], limits()).admitted
        assert [one.run.run_id for one in found] == ["dated", "none"]

    def test_ties_do_not_depend_on_the_order_of_candidates(self) -> None:
        runs = [scheduled(dag(task("a"), task("b")), run_id=name) for name in ("r1", "r2")]
        candidates = all_of(*runs)
        one = admit(candidates, runs, limits(1)).admitted
        other = admit(reversed(candidates), list(reversed(runs)), limits(1)).admitted
        assert one == other == [ti(runs[0], "a")]

    def test_only_scheduled_instances_are_candidates_and_none_is_changed(self) -> None:
        run = scheduled(dag(task("a"), task("b"), task("c")), {"b": None, "c": "success"})
        assert admitted(limits(), run) == ["a"]
        assert [one.state for one in run.task_instances.values()] == ["scheduled", None, "success"]


class TestSlots:
    made = dag(*(task(f"t{n}") for n in range(6)))

    def test_parallelism(self) -> None:
        run = scheduled(self.made, {"t0": "running", "t1": "queued", "t2": "deferred"})
        found = admit(all_of(run), [run], limits(4))
        assert ids(found.admitted) == ["t3", "t4"]
        assert reasons(found) == {"t5": "parallelism 4 reached"}

    def test_more_than_one_query_s_worth_is_admitted(self) -> None:
        assert len(admitted(limits(query=2), scheduled(self.made))) == 6

    def test_a_run_that_is_not_running(self) -> None:
        run = scheduled(dag(task("t")), state="queued")
        assert reasons(admit(all_of(run), [run], limits())) == {"t": "run 'r' is queued"}


class TestPools:
    def test_a_full_pool(self) -> None:
        made = dag(*(task(f"t{n}", pool="etl") for n in range(5)))
        run = scheduled(made, {"t0": "running"})
        found = admit(all_of(run), [run], limits(etl=3))
        assert ids(found.admitted) == ["t1", "t2"]
        assert set(reasons(found).values()) == {"pool 'etl' is full (3 of 3 slots)"}

    def test_slots_wanted(self) -> None:
        made = dag(
            task("huge", pool="etl", pool_slots=9, priority_weight=3),
            task("big", pool="etl", pool_slots=3, priority_weight=2),
            task("small", pool="etl"),
            task("on", pool="etl", pool_slots=2),
        )
        run = scheduled(made, {"on": "running"})
        found = admit(all_of(run), [run], limits(etl=4))
        assert ids(found.admitted) == ["small"], "a smaller one passes a bigger one"
        assert reasons(found) == {
            "huge": "needs 9 slots of pool 'etl', which has 4",
            "big": "needs 3 slots of pool 'etl', which has 1 open (3 of 4 slots taken)",
        }

    def test_a_missing_pool(self) -> None:
        run = scheduled(dag(task("lost", pool="x", priority_weight=9), task("t")))
        found = admit(all_of(run), [run], limits())
        assert (ids(found.admitted), reasons(found)) == (["t"], {"lost": "pool 'x' does not exist"})

    @pytest.mark.parametrize(("include", "expected"), [(False, ["b"]), (True, [])])
    def test_deferred_instances_hold_slots_where_the_pool_says_so(self, include: bool, expected: list[str]) -> None:
        run = scheduled(dag(task("a", pool="p"), task("b", pool="p")), {"a": "deferred"})
        assert admitted(limits(p=PoolSlots("p", 1, include)), run) == expected

    def test_waiting_for_a_human_holds_no_slot(self) -> None:
        run = scheduled(dag(task("a", pool="p"), task("b", pool="p")), {"a": "awaiting_input"})
        assert admitted(limits(p=PoolSlots("p", 1, include_deferred=True)), run) == ["b"]

    def test_an_unlimited_pool(self) -> None:
        made = dag(*(task(f"t{n}", pool="p", pool_slots=1000) for n in range(3)))
        assert len(admitted(limits(p=-1), scheduled(made))) == 3

    def test_an_overfull_pool(self) -> None:
        run = scheduled(dag(task("a", pool="p", pool_slots=5), task("b", pool="p")), {"a": "running"})
        found = admit(all_of(run), [run], limits(p=2))
        assert reasons(found) == {"b": "pool 'p' is full (5 of 2 slots)"}


class TestConcurrency:
    def test_max_active_tasks_is_of_a_run(self) -> None:
        made = dag(*(task(f"t{n}") for n in range(4)), max_active_tasks=2)
        one, two = scheduled(made, {"t0": "running"}, run_id="one"), scheduled(made, run_id="two")
        found = admit(all_of(one, two), [one, two], limits())
        assert [(ti.run.run_id, ti.task_id) for ti in found.admitted] == [("one", "t1"), ("two", "t0"), ("two", "t1")]
        assert {reason for _, reason in found.held} == {
            "max_active_tasks 2 reached in run 'one'",
            "max_active_tasks 2 reached in run 'two'",
        }

    @pytest.mark.parametrize("state", ["queued", "running", "deferred", "awaiting_input"])
    def test_max_active_tis_per_dag_is_over_all_runs(self, state: str) -> None:
        made = dag(task("t", max_active_tis_per_dag=2))
        runs = [scheduled(made, run_id=f"r{n}") for n in range(4)]
        ti(runs[0], "t").state = state
        found = admit(all_of(*runs), runs, limits())
        assert [one.run.run_id for one in found.admitted] == ["r1"]
        assert {reason for _, reason in found.held} == {"max_active_tis_per_dag 2 of 't' reached"}

    def test_max_active_tis_per_dagrun(self) -> None:
        made = dag(task("t", length=KnownLength(3), max_active_tis_per_dagrun=1))
        runs = [scheduled(made, run_id=f"r{n}") for n in range(2)]
        found = admit(all_of(*runs), runs, limits())
        assert [(one.run.run_id, one.map_index) for one in found.admitted] == [("r0", 0), ("r1", 0)]
        assert (runs[1].task_instances["t", 2], "max_active_tis_per_dagrun 1 of 't' reached in run 'r1'") in found.held

    def test_parked_instances_do_not_count_for_max_active_tasks(self) -> None:
        run = scheduled(dag(task("a"), task("b"), max_active_tasks=1), {"a": "deferred"})
        assert admitted(limits(), run) == ["b"]


class TestHidden:
    """Airflow 3.3 ranks the instances of a run and examines the first max_active_tasks of them only."""

    made = dag(
        task("t", length=KnownLength(9), max_active_tis_per_dag=1, priority_weight=2), task("u"), max_active_tasks=4
    )

    @pytest.mark.parametrize(("query", "all_told"), [(16, 16), (0, 32)])
    def test_instances_that_cannot_start_hide_others(self, query: int, all_told: int) -> None:
        found = admit(all_of(run := scheduled(self.made)), [run], limits(query=query))
        assert ids(found.admitted) == [("t", 0)]
        hidden = f"hidden by instances before it that cannot start: a loop examines 4 of a run, {all_told} in all"
        assert reasons(found)["u"] == hidden

    def test_not_when_the_query_is_full(self) -> None:
        assert admitted(limits(query=4), scheduled(self.made)) == [("t", 0), "u"]


@settings(max_examples=200, deadline=None)
@given(data=st.data(), parallelism=st.integers(1, 6), query=st.integers(0, 5))
def test_no_limit_is_ever_exceeded_and_nobody_is_lost(data: st.DataObject, parallelism: int, query: int) -> None:
    small = st.none() | st.integers(1, 2)
    tasks = [
        task(
            f"t{n}",
            pool=data.draw(st.sampled_from(["p", "q", "gone"])),
            pool_slots=data.draw(st.integers(1, 3)),
            priority_weight=data.draw(st.integers(1, 3)),
            length=KnownLength(data.draw(st.integers(1, 3))),
            max_active_tis_per_dag=data.draw(small),
            max_active_tis_per_dagrun=data.draw(small),
        )
        for n in range(3)
    ]
    made = dag(*tasks, max_active_tasks=data.draw(st.integers(1, 4)))
    runs = [run_of(made, run_id=f"r{n}") for n in range(2)]
    for one in all_of(*runs):
        one.state = data.draw(st.sampled_from(["scheduled", "scheduled", "success", None]))
    limit = limits(parallelism, query, p=2, q=3)
    found = admit(all_of(*runs), runs, limit)
    waiting = [one for one in all_of(*runs) if one.state == "scheduled"]
    assert sorted(map(id, [*found.admitted, *(one for one, _ in found.held)])) == sorted(map(id, waiting))
    for one in found.admitted:
        one.state = "queued"
    check_limits(runs, limit)
    assert admit(all_of(*runs), runs, limit).admitted == [], "a second look at the same instant admits nobody"


def check_limits(runs: Iterable[DagRun], limit: Limits) -> None:
    taken = occupancy_of(runs)
    assert taken.executor <= limit.parallelism
    assert all(slots <= limit.pools[name].slots for name, slots in taken.pools.items())
    for run in runs:
        assert taken.of_run(run) <= run.dag.max_active_tasks
        for one in run.task_instances.values():
            assert taken.of_task(one) <= (one.task.max_active_tis_per_dag or 99)
            assert taken.of_task_in_run(one) <= (one.task.max_active_tis_per_dagrun or 99)


def test_a_known_occupancy_is_used_and_left_as_it_was() -> None:
    run = scheduled(dag(task("a"), task("b")))
    taken = occupancy_of([run])
    taken.add(ti(run, "b"), "running")
    assert ids(admit(all_of(run), [run], limits(2), taken).admitted) == ["a"]
    assert taken.executor == 1
    taken.add(ti(run, "b"), "running", sign=-1)
    assert (taken.executor, taken.of_run(run)) == (0, 0)
