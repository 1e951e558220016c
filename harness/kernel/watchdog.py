"""The real-time guard: code that computes past its budget never holds, so a signal must stop it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from harness.kernel.process import Process, remaining
from harness.kernel.simulation import Simulation


class AlarmWatchdog:
    """SIGALRM, armed only while a process with a real deadline runs.

    Args:
        overrun: the exception to raise in the process whose budget is used up.
    """

    def __init__(self, simulation: Simulation, overrun: Callable[[Process], BaseException]) -> None:
        self._simulation = simulation
        self._overrun = overrun

    def arm(self, process: Process) -> None:
        """Set the timer to what is left of the process's budget."""
        if process.real_deadline is not None:
            signal.setitimer(signal.ITIMER_REAL, remaining(process, process.real_deadline))

    def disarm(self) -> None:
        """Stop the timer."""
        signal.setitimer(signal.ITIMER_REAL, 0)

    def strike(self, _signum: int, _frame: FrameType | None) -> None:
        """The signal's handler: raise in the process that overran."""
        process = self._simulation.current
        if process is None or process.real_deadline is None:
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
    watchdog = AlarmWatchdog(simulation, overrun)
    before = signal.signal(signal.SIGALRM, watchdog.strike)
    simulation.watchdog = watchdog
    try:
        yield
    finally:
        simulation.watchdog = None
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
