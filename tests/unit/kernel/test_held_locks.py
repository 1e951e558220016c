"""A process that sleeps and holds a lock keeps no other from it: each task has its own locks, in its own worker."""

from __future__ import annotations

import gc
import threading
from contextlib import suppress
from typing import Any

import pytest

from harness.kernel import held_locks
from harness.kernel.instant import SECOND
from harness.kernel.simulation import Simulation

LOCK = threading.Lock()


class Client:
    shared = threading.Lock()

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def ask(self, wait: Any) -> None:
        with self.lock:
            wait()

    def ask_all(self, wait: Any) -> None:
        with Client.shared:
            try:
                wait()
            finally:
                pass


CLIENT = Client()


def by_a_global(wait: Any) -> None:
    with LOCK:
        wait()


def by_hand(wait: Any) -> None:
    LOCK.acquire()
    try:
        wait()
    finally:
        LOCK.release()


def below_another(wait: Any) -> None:
    with suppress(KeyError), LOCK, suppress(ValueError):
        (lambda: wait())()


WAYS = [by_a_global, by_hand, below_another, CLIENT.ask, CLIENT.ask_all]
LOCKS = [LOCK, CLIENT.lock, Client.shared]


@pytest.fixture(autouse=True)
def free():
    yield
    assert [lock.locked() for lock in LOCKS] == [False] * 3


@pytest.mark.parametrize("way", WAYS, ids=lambda one: one.__name__)
def test_two_processes_are_inside_at_one_time(way: Any) -> None:
    simulation, seen = Simulation(0), []

    def work(name: str, secs: int) -> None:
        way(lambda: simulation.hold(secs * SECOND))
        seen.append((name, simulation.now // SECOND))

    simulation.spawn(work, "slow", 9)
    simulation.spawn(work, "quick", 2)
    simulation.spawn(work, "last", 30)
    simulation.run_until()
    assert seen == [("quick", 2), ("slow", 9), ("last", 30)]


@pytest.mark.parametrize("way", WAYS, ids=lambda one: one.__name__)
def test_who_goes_on_holds_it_again(way: Any) -> None:
    simulation, held = Simulation(0), []

    def work() -> None:
        way(lambda: (simulation.hold(SECOND), held.append([lock.locked() for lock in LOCKS].count(True))))

    simulation.spawn(work)
    simulation.run_until()
    assert held == [1]


def test_who_is_killed_leaves_it_free() -> None:
    simulation = Simulation(0)
    process = simulation.spawn(by_a_global, lambda: simulation.hold(9 * SECOND))
    simulation.schedule(SECOND, simulation.kill, process)
    simulation.spawn(by_a_global, lambda: simulation.hold(20 * SECOND))
    simulation.run_until()
    assert simulation.now == 20 * SECOND


def test_a_lock_that_was_given_back_and_is_a_threads_now_is_left_alone() -> None:
    simulation, seen = Simulation(0), []

    def work() -> None:
        with LOCK:
            pass
        LOCK.acquire()
        LOCK.release()
        taken = threading.Thread(target=LOCK.acquire)
        taken.start()
        taken.join()
        simulation.hold(SECOND)
        seen.append(LOCK.locked())

    simulation.spawn(work)
    simulation.schedule(1, lambda: seen.append(LOCK.locked()))
    simulation.run_until()
    LOCK.release()
    assert seen == [True, True]


def test_nothing_of_the_users_runs_to_find_a_lock() -> None:
    class Careful:
        @property
        def lock(self) -> threading.Lock:
            raise AssertionError("asked")

    careful, simulation = Careful(), Simulation(0)

    def work() -> None:
        try:
            with careful.lock:
                pass
        except AssertionError:
            simulation.hold(SECOND)

    simulation.spawn(work)
    simulation.run_until()
    assert simulation.now == SECOND


class Helper:
    """Takes and gives back where no frame shows it."""

    def __enter__(self) -> None:
        LOCK.acquire()

    def __exit__(self, *_: object) -> None:
        LOCK.release()


def test_a_lock_that_another_takes_unseen_is_the_others_meanwhile() -> None:
    simulation, seen = Simulation(0), []

    def seen_holder() -> None:
        by_a_global(lambda: [simulation.hold(SECOND) for _ in range(4)])
        seen.append(("seen", simulation.now // SECOND, LOCK.locked()))

    def unseen_holder() -> None:
        with Helper():
            simulation.hold(2 * SECOND)
            seen.append(("unseen", simulation.now // SECOND, LOCK.locked()))

    simulation.spawn(seen_holder)
    simulation.spawn(unseen_holder)
    simulation.spawn(by_a_global, lambda: simulation.hold(9 * SECOND))
    simulation.run_until()
    assert seen == [("unseen", 2, True), ("seen", 4, False)]


def behind(wait: Any) -> None:
    LOCK.acquire()
    try:
        pass
    finally:
        LOCK.release()
    wait()


def asks_in_a_loop(wait: Any) -> None:
    while not LOCK.acquire(blocking=False):
        wait()
    LOCK.release()


def is_told_no(wait: Any) -> None:
    if LOCK.acquire(timeout=0.001):
        LOCK.release()
    else:
        wait()


def gives_back_and_waits(wait: Any) -> None:
    with suppress(RuntimeError):
        LOCK.release()
        LOCK.acquire()
        LOCK.release()
    LOCK.acquire()
    wait()
    LOCK.release()


@pytest.mark.parametrize("way", [asks_in_a_loop, is_told_no], ids=lambda one: one.__name__)
def test_who_asks_in_vain_gives_back_nothing(way: Any) -> None:
    simulation, seen = Simulation(0), []

    def holder() -> None:
        with Helper():
            simulation.hold(5 * SECOND)
            seen.append(LOCK.locked())

    simulation.spawn(holder)
    simulation.spawn(way, lambda: simulation.hold(SECOND))
    simulation.run_until()
    assert seen == [True]
    assert simulation.now == 5 * SECOND


def by_a_question(wait: Any) -> None:
    if not LOCK.acquire(False):
        raise AssertionError("it is free")
    try:
        wait()
    finally:
        LOCK.release()


def by_another_question(wait: Any) -> None:
    if LOCK.acquire(timeout=1):
        wait()
        LOCK.release()


@pytest.mark.parametrize(
    "way", [by_a_question, by_another_question, gives_back_and_waits], ids=lambda one: one.__name__
)
def test_who_asked_and_got_it_holds_it(way: Any) -> None:
    simulation = Simulation(0)
    for secs in (9, 2):
        simulation.spawn(way, lambda secs=secs: simulation.hold(secs * SECOND))
    simulation.run_until()
    assert simulation.now == 9 * SECOND


@pytest.mark.parametrize("way", [behind, by_hand, by_a_global], ids=lambda one: one.__name__)
def test_what_a_thread_holds_stays_its_own(way: Any) -> None:
    """A process that comes back to its critical section waits until the thread has left it."""
    simulation, seen = Simulation(0), []
    thread = threading.Thread(
        target=lambda: (LOCK.acquire(), taken.set(), let.wait(9), seen.append("thread"), LOCK.release())
    )
    taken, let = threading.Event(), threading.Event()

    def take() -> None:
        thread.start()
        taken.wait(9)
        threading.Timer(0.1, let.set).start()

    simulation.spawn(way, lambda: (simulation.hold(SECOND), simulation.hold(SECOND), seen.append("process")))
    simulation.schedule(1, take)
    simulation.run_until()
    thread.join()
    assert sorted(seen) == ["process", "thread"]
    assert way is behind or seen == ["thread", "process"]


def test_code_that_is_gone_is_forgotten() -> None:
    def known() -> int:
        loaded: dict[str, Any] = {}
        exec("def way(wait):\n    wait()", loaded)
        simulation = Simulation(0)
        simulation.spawn(loaded["way"], lambda: simulation.hold(SECOND))
        simulation.run_until()
        return len(held_locks._KNOWN)

    found = []
    for _ in range(3):
        found.append(known())
        gc.collect()
    assert len(set(found)) == 1
