"""A process that sleeps and holds a lock keeps no other from it: each task has its own locks, in its own worker."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import pytest

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
