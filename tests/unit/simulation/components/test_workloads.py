"""What executors were given: begun at once, or when one of their workers is free."""

from __future__ import annotations

from typing import Any

import pytest

from harness.kernel import Simulation
from harness.scheduler.executors import ExecutorSlots, WorkerSlots
from harness.scheduler.queueing import Limits
from harness.simulation.components.executors import Workload, Workloads

CELERY = ExecutorSlots("CeleryExecutor", 32, frozenset({"CeleryExecutor", "celery"}))
LOCAL = ExecutorSlots("LocalExecutor", 4, frozenset({"LocalExecutor"}))


class Process:
    """One that goes on until it is told otherwise."""

    alive = True


@pytest.fixture
def begun() -> list[str]:
    return []


def workload(begun: list[str], name: str, executor: str | None = None, queue: str = "default") -> Workload:
    def start() -> Any:
        begun.append(name)
        return Process()

    return Workload(start, executor, queue)


def workloads(*workers: WorkerSlots, executors: tuple[ExecutorSlots, ...] = (CELERY, LOCAL)) -> Workloads:
    return Workloads(Limits(32, {}, executors=executors, workers=workers))


def worker(concurrency: int = 1, executor: str = "CeleryExecutor", *queues: str) -> WorkerSlots:
    return WorkerSlots("w", executor, frozenset(queues or ("default",)), concurrency)


def test_an_executor_without_workers_begins_at_once(begun: list[str]) -> None:
    given = workloads()
    one = workload(begun, "a")
    assert given.give(one)
    assert begun == ["a"]
    assert one.process is not None
    assert (given.waiting, given.why(one), given.revoke(one), given.take()) == (0, None, False, False)


def test_one_with_workers_begins_when_they_take_it(begun: list[str]) -> None:
    given = workloads(worker(2))
    made = [workload(begun, name) for name in "abc"]
    assert [given.give(one) for one in made] == [False, False, False]
    assert (begun, given.waiting) == ([], 3)
    given.take()
    assert (begun, given.waiting) == (["a", "b"], 1)
    assert given.why(made[2]) == "no free worker for queue 'default' (w)"
    assert given.why(made[0]) is None
    given.take()
    assert begun == ["a", "b"], "they are busy"
    made[0].process.alive = False  # type: ignore[union-attr,misc]
    given.take()
    assert (begun, given.waiting) == (["a", "b", "c"], 0)


def test_each_executor_has_its_own_workers_and_one_may_have_none(begun: list[str]) -> None:
    given = workloads(worker(1))
    waits, local = workload(begun, "celery", "celery"), workload(begun, "local", "LocalExecutor")
    assert (given.give(waits), given.give(local)) == (False, True)
    assert begun == ["local"]
    default, unknown = workload(begun, "default"), workload(begun, "unknown", "Nobody")
    assert (given.give(default), given.give(unknown)) == (False, True)


def test_one_that_is_revoked_is_never_begun(begun: list[str]) -> None:
    given, simulation = workloads(worker()), Simulation(0)
    one = workload(begun, "a")
    one.timeout = simulation.schedule(10, begun.append, "too late")
    given.give(one)
    assert given.revoke(one)
    assert not given.revoke(one), "it is gone already"
    given.take()
    simulation.run_until()
    assert (begun, given.waiting) == ([], 0)


def test_one_that_is_taken_no_longer_times_out(begun: list[str]) -> None:
    given, simulation = workloads(worker()), Simulation(0)
    one = workload(begun, "a")
    one.timeout = simulation.schedule(10, begun.append, "too late")
    given.give(one)
    given.take()
    simulation.run_until()
    assert begun == ["a"]


def test_one_that_nobody_wants_keeps_its_slot_until_a_worker_sees_so(begun: list[str]) -> None:
    given = workloads(worker())
    first, second = workload(begun, "a"), workload(begun, "b")
    given.give(first)
    given.give(second)
    given.take()
    given.abandon(second)
    assert (list(given.stale), given.waiting) == ([second], 1)
    assert not given.take(), "the worker is busy"
    first.process.alive = False  # type: ignore[union-attr,misc]
    assert given.take(), "a slot is free again"
    assert (begun, given.stale, given.waiting) == (["a"], {}, 0)


def test_abandoned_before_a_worker_it_does_not_time_out_either(begun: list[str]) -> None:
    given, simulation = workloads(worker()), Simulation(0)
    one = workload(begun, "a")
    one.timeout = simulation.schedule(10, begun.append, "too late")
    given.give(one)
    given.abandon(one)
    simulation.run_until()
    assert begun == []


def test_what_has_begun_cannot_be_abandoned(begun: list[str]) -> None:
    given = workloads(worker())
    taken, at_once = workload(begun, "a"), workload(begun, "b", "LocalExecutor")
    given.give(taken)
    given.give(at_once)
    given.take()
    for one in (taken, at_once):
        given.abandon(one)
    assert (given.stale, taken.stale, at_once.stale) == ({}, False, False)


def test_a_stale_one_is_taken_before_those_behind_it_and_holds_none_up(begun: list[str]) -> None:
    given = workloads(worker())
    first, second = workload(begun, "a"), workload(begun, "b")
    given.give(first)
    given.give(second)
    given.abandon(first)
    given.take()
    assert begun == ["b"]
