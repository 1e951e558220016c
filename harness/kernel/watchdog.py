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


class AlarmWatchdog:
    """SIGALRM, armed only while a process with a real deadline runs; a timer set by others goes on around it.

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

    def arm(self, process: Process) -> None:
        """Set the timer to what is left of the process's budget."""
        if process.real_deadline is not None:
            others, _ = signal.setitimer(signal.ITIMER_REAL, remaining(process, process.real_deadline))
            if others and self._others_end is None:
                self._others_end = perf_counter() + others

    def disarm(self) -> None:
        """Stop the timer, or set it to what is left of somebody else's."""
        left = 0.0 if self._others_end is None else max(self._others_end - perf_counter(), 0.001)
        signal.setitimer(signal.ITIMER_REAL, left)
        self._others_end = None

    def strike(self, signum: int, frame: FrameType | None) -> None:
        """The signal's handler: raise in the process that overran."""
        process = self._simulation.current
        if process is None or process.real_deadline is None:
            if callable(self._former):
                self._former(signum, frame)
            return
        if process.running_seconds() < process.real_deadline:
            self.arm(process)
            return
        raise self._overrun(process)


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
