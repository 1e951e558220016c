"""Threads and pools that refuse: as Python refuses, and with nothing left that the clock waits for."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from harness.kernel import Simulation
from harness.kernel.patches import time_patched
from tests.unit.kernel.test_greenlets import simulate


def quick(*bodies: Any) -> dict[str, tuple[Any, float]]:
    """As ``simulate``, and in no real time worth the name."""
    began = time.perf_counter()
    done = simulate(*bodies)
    assert time.perf_counter() - began < 0.8
    return done


def test_a_thread_that_was_started_already() -> None:
    def body() -> None:
        thread = threading.Thread(target=time.sleep, args=(1,))
        thread.start()
        with pytest.raises(RuntimeError, match="threads can only be started once"):
            thread.start()
        thread.join()
        time.sleep(9)

    assert quick(body)["body"][1] == 10


def test_a_pool_that_was_shut_down() -> None:
    def body() -> None:
        pool = ThreadPoolExecutor(1)
        pool.shutdown()
        with pytest.raises(RuntimeError, match="after shutdown"):
            pool.submit(time.sleep, 1)
        time.sleep(10)

    assert quick(body)["body"][1] == 10


def test_work_that_is_cancelled_before_it_begins() -> None:
    def body() -> Any:
        with ThreadPoolExecutor(1) as pool:
            first, second = pool.submit(time.sleep, 5), pool.submit(time.sleep, 50)
            cancelled = second.cancel()
            first.result()
        time.sleep(5)
        return cancelled

    assert quick(body)["body"] == (True, 10)


def test_a_condition_whose_lock_nobody_has() -> None:
    def body() -> None:
        def waits() -> None:
            with pytest.raises(RuntimeError, match="cannot wait on un-acquired lock"):
                threading.Condition().wait(5)

        waits()
        thread = threading.Thread(target=waits)
        thread.start()
        thread.join()

    assert quick(body)["body"][1] == 0


def test_a_wait_that_is_over_before_it_begins() -> None:
    def body() -> Any:
        event = threading.Event()
        return event.wait(0), event.wait(-1), event.wait(0.5), event.wait(3)

    assert quick(body)["body"] == ((False, False, False, False), 3.5)


@pytest.mark.parametrize(("caller", "at"), [("psycopg2.of_this_test", 0), ("their_dag", 0.05)])
def test_a_wait_is_his_who_waits_and_not_his_who_called_him(caller: str, at: float) -> None:
    code: dict[str, Any] = {"__name__": caller}
    exec("def waits(condition):\n    with condition:\n        return condition.wait(0.05)", code)

    def body() -> Any:
        return code["waits"](threading.Condition())

    assert quick(body)["body"] == (False, at)


def test_a_thread_that_joins_itself() -> None:
    def body() -> Any:
        said: list[str] = []

        def joins() -> None:
            try:
                threading.current_thread().join()
            except RuntimeError as error:
                said.append(str(error))

        thread = threading.Thread(target=joins)
        thread.start()
        thread.join()
        return said

    assert quick(body)["body"] == (["cannot join current thread"], 0)


def test_one_that_was_never_started_cannot_be_joined() -> None:
    def body() -> None:
        with pytest.raises(RuntimeError, match="cannot join thread before it is started"):
            threading.Thread(target=int).join()

    assert quick(body)["body"][1] == 0


def test_outside_of_processes_pools_and_threads_are_real() -> None:
    simulation = Simulation(0)
    with time_patched(simulation):
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(lambda: 7).result(timeout=10) == 7
        event = threading.Event()
        began = time.perf_counter()
        assert not event.wait(0.05)
        assert time.perf_counter() - began >= 0.05
        thread = threading.Thread(target=event.set)
        thread.start()
        thread.join(10)
        assert event.is_set()
    assert (simulation.now, bool(simulation.outside)) == (0, False)


def test_a_thread_that_waits_when_the_simulation_ends_waits_on_for_real() -> None:
    event, done = threading.Event(), []
    threads: list[threading.Thread] = []

    def body() -> None:
        thread = threading.Thread(target=lambda: done.append(event.wait(30)), daemon=True)
        threads.append(thread)
        thread.start()

    simulate(body)
    assert done == []
    event.set()
    threads[0].join(10)
    assert done == [True]
