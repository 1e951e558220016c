"""Several executors with slots of their own, and workers that serve queues."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from scheduler_builders import dag, ids, run_of, task

from harness.scheduler.executors import (
    Broker,
    ExecutorSlots,
    WorkerSlots,
    executor_of,
    in_turn,
    requeue_stuck,
    slots_taken,
)
from harness.scheduler.model import Dag, DagRun, KnownLength, TaskInstance
from harness.scheduler.queueing import Limits, PoolSlots, admit, occupancy_of

CELERY = ExecutorSlots("CeleryExecutor", 2, frozenset({"CeleryExecutor", "path.to.CeleryExecutor"}))
GPU = ExecutorSlots("gpu:path.to.Gpu", 1, frozenset({"gpu", "path.to.Gpu", "Gpu"}))
BOTH = (CELERY, GPU)


def limits(parallelism: int = 32, executors: tuple[ExecutorSlots, ...] = BOTH) -> Limits:
    return Limits(parallelism, {"default_pool": PoolSlots("default_pool", 128)}, executors=executors)


def scheduled(made: Dag, **states: str) -> DagRun:
    run = run_of(made)
    for one in run.task_instances.values():
        one.state = states.get(one.task_id, "scheduled")
    return run


def admitted(run: DagRun, limit: Limits) -> tuple[list[Any], dict[str, str]]:
    found = admit(run.task_instances.values(), [run], limit)
    return ids(found.admitted), {one.task_id: reason for one, reason in found.held}


class TestSlots:
    def test_an_executor_has_slots_of_its_own(self) -> None:
        made = dag(*(task(f"c{n}") for n in range(4)), task("g0", executor="gpu"), task("g1", executor="Gpu"))
        assert admitted(scheduled(made), limits()) == (
            ["c0", "c1", "g0"],
            {
                "c2": "executor 'CeleryExecutor' is full (2 slots)",
                "c3": "executor 'CeleryExecutor' is full (2 slots)",
                "g1": "executor 'gpu:path.to.Gpu' is full (1 slot)",
            },
        )

    def test_slots_are_taken_by_what_is_queued_or_runs_but_not_by_what_is_deferred(self) -> None:
        made = dag(*(task(f"c{n}") for n in range(4)))
        run = scheduled(made, c0="running", c1="deferred")
        assert admitted(run, limits())[0] == ["c2"]

    def test_parallelism_bounds_all_executors_together(self) -> None:
        made = dag(task("c0"), task("c1"), task("g", executor="gpu"))
        found, held = admitted(scheduled(made), limits(2))
        assert found == ["c0", "c1"]
        assert held == {"g": "parallelism 2 reached"}

    def test_a_full_executor_is_asked_after_all_other_limits(self) -> None:
        made = dag(task("c0"), task("c1"), task("c2", max_active_tis_per_dag=0))
        assert admitted(scheduled(made), limits())[1] == {"c2": "max_active_tis_per_dag 0 of 'c2' reached"}

    def test_a_name_that_is_not_configured_waits_for_ever(self) -> None:
        found, held = admitted(scheduled(dag(task("t", executor="spark"))), limits())
        assert found == []
        assert held == {"t": "no executor 'spark' (there is CeleryExecutor, gpu:path.to.Gpu)"}

    def test_without_declared_executors_any_name_will_do(self) -> None:
        assert admitted(scheduled(dag(task("t", executor="spark"))), limits(executors=()))[0] == ["t"]

    def test_a_callback_takes_a_slot(self) -> None:
        run = scheduled(dag(task("g", executor="gpu"), task("c")))
        taken = occupancy_of([run])
        taken.add_workload("gpu")
        found = admit(run.task_instances.values(), [run], limits(), taken)
        assert ids(found.admitted) == ["c"]

    def test_executors_get_what_a_loop_admitted_one_after_the_other(self) -> None:
        made = dag(task("a", executor="gpu"), task("b"), task("c", executor="path.to.Gpu"), task("d"))
        instances = list(scheduled(made).task_instances.values())
        assert ids(in_turn(instances, BOTH)) == ["a", "c", "b", "d"]
        assert ids(in_turn(instances, ())) == ["a", "b", "c", "d"]


@settings(max_examples=100, deadline=None)
@given(data=st.data(), slots=st.tuples(st.integers(1, 3), st.integers(1, 3)), parallelism=st.integers(1, 5))
def test_no_executor_is_ever_overfull(data: st.DataObject, slots: tuple[int, int], parallelism: int) -> None:
    both = (ExecutorSlots("a", slots[0], frozenset({"a"})), ExecutorSlots("b", slots[1], frozenset({"b"})))
    asked = st.sampled_from([None, "a", "b"])
    tasks = [task(f"t{n}", executor=data.draw(asked), length=KnownLength(2)) for n in range(4)]
    run = scheduled(dag(*tasks))
    for one in admit(run.task_instances.values(), [run], limits(parallelism, both)).admitted:
        one.state = "queued"
    taken = occupancy_of([run])
    assert taken.executor <= parallelism
    assert all(slots_taken(one, taken.executors, both) <= one.slots for one in both)
    queued = {name: [ti for ti in run.task_instances.values() if _on(ti, name, both)] for name in ("a", "b")}
    waits = {name: any(ti.state == "scheduled" for ti in several) for name, several in queued.items()}
    for one in both:
        full = slots_taken(one, taken.executors, both) == one.slots or taken.executor == parallelism
        assert full or not waits[one.name], "a free slot is not left to nobody while somebody waits for it"


def _on(ti: TaskInstance, name: str, executors: tuple[ExecutorSlots, ...]) -> bool:
    found = executor_of(ti.task.executor, executors)
    return found is not None and found.name == name


class TestWorkers:
    workers = (
        WorkerSlots("general", "celery", frozenset({"default", "etl"}), 2),
        WorkerSlots("etl", "celery", frozenset({"etl"}), 1),
    )

    def broker(self, busy: set[str]) -> Broker[str]:
        return Broker(self.workers, lambda one: one in busy)

    def test_what_waits_is_taken_in_its_order_by_who_serves_the_queue(self) -> None:
        busy = {"a", "b", "c", "d"}
        broker = self.broker(busy)
        for name, queue in (("a", "default"), ("b", "etl"), ("c", "default"), ("d", "etl")):
            broker.put(name, queue)
        assert broker.take() == ["a", "b", "d"], "the worker of etl takes d, which stands behind c"
        assert broker.why("c") == "no free worker for queue 'default' (general)"
        assert broker.take() == []
        busy.remove("d")
        assert broker.take() == [], "the worker that is free does not serve this queue"
        busy.remove("b")
        assert broker.take() == ["c"]
        assert broker.why("c") is None

    def test_one_that_runs_nothing_takes_nothing(self) -> None:
        broker = Broker((WorkerSlots("none", "celery", frozenset({"default"}), 0),), lambda one: True)
        broker.put("a", "default")
        assert broker.take() == []

    def test_a_queue_that_nobody_serves(self) -> None:
        broker = self.broker(set())
        broker.put("x", "gpu")
        assert broker.take() == []
        assert broker.why("x") == "no worker serves queue 'gpu'"
        assert broker.revoke("x")
        assert not broker.revoke("x")
        assert broker.why("x") is None

    def test_who_is_stuck_is_scheduled_anew_twice_and_then_fails(self) -> None:
        run = run_of(dag(task("t")), {"t": "queued"})
        (one,) = run.task_instances.values()
        assert requeue_stuck(one, 0)
        assert one.state == "scheduled"
        one.state = "queued"
        assert requeue_stuck(one, 1)
        one.state = "queued"
        assert not requeue_stuck(one, 2)
        assert one.state == "queued", "that it fails is the caller's to do"
