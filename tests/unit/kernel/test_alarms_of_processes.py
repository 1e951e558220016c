"""``signal.alarm`` and timers of processes, without Airflow: whose they are, what they refuse, what is left of them."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness.kernel import SECOND, Process, Simulation
from harness.kernel.alarms import alarms_of_processes
from harness.kernel.patches import time_patched

TIMER = signal.ITIMER_REAL


class Ended(BaseException):
    """In the place of what the bridge makes of a process that SIGALRM ends."""


def played(*bodies: Callable[[], Any], ended: Callable[[Process], None] = lambda _: None) -> list[Any]:
    """What the bodies return as processes of one simulation that begins at 0, in the order of their ends."""
    simulation, found = Simulation(0), []
    with time_patched(simulation), alarms_of_processes(simulation, ended):
        for body in bodies:
            simulation.spawn(lambda body=body: found.append(body()))
        simulation.run_until()
    return found


@pytest.mark.parametrize(
    ("secs", "interval"),
    [(float("inf"), 0.0), (1.0, float("inf")), (float("nan"), 0.0), (1.0, float("nan")), (-1.0, 0.0), (1.0, -0.5)],
)
def test_a_timer_that_python_refuses_is_refused_and_changes_nothing(secs: float, interval: float) -> None:
    def body() -> Any:
        signal.setitimer(TIMER, 5)
        with pytest.raises(signal.ItimerError) as caught:
            signal.setitimer(TIMER, secs, interval)
        return caught.value.errno, signal.getitimer(TIMER), signal.alarm(0)

    assert played(body) == [(22, (5.0, 0.0), 5)]


def test_what_is_left_is_told_by_every_function_alike() -> None:
    def body() -> Any:
        none = signal.alarm(0), signal.getitimer(TIMER), signal.setitimer(TIMER, 0)
        signal.setitimer(TIMER, 10.5, 2)
        time.sleep(0.25)
        left = signal.getitimer(TIMER)
        return none, left, signal.setitimer(TIMER, 7), signal.alarm(3), signal.alarm(0)

    assert played(body) == [((0, (0.0, 0.0), (0.0, 0.0)), (10.25, 2.0), (10.25, 2.0), 7, 3)]


def test_timers_of_processor_time_are_the_machines() -> None:
    def body() -> Any:
        return signal.getitimer(signal.ITIMER_VIRTUAL), signal.setitimer(signal.ITIMER_PROF, 0)

    assert played(body) == [((0.0, 0.0), (0.0, 0.0))]


def test_each_process_has_its_own_alarm_and_handler() -> None:
    rung: list[tuple[str, float]] = []

    def of(name: str, secs: int) -> Callable[[], Any]:
        def body() -> Any:
            former = signal.signal(signal.SIGALRM, lambda *_: rung.append((name, time.monotonic())))
            signal.alarm(secs)
            time.sleep(20)
            return former

        return body

    assert played(of("a", 7), of("b", 3)) == [signal.SIG_DFL, signal.SIG_DFL]
    assert rung == [("b", 3), ("a", 7)]


def test_one_comes_again_until_it_is_taken_away() -> None:
    rung: list[float] = []

    def body() -> Any:
        signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic()))
        signal.setitimer(TIMER, 1, 2)
        time.sleep(6)
        signal.setitimer(TIMER, 0, 2)
        time.sleep(6)
        return signal.getitimer(TIMER)

    assert played(body) == [(0.0, 0.0)]
    assert rung == [1, 3, 5]


@pytest.mark.parametrize("action", [signal.SIG_DFL, signal.SIG_IGN])
def test_without_a_handler_the_process_is_ended_unless_it_ignores_the_signal(action: Any) -> None:
    ended: list[Process] = []

    def body() -> Any:
        signal.signal(signal.SIGALRM, action)
        signal.alarm(1)
        time.sleep(2)
        return signal.getsignal(signal.SIGALRM), time.monotonic()

    assert played(body, ended=ended.append) == [(action, 2)]
    assert len(ended) == (action is signal.SIG_DFL)


def test_a_handler_that_is_none_is_refused() -> None:
    def body() -> Any:
        with pytest.raises(TypeError, match="signal handler must be"):
            signal.signal(signal.SIGALRM, 17)  # type: ignore[arg-type]
        return signal.getsignal(signal.SIGALRM)

    assert played(body) == [signal.SIG_DFL]


def test_other_signals_are_the_whole_process_s() -> None:
    former = signal.getsignal(signal.SIGUSR1)

    def handler(*_: Any) -> None: ...

    def body() -> Any:
        return signal.signal(signal.SIGUSR1, handler), signal.getsignal(signal.SIGUSR1)

    try:
        assert played(body) == [(former, handler)]
        assert signal.getsignal(signal.SIGUSR1) is handler
    finally:
        signal.signal(signal.SIGUSR1, former)


def test_outside_of_processes_they_are_the_real_ones() -> None:
    simulation = Simulation(0)
    real = {name: getattr(signal, name) for name in ("alarm", "setitimer", "getitimer", "getsignal", "signal")}
    former = signal.getsignal(signal.SIGALRM)
    with time_patched(simulation), alarms_of_processes(simulation, lambda _: None):
        assert {name for name, function in real.items() if getattr(signal, name) is not function} == set(real)
        try:
            assert signal.signal(signal.SIGALRM, signal.SIG_IGN) == former
            assert signal.setitimer(TIMER, 100) == (0.0, 0.0)
            assert signal.getitimer(TIMER)[0] == pytest.approx(100, abs=5)
            assert 90 < signal.alarm(0) <= 100
            assert real["getitimer"](TIMER) == (0.0, 0.0)
            assert real["getsignal"](signal.SIGALRM) == signal.getsignal(signal.SIGALRM) == signal.SIG_IGN
        finally:
            real["signal"](signal.SIGALRM, former)
    assert {name: getattr(signal, name) for name in real} == real


def test_the_smallest_alarm_is_one_all_the_same() -> None:
    rung: list[float] = []

    def body() -> Any:
        signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic()))
        signal.setitimer(TIMER, 1e-9)
        left = signal.getitimer(TIMER)
        time.sleep(1)
        return left

    assert played(body) == [(1 / SECOND, 0.0)]
    assert rung == [1 / SECOND]


@pytest.mark.parametrize(("module", "kept"), [("a_dag_file", True), ("harness.kernel", False), ("threading", False)])
def test_a_handler_that_a_dag_file_installed_is_that_of_its_tasks(module: str, kept: bool) -> None:
    def handler(*_: Any) -> None: ...

    handler.__module__ = module
    former = signal.signal(signal.SIGALRM, handler)
    try:
        found = played(lambda: signal.getsignal(signal.SIGALRM))
    finally:
        signal.signal(signal.SIGALRM, former)
    assert found == [handler if kept else signal.SIG_DFL]


def test_one_that_is_due_as_a_wait_ends_comes_behind_it() -> None:
    seen: list[tuple[str, float]] = []

    def body() -> None:
        signal.signal(signal.SIGALRM, lambda *_: seen.append(("rang", time.monotonic())))
        signal.alarm(2)
        time.sleep(2)
        seen.append(("woke", time.monotonic()))
        time.sleep(1)

    played(body)
    assert seen == [("woke", 2), ("rang", 2)]


def test_one_that_is_due_now_and_has_not_rung_is_not_none() -> None:
    def body() -> Any:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.alarm(2)
        time.sleep(2)
        return signal.getitimer(TIMER), signal.alarm(0), signal.getitimer(TIMER)

    assert played(body) == [((0.000_001, 0.0), 1, (0.0, 0.0))]


def test_one_that_rings_in_a_wait_leaves_the_wait_its_end() -> None:
    def body() -> float:
        signal.signal(signal.SIGALRM, lambda *_: time.sleep(1))
        signal.setitimer(TIMER, 1, 3)
        time.sleep(10)
        return time.monotonic()

    assert played(body) == [10]
