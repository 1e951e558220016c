"""The real-time guard: code that computes past its budget never holds, so a signal must stop it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from types import FrameType

from harness.kernel.process import Process, remaining
from harness.kernel.simulation import Simulation

_setitimer = signal.setitimer
"""The machine's own: tasks have `harness.kernel.alarms`."""


class AlarmWatchdog:
    """SIGALRM, armed only while a process with a real deadline or an alarm runs; a timer of others goes on around it.

    Args:
        overrun: the exception to raise in the process whose budget is used up.
        former: the handler that was installed before, for alarms that are not ours.
    """

    def __init__(
        self, simulation: Simulation, overrun: Callable[[Process], BaseException], former: signal._HANDLER
    ) -> None:
        self._simulation = simulation
        self._overrun = overrun
        self._former = former
        self._others_end: float | None = None
        self._armed = False

    def arm(self, process: Process) -> None:
        """Set the timer to what is left of the process's budget."""
        budget_s = process.budget_s()
        if budget_s is not None:
            others, _ = _setitimer(signal.ITIMER_REAL, remaining(process, budget_s))
            if others and not self._armed:
                self._others_end = perf_counter() + others
            self._armed = True

    def disarm(self) -> None:
        """Stop the timer, or set it to what is left of somebody else's."""
        if not self._armed:
            return
        self._armed = False
        left = 0.0 if self._others_end is None else max(self._others_end - perf_counter(), 0.001)
        _setitimer(signal.ITIMER_REAL, left)
        self._others_end = None

    def strike(self, signum: int, frame: FrameType | None) -> None:
        """The signal's handler: raise in the process that overran, or ring its alarm."""
        process = self._simulation.current
        if process is None or process.budget_s() is None:
            if callable(self._former):
                self._former(signum, frame)
            return
        ran_s = process.running_seconds()
        if process.real_deadline is not None and ran_s >= process.real_deadline:
            raise self._overrun(process)
        alarms = self._simulation.alarms
        if alarms is not None and process.alarm is not None and ran_s >= process.alarm.real_s:
            alarms.ring(process)
        self.arm(process)


@contextmanager
def alarm_watchdog(simulation: Simulation, overrun: Callable[[Process], BaseException]) -> Iterator[None]:
    """A watchdog for the block, the former SIGALRM handler back after it; none outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.getsignal(signal.SIGALRM)
    watchdog = AlarmWatchdog(simulation, overrun, former)
    signal.signal(signal.SIGALRM, watchdog.strike)
    simulation.watchdog = watchdog
    try:
        yield
    finally:
        simulation.watchdog = None
        signal.signal(signal.SIGALRM, former)
