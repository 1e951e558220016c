"""``signal.alarm`` and ``setitimer`` of tasks: each process has its own, and its own handler, as in a worker.

A wait uses up the alarm in virtual time, as ``execution_timeout``; code that computes is struck by the watchdog when
it has run for so long in real time. Without a handler SIGALRM ends the process, which the bridge makes of it.
"""

from __future__ import annotations

import math
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from harness.kernel.instant import SECOND, Microseconds, later, seconds
from harness.kernel.loaded_modules import loaded
from harness.kernel.present import running
from harness.kernel.process import Alarm, Process
from harness.kernel.simulation import Simulation
from harness.kernel.whose import is_users

_REAL = {name: getattr(signal, name) for name in ("alarm", "setitimer", "getitimer", "getsignal", "signal")}


class Alarms:
    """The alarms of one simulation's processes, behind the functions of ``signal``.

    Args:
        ended: called with a process that SIGALRM ends; raises in its place.
    """

    def __init__(self, simulation: Simulation, ended: Callable[[Process], None]) -> None:
        self._simulation, self._ended = simulation, ended

    # -- in place of signal's own ----------------------------------------------------------------------------------

    def alarm(self, secs: int, /) -> int:
        """``signal.alarm``."""
        process = running()
        if process is None:
            return int(_REAL["alarm"](secs))
        left = self._set(process, secs.__index__(), 0.0)
        return math.ceil(left / SECOND)

    def setitimer(self, which: int, secs: float, interval: float = 0.0, /) -> tuple[float, float]:
        """``signal.setitimer``; timers of processor time stay real."""
        process = running()
        if process is None or which != signal.ITIMER_REAL:
            found: tuple[float, float] = _REAL["setitimer"](which, secs, interval)
            return found
        if not (math.isfinite(secs) and math.isfinite(interval)) or secs < 0 or interval < 0:
            raise signal.ItimerError(22, "Invalid argument")
        every = 0.0 if process.alarm is None else process.alarm.interval_s
        return self._set(process, secs, interval) / SECOND, every

    def getitimer(self, which: int, /) -> tuple[float, float]:
        """``signal.getitimer``."""
        process = running()
        if process is None or which != signal.ITIMER_REAL:
            found: tuple[float, float] = _REAL["getitimer"](which)
            return found
        return (0.0, 0.0) if process.alarm is None else (self._left(process) / SECOND, process.alarm.interval_s)

    def signal(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``signal.signal``, around what stands there."""

        def install(signalnum: int, handler: Any) -> Any:
            process = running()
            if process is None or signalnum != signal.SIGALRM:
                return original(signalnum, handler)
            if not callable(handler) and handler not in (signal.SIG_DFL, signal.SIG_IGN):
                raise TypeError("signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object")
            former, process.on_alarm = process.on_alarm, handler
            return former

        return install

    def getsignal(self, signalnum: int) -> Any:
        """``signal.getsignal``."""
        process = running()
        return _REAL["getsignal"](signalnum) if process is None or signalnum != signal.SIGALRM else process.on_alarm

    # -- as time passes ------------------------------------------------------------------------------------------------

    def ring(self, process: Process) -> None:
        """Inside the process, at its alarm: what its handler does, or the end of it.

        Raises: whatever the handler raises.
        """
        alarm = process.alarm
        process.forget_alarm()
        if alarm is not None and alarm.interval_s:
            self._set(process, alarm.interval_s, alarm.interval_s)
        if callable(process.on_alarm):
            process.on_alarm(signal.SIGALRM, sys._getframe(1))
        elif process.on_alarm != signal.SIG_IGN:
            self._ended(process)

    def _set(self, process: Process, secs: float, interval_s: float) -> Microseconds:
        """Set the alarm anew, or none for 0. Returns: what was left of the former one."""
        left = self._left(process)
        process.forget_alarm()
        if secs > 0:
            due = later(self._simulation.now, max(seconds(secs), 1))
            process.alarm = Alarm(process.running_seconds() + secs, interval_s)
            process.alarm.event = self._simulation.schedule(due, self._simulation.ring, process, process.alarm)
        self._simulation.disarm_watchdog()
        self._simulation.arm_watchdog(process)
        return left

    def _left(self, process: Process) -> Microseconds:
        alarm = process.alarm
        return 0 if alarm is None or alarm.event is None else max(alarm.event.at - self._simulation.now, 1)


@contextmanager
def alarms_of_processes(simulation: Simulation, ended: Callable[[Process], None]) -> Iterator[Alarms]:
    """Put them in the place of ``signal``'s functions for the block, also where users' modules imported them."""
    alarms = simulation.alarms = Alarms(simulation, ended)
    former_handler = signal.getsignal(signal.SIGALRM)
    if callable(former_handler) and is_users(getattr(former_handler, "__module__", None) or ""):
        simulation.on_alarm = former_handler  # a Dag file installed it: in a worker each task's process would have it
    names = {
        "alarm": alarms.alarm,
        "setitimer": alarms.setitimer,
        "getitimer": alarms.getitimer,
        "getsignal": alarms.getsignal,
        "signal": alarms.signal(signal.signal),
    }
    swaps = {id(_REAL[name]): function for name, function in names.items()}
    changes: list[tuple[Any, str, Any]] = [(signal, name, function) for name, function in names.items()]
    for _, module in loaded.users():
        found = list(vars(module).items())
        changes += [(module, attribute, swaps[id(value)]) for attribute, value in found if id(value) in swaps]
    former = [(holder, name, vars(holder)[name]) for holder, name, _ in changes]
    for holder, name, value in changes:
        setattr(holder, name, value)
    try:
        yield alarms
    finally:
        for holder, name, value in reversed(former):
            setattr(holder, name, value)
