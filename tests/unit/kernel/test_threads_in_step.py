"""Threads that processes start, in virtual time: who waits for whom, until when, and what is left at the end."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from typing import Any

import pytest

from harness.kernel import SECOND
from tests.unit.kernel.test_greenlets import START, simulate


def seconds(*bodies: Any, **more: Any) -> dict[str, tuple[Any, float]]:
    """By name, what each body returned and the second at which it did."""
    return simulate(*bodies, **more)


def started(work: Any) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_to_join_a_thread_lasts_as_long_as_it_sleeps() -> None:
    def body() -> None:
        started(lambda: time.sleep(100)).join()

    began = time.perf_counter()
    assert seconds(body) == {"body": (None, 100)}
    assert time.perf_counter() - began < 0.9, "no second of it is a real one"


def test_a_thread_may_run_what_belongs_to_no_module() -> None:
    def body() -> Any:
        kept: list[int] = []
        seen: set[int] = set()
        lock = threading.Lock()
        for target, given in ((kept.append, (1,)), (seen.add, (2,)), (lock.acquire, ())):
            thread = threading.Thread(target=target, args=given)
            thread.start()
            thread.join()
        return kept, seen, lock.locked()

    assert seconds(body) == {"body": (([1], {2}, True), 0)}


def test_threads_sleep_side_by_side() -> None:
    def body() -> None:
        threads = [started(lambda n=n: time.sleep(n)) for n in (30, 100, 60)]
        for thread in threads:
            thread.join()

    assert seconds(body) == {"body": (None, 100)}


def test_they_go_on_in_the_order_of_their_instants() -> None:
    woken: list[int] = []

    def body() -> None:
        def sleeps(by: int) -> None:
            time.sleep(by)
            woken.append(by)

        for thread in [started(lambda by=by: sleeps(by)) for by in (30, 10, 20)]:
            thread.join()

    seconds(body)
    assert woken == [10, 20, 30]


def test_a_join_that_does_not_wait_to_the_end_takes_its_own_time() -> None:
    def body() -> list[Any]:
        thread = started(lambda: time.sleep(100))
        thread.join(40)
        first = thread.is_alive()
        thread.join()
        return [first, thread.is_alive()]

    assert seconds(body) == {"body": ([True, False], 100)}


@pytest.mark.parametrize(
    ("caller", "alive", "at"), [("psycopg", False, 100), ("multiprocessing.pool", False, 100), ("their_dag", True, 40)]
)
def test_the_limit_of_a_join_is_real_where_a_driver_joins(caller: str, alive: bool, at: float) -> None:
    """As drivers time out on the real clock: of which not a second passes while the thread sleeps."""
    code: dict[str, Any] = {"__name__": caller}
    exec("def joins(thread): thread.join(40); return thread.is_alive()", code)

    def body() -> list[Any]:
        thread = started(lambda: time.sleep(100))
        return [code["joins"](thread), (time.time() - START / SECOND)]

    assert seconds(body)["body"][0] == [alive, at]


def test_an_event_is_waited_for_in_virtual_time() -> None:
    def body() -> list[bool]:
        event = threading.Event()
        started(lambda: (time.sleep(50), event.set()))
        return [event.wait(20), event.wait(100)]

    assert seconds(body) == {"body": ([False, True], 50)}


def test_a_thread_waits_for_its_process_in_virtual_time_too() -> None:
    def body() -> list[float]:
        event, told = threading.Event(), []

        def waits() -> None:
            began = time.time()
            told.append(event.wait(20))
            told.append(event.wait(100))
            told.append(time.time() - began)

        thread = started(waits)
        time.sleep(50)
        event.set()
        thread.join()
        return told

    assert seconds(body) == {"body": ([False, True, 50.0], 50)}


def test_work_given_to_a_pool_is_awaited_in_virtual_time() -> None:
    def body() -> list[Any]:
        with ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(lambda n=n: (time.sleep(n), n)[1]) for n in (30, 10, 20)]
            return [future.result() for future in futures]

    assert seconds(body) == {"body": ([30, 10, 20], 30)}


def test_one_worker_does_one_thing_after_the_other() -> None:
    def body() -> None:
        with ThreadPoolExecutor(1) as pool:
            for _ in range(3):
                pool.submit(time.sleep, 10)

    assert seconds(body) == {"body": (None, 30)}


def test_a_result_that_is_not_there_in_time() -> None:
    def body() -> str:
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(time.sleep, 100)
            with pytest.raises(NotInTime):
                future.result(timeout=5)
            return str(time.time() - START / SECOND)

    assert seconds(body) == {"body": ("5.0", 100)}


def test_another_process_is_not_held_up() -> None:
    def body() -> None:
        started(lambda: time.sleep(100)).join()

    def other() -> None:
        time.sleep(30)

    assert seconds(body, other) == {"body": (None, 100), "other": (None, 30)}


def test_an_error_in_a_thread_is_its_own() -> None:
    told: list[str] = []

    def body() -> None:
        def fails() -> None:
            try:
                time.sleep(10)
                raise LookupError
            except LookupError:
                told.append("seen")
                raise

        thread = threading.Thread(target=fails)
        former, threading.excepthook = threading.excepthook, lambda _: None
        try:
            thread.start()
            thread.join()
        finally:
            threading.excepthook = former

    assert seconds(body) == {"body": (None, 10)}
    assert told == ["seen"]


def test_a_pool_of_the_harness_beside_it_is_as_ever() -> None:
    """A thread that no process started is nobody's: real time passes for it, and no virtual one."""
    outside: list[float] = []

    def then(simulation: Any, processes: Any) -> None:
        thread = threading.Thread(target=lambda: outside.append(simulation.now))
        thread.start()
        thread.join()

    def body() -> None:
        time.sleep(10)

    assert seconds(body, then=then) == {"body": (None, 10)}
    assert outside == [START]


def test_what_still_sleeps_when_its_process_is_killed_does_not_go_on() -> None:
    woken: list[str] = []

    def body() -> None:
        started(lambda: (time.sleep(100), woken.append("went on")))
        time.sleep(1000)

    def then(simulation: Any, processes: Any) -> None:
        simulation.schedule(START + 10 * SECOND, simulation.kill, processes[0])

    assert seconds(body, then=then) == {}
    assert woken == []


def test_what_cleans_up_behind_a_process_that_is_gone_may_start_threads() -> None:
    done: list[str] = []

    def body() -> None:
        def works() -> None:
            try:
                time.sleep(100)
            finally:
                started(lambda: done.append("of its own"))
                done.append("the thread itself")

        started(works)
        time.sleep(1000)

    def other() -> None:
        time.sleep(500)

    def then(simulation: Any, processes: Any) -> None:
        simulation.schedule(START + 10 * SECOND, simulation.kill, processes[0])

    assert seconds(body, other, then=then) == {"other": (None, 500)}
    assert sorted(done) == ["of its own", "the thread itself"]


@pytest.mark.parametrize(
    ("waits", "outcome"),
    [
        (lambda: queue.Queue().get(timeout=30), "Empty"),
        (lambda: full().put(2, timeout=30), "Full"),
        (lambda: condition_of(lambda: False, 30), False),
        (lambda: threading.Semaphore(0).acquire(timeout=30), False),
    ],
    ids=["get", "put", "wait_for", "acquire"],
)
@pytest.mark.parametrize("in_thread", [False, True])
def test_a_timeout_of_the_standard_librarys_waits_is_virtual(waits: Any, outcome: Any, in_thread: bool) -> None:
    def body() -> Any:
        found: list[Any] = []

        def waits_once() -> None:
            try:
                found.append(waits())
            except (queue.Empty, queue.Full) as error:
                found.append(type(error).__name__)

        if in_thread:
            started(waits_once).join()
        else:
            waits_once()
        return found

    assert seconds(body) == {"body": ([outcome], 30)}


def full() -> Any:
    made: Any = queue.Queue(1)
    made.put(1)
    return made


def condition_of(predicate: Any, timeout_s: float) -> bool:
    condition = threading.Condition()
    with condition:
        return condition.wait_for(predicate, timeout_s)


def test_a_thread_sleeps_on_while_its_process_computes() -> None:
    woken: list[float] = []

    def body() -> Any:
        thread = started(lambda: (time.sleep(100), woken.append(time.monotonic())))
        end = time.perf_counter() + 0.1  # some looks at where the main thread stands
        while time.perf_counter() < end:
            pass
        early = list(woken)
        thread.join()
        return early

    assert seconds(body) == {"body": ([], 100)}
    assert len(woken) == 1


def test_one_that_is_due_when_its_process_ends_goes_on() -> None:
    woken: list[str] = []

    def body() -> None:
        started(lambda: (time.sleep(5), woken.append("at its end")))
        started(lambda: (time.sleep(5.1), woken.append("behind it")))
        time.sleep(5)

    assert seconds(body) == {"body": (None, 5)}
    assert woken == ["at its end"]


@pytest.mark.parametrize("timeout_s", [None, 30])
def test_behind_the_simulation_a_thread_waits_for_real(timeout_s: float | None) -> None:
    event, threads, found = threading.Event(), [], []

    def body() -> None:
        threads.append(started(lambda: found.append(event.wait(timeout_s))))

    seconds(body)
    event.set()
    threads[0].join(5)
    assert found == [True]
