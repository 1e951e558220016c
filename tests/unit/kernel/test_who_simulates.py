"""Who runs at present: one simulation a process, what its owner is told who starts a second, and who waits how."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest
from greenlet import greenlet

from harness.errors import AlreadySimulating
from harness.kernel import SECOND, Instant, Simulation, present
from harness.kernel.patches import time_patched

VARIABLE: ContextVar[str | None] = ContextVar("of_a_test", default=None)


def played(*bodies: Callable[[], Any]) -> list[Any]:
    """What the bodies return, as processes of one simulation."""
    simulation, found = Simulation(0), []
    with time_patched(simulation):
        for body in bodies:
            simulation.spawn(lambda body=body: found.append(body()))
        simulation.run_until()
    return found


def in_thread(work: Callable[[], Any]) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()), name="beside")
    thread.start()
    thread.join()
    return found[0]


def test_without_a_simulation_time_is_real_and_nobody_is_anything() -> None:
    assert (present.active(), present.threads()) == (None, None)
    assert not present.in_process()
    assert present.turn() == 0
    assert not present.pause(5, "waits")
    assert present.inherited(VARIABLE) is None


def test_one_is_active_for_the_block_also_when_it_fails() -> None:
    simulation = Simulation(3)

    def fails() -> None:
        with present.activated(simulation, lambda: 0.0):
            assert present.active() is simulation
            assert present.threads() is simulation.outside
            assert present.virtual_now() == 3
            assert not present.in_process()
            raise LookupError

    with pytest.raises(LookupError):
        fails()
    assert (present.active(), present.threads()) == (None, None)


class TestASecondOne:
    def refused(self) -> AlreadySimulating:
        with pytest.raises(AlreadySimulating) as caught, present.activated(Simulation(0), lambda: 0.0):
            pass
        return caught.value

    def test_is_refused_and_told_whose_the_first_is(self) -> None:
        with present.activated(Simulation(0), lambda: 0.0):
            mine, theirs = self.refused(), in_thread(self.refused)
            assert present.active() is not None, "the first goes on"
        for error in (mine, theirs):
            assert "a simulation already runs in this process" in str(error)
            assert error.where == f"thread {threading.current_thread().name}"
        assert mine.fix == "let the task trigger the other Dag (TriggerDagRunOperator)"
        assert theirs.fix == "run them one after the other"

    def test_is_refused_while_the_first_only_prepares(self) -> None:
        with present.claimed():
            with pytest.raises(AlreadySimulating) as caught, present.claimed():
                pass
            assert (caught.value.where, caught.value.fix) == (None, "run them one after the other")
        with present.claimed():
            pass


def test_a_process_holds_and_nobody_else_does() -> None:
    def body() -> Any:
        before = present.virtual_now()
        assert present.in_process()
        assert present.pause(2.5, "waits")
        return present.virtual_now() - before

    assert played(body) == [2_500_000]
    simulation = Simulation(0)
    with time_patched(simulation):
        assert not present.pause(5, "waits"), "the main loop is nobody's"
        assert not in_thread(lambda: present.pause(5, "waits")), "a thread that no process started neither"
        assert in_thread(present.turn) == 0


def test_who_catches_up_waits_for_what_is_ahead_and_for_nothing_else() -> None:
    def body() -> Any:
        times = []
        for instant in (3 * SECOND, SECOND, 4 * SECOND):
            present.catch_up(Instant(instant), "catches up")
            times.append(present.virtual_now())
        return times

    assert played(body) == [[3 * SECOND, 3 * SECOND, 4 * SECOND]]


def test_who_has_nothing_to_catch_up_with_lets_nobody_go_first() -> None:
    order: list[str] = []

    def body() -> None:
        present.catch_up(Instant(0), "catches up")
        order.append("first")

    played(body, lambda: order.append("second"))
    assert order == ["first", "second"]


def test_a_greenlet_of_the_users_has_what_its_process_has() -> None:
    def body() -> Any:
        VARIABLE.set("of the process")
        return greenlet(lambda: (VARIABLE.get(), present.inherited(VARIABLE))).switch()

    def other() -> Any:
        return greenlet(lambda: present.inherited(VARIABLE)).switch()

    assert played(body, other) == [(None, "of the process"), None]
