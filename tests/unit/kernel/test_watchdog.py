"""The real-time guard: armed while a process with a budget runs, and a timer of others goes on around it."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

import harness.kernel.process
from harness.kernel import Process, Simulation, watchdog
from harness.kernel.process import Alarm
from harness.kernel.watchdog import AlarmWatchdog, alarm_watchdog


class Overrun(Exception):
    """What the guard throws."""


class Timer:
    """In the place of the machine's."""

    def __init__(self, others_s: float = 0.0) -> None:
        self.left, self.set = others_s, []  # type: ignore[var-annotated]

    def __call__(self, which: int, secs: float) -> tuple[float, float]:
        assert which == signal.ITIMER_REAL
        former, self.left = self.left, secs
        self.set.append(round(secs, 2))
        return former, 0.0


@pytest.fixture
def timer(monkeypatch: pytest.MonkeyPatch) -> Timer:
    made = Timer()
    monkeypatch.setattr(watchdog, "_setitimer", made)
    return made


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    """One that runs now; it takes no real time but what a test says."""
    monkeypatch.setattr(harness.kernel.process, "perf_counter", lambda: 100.0)
    simulation = Simulation(0)
    made = simulation.spawn(int)
    made._entered_at = 100.0
    simulation.current = made
    return made


def guard(process: Process, former: Any = signal.SIG_DFL) -> AlarmWatchdog:
    return AlarmWatchdog(process.simulation, Overrun, former)  # type: ignore[arg-type]


class TestArming:
    def test_to_what_is_left_of_the_budget(self, timer: Timer, process: Process) -> None:
        process.real_deadline, process.real_seconds = 10.0, 4.0
        one = guard(process)
        one.arm(process)
        one.disarm()
        assert timer.set == [6.0, 0.0]
        one.disarm()
        assert timer.set == [6.0, 0.0], "it is disarmed already"

    def test_one_without_a_budget_needs_no_guard(self, timer: Timer, process: Process) -> None:
        one = guard(process)
        one.arm(process)
        one.disarm()
        assert timer.set == []

    def test_the_nearer_of_alarm_and_deadline_counts(self, timer: Timer, process: Process) -> None:
        process.alarm = Alarm(3.0, 0.0)
        guard(process).arm(process)
        process.real_deadline = 2.0
        guard(process).arm(process)
        process.alarm = Alarm(1.0, 0.0)
        guard(process).arm(process)
        assert timer.set == [3.0, 2.0, 1.0]

    def test_a_timer_of_others_has_what_is_left_of_it_afterwards(
        self, timer: Timer, process: Process, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = [100.0]
        monkeypatch.setattr(watchdog, "perf_counter", lambda: now[0])
        process.real_deadline, timer.left = 50.0, 7.0
        one = guard(process)
        one.arm(process)
        now[0] += 2
        one.arm(process)  # anew, for the same process: the timer that is there now is ours
        now[0] += 1
        one.disarm()
        assert timer.set[-1] == 4.0
        timer.left = 0.0
        one.arm(process)
        one.disarm()
        assert timer.set[-1] == 0.0, "the others' is not remembered twice"

    def test_one_of_others_that_is_over_meanwhile_comes_at_once(
        self, timer: Timer, process: Process, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = [100.0]
        monkeypatch.setattr(watchdog, "perf_counter", lambda: now[0])
        process.real_deadline, timer.left = 50.0, 7.0
        one = guard(process)
        one.arm(process)
        now[0] += 9
        one.disarm()
        assert 0 < timer.left <= 0.001


class TestStriking:
    def struck(self, process: Process, former: Any = signal.SIG_DFL) -> None:
        guard(process, former).strike(signal.SIGALRM, None)

    def test_who_is_over_its_budget_is_thrown_out(self, timer: Timer, process: Process) -> None:
        process.real_deadline, process.real_seconds = 5.0, 5.0
        with pytest.raises(Overrun):
            self.struck(process)

    def test_who_is_not_goes_on_and_is_watched_again(self, timer: Timer, process: Process) -> None:
        process.real_deadline, process.real_seconds = 5.0, 1.0
        self.struck(process)
        assert timer.set == [4.0]

    @pytest.mark.parametrize(("ran_s", "rings"), [(1.0, 0), (3.0, 1), (4.0, 1)])
    def test_its_alarm_rings_when_it_is_due(self, timer: Timer, process: Process, ran_s: float, rings: int) -> None:
        rung: list[Process] = []

        class Alarms:
            def ring(self, process: Process) -> None:
                rung.append(process)

        process.simulation.alarms = Alarms()
        process.alarm, process.real_seconds, process.real_deadline = Alarm(3.0, 0.0), ran_s, 60.0
        self.struck(process)
        assert rung == [process] * rings

    @pytest.mark.parametrize("nobody", ["runs", "has a budget"])
    def test_a_signal_of_others_is_for_their_handler(self, timer: Timer, process: Process, nobody: str) -> None:
        seen: list[int] = []
        if nobody == "runs":
            process.simulation.current, process.real_deadline = None, 1.0
        self.struck(process, lambda number, frame: seen.append(number))
        assert seen == [signal.SIGALRM]
        self.struck(process, signal.SIG_IGN)


def test_code_that_only_computes_is_stopped_in_real_time_and_all_is_put_back() -> None:
    simulation, ended = Simulation(0), []
    former = signal.getsignal(signal.SIGALRM)

    def spins() -> None:
        try:
            while True:
                pass
        except Overrun:
            ended.append(simulation.now)

    with alarm_watchdog(simulation, Overrun):
        simulation.spawn(spins).real_deadline = 0.05
        simulation.run_until()
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert ended == [0]
    assert (simulation.watchdog, signal.getsignal(signal.SIGALRM)) == (None, former)


def test_in_another_thread_there_is_none() -> None:
    simulation, found = Simulation(0), []  # type: ignore[var-annotated]

    def work() -> None:
        with alarm_watchdog(simulation, Overrun):
            found.append(simulation.watchdog)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [None]
