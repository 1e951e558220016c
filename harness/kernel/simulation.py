"""The event queue and the clock it moves."""

from __future__ import annotations

import heapq
import itertools
import signal
import threading
from collections.abc import Callable
from typing import Any, Protocol

from greenlet import getcurrent

from harness.kernel.held_locks import LentLocks
from harness.kernel.instant import SECOND, Instant, Microseconds, iso, later
from harness.kernel.process import Alarm, AlarmRang, Event, Process, ProcessKilled, Rings
from harness.kernel.tracing import Tracers

URGENT, NORMAL, LATE, LAST = range(4)
"""Priorities among events of one instant: state changes first, then work, then decisions over the result, and last what
asks whether anything had happened until then."""

KILLS = 100
"""Kills after which a process that catches them is given up."""

SAME_INSTANT_LIMIT = 1_000_000


class StuckClock(RuntimeError):
    """More than `SAME_INSTANT_LIMIT` events at one instant: something waits zero seconds in a loop."""


class Clock(Protocol):
    """The way to the process's clocks; see `harness.kernel.clock`."""

    def advance(self, by: Microseconds) -> None: ...


class Ambient(Protocol):
    """Process-wide state of a library that belongs to whichever simulation process runs."""

    def fresh(self) -> Any: ...

    def swap(self, state: Any) -> Any: ...


class Simulation:
    """Totally ordered events, ``(time, priority, sequence)``, and the processes they resume.

    Args:
        start: the first instant.
        clock: moved before every event; None leaves the process's clocks alone.
    Attributes:
        start: the first instant.
        now: the present instant.
        current: the process that runs, None in the main loop.
        processes: the living ones, in order of their spawning.
        locks: those that parked processes hold.
        thread: where it was made; its processes run in no other.
        survived: called with a process whose code caught `KILLS` kills and went on, so that it was left where it stood.
    """

    def __init__(self, start: Instant, clock: Clock | None = None) -> None:
        self.start = self.now = start
        self.current: Process | None = None
        self.processes: dict[Process, None] = {}
        self.main = getcurrent()
        self.thread = threading.current_thread()
        self.stopped: str | None = None
        self.ambients: list[Ambient] = []
        self.watchdog: Watchdog | None = None
        self.alarms: Rings | None = None
        self.on_alarm: Any = signal.SIG_DFL
        self.outside: Outside | None = None
        self.tracers = Tracers()
        self.locks = LentLocks()
        self.survived: Callable[[Process], None] = lambda _: None
        self._clock = clock
        self._queue: list[tuple[Instant, int, int, Event]] = []
        self._sequence = itertools.count()
        self._same_instant = 0

    def schedule(self, at: Instant, action: Callable[..., Any], *args: Any, priority: int = NORMAL) -> Event:
        """Have ``action(*args)`` called at an instant; one in the past is taken as now."""
        when = at if at > self.now else self.now
        event = Event(when, action, args)
        heapq.heappush(self._queue, (when, priority, next(self._sequence), event))
        return event

    def spawn(self, run: Callable[..., Any], *args: Any, name: str = "process", at: Instant | None = None) -> Process:
        """A new process, started after what is queued before it, at this instant or at ``at``."""
        process = Process(self, run, args, name, on_end=self._forget)
        self.processes[process] = None
        self.schedule(self.now if at is None else at, process.wait_is_over)
        return process

    def hold(self, by: Microseconds, why: str = "hold") -> None:
        """Park the running process for a span of virtual time.

        Raises: RuntimeError: outside a process; whatever `interrupt` throws.
        """
        process = self._running()
        process.resume = self.schedule(later(self.now, max(by, 0)), process.wait_is_over)
        process.leave(why, interruptible=True)

    def park(self, why: str = "park") -> None:
        """Park the running process until `wake` or `interrupt`; does not keep the simulation going."""
        self._running().leave(why, interruptible=True)

    def wake(self, process: Process) -> None:
        """End the process's hold or park at this instant."""
        if process.alive and process.interruptible:
            if process.resume is not None:
                process.resume.cancel()
            process.interruptible = False
            process.resume = self.schedule(self.now, process.wait_is_over, priority=URGENT)

    def interrupt(self, process: Process, exception: BaseException) -> bool:
        """Throw an exception into a process that holds; from the main loop. True when it was thrown."""
        if not process.alive or process is self.current:
            return False
        if process.resume is not None:
            process.resume.cancel()
        process.enter(exception)
        return True

    def ring(self, process: Process, alarm: Alarm) -> None:
        """Have a process that waits see to its alarm."""
        if not process.alive or process.alarm is not alarm or process is self.current:
            return
        if process.resume is not None:
            if process.resume.at <= self.now:  # its wait is over anyway: first that
                alarm.event = self.schedule(self.now, self.ring, process, alarm)
                return
            process.resume.cancel()
        process.enter(AlarmRang())

    def kill(self, process: Process, grace: Microseconds = 0) -> None:
        """End a parked process; its own ``finally`` blocks still run, what they report does not count.

        Args:
            grace: virtual time that those may take; 0 ends them at their first hold.
        """
        process.killed = True
        if not process.started:
            process.abandon()
        if grace > 0 and process.alive:
            if not process.shielded:
                self.interrupt(process, ProcessKilled())
            self.schedule(later(self.now, grace), self.kill, process)
            return
        for _ in range(KILLS):  # code that swallows the kill and holds again is thrown out again
            if not process.alive:
                return
            self.interrupt(process, ProcessKilled())
        self._forget(process)
        self.survived(process)

    def step(self) -> bool:
        """Move to the next event and let it happen. False when there is none."""
        if self.peek() is None:
            return False
        self._happen()
        return True

    def _happen(self) -> None:
        """Move to the first event of the queue, which is not cancelled, and let it happen."""
        at, _, _, event = heapq.heappop(self._queue)
        self._move_to(at)
        event.action(*event.args)

    def peek(self) -> Instant | None:
        """The instant of the next event, None when there is none."""
        queue = self._queue
        while queue:
            if not queue[0][3].cancelled:
                return queue[0][0]
            heapq.heappop(queue)
        return None

    def run_until(self, until: Instant | None = None) -> None:
        """Step until the queue is empty, `stop` was called, or the next event lies after ``until``."""
        self.main = getcurrent()
        while self.stopped is None:
            at = self.peek()
            if self.outside is not None and (at is None or at > self.now):
                self.outside.before(at)
                at = self.peek()
            if at is None or (until is not None and at > until):
                return
            self._happen()

    def stop(self, why: str) -> None:
        """Have `run_until` return after the present event."""
        self.stopped = why

    def close(self) -> None:
        """Kill what is still parked, newest first, and drop the queue."""
        self.main = getcurrent()
        for process in reversed(list(self.processes)):
            self.kill(process)
        self._queue.clear()

    def fresh_ambient(self) -> list[Any]:
        """What a process that begins should find of every ambient."""
        return [ambient.fresh() for ambient in self.ambients]

    def swap_ambient(self, states: list[Any]) -> list[Any]:
        """Give every ambient, in their order, another state. Returns: the former ones."""
        return [ambient.swap(state) for ambient, state in zip(self.ambients, states)]  # noqa: B905 - of one length

    def arm_watchdog(self, process: Process) -> None:
        """Start the real-time watchdog for a process that has a real deadline or an alarm."""
        if self.watchdog is not None and process.budget_s() is not None:
            self.watchdog.arm(process)

    def disarm_watchdog(self) -> None:
        """Stop the watchdog when the process gives the processor back."""
        if self.watchdog is not None:
            self.watchdog.disarm()

    def _running(self) -> Process:
        if self.current is None or getcurrent() is self.main:
            raise RuntimeError("hold and park belong inside a process; the main loop has nobody to wait for")
        return self.current

    def _forget(self, process: Process) -> None:
        self.processes.pop(process, None)

    def _move_to(self, at: Instant) -> None:
        if at > self.now:
            if self._clock is not None:
                self._clock.advance(at - self.now)
            self.now = at
            self._same_instant = 0
            return
        self._same_instant += 1
        if self._same_instant > SAME_INSTANT_LIMIT:
            raise StuckClock(f"{SAME_INSTANT_LIMIT} events at {iso(self.now)}: something waits 0 s in a loop")


class Outside(Protocol):
    """What goes on in threads beside the main loop; see `harness.kernel.threads.virtual`."""

    def before(self, at: Instant | None) -> None: ...

    def has_of(self, process: Process) -> bool: ...


class Watchdog(Protocol):
    """Real-time guard for code that never gives the processor back; see `harness.kernel.watchdog`."""

    def arm(self, process: Process) -> None: ...

    def disarm(self) -> None: ...


__all__ = [
    "LAST",
    "LATE",
    "NORMAL",
    "SECOND",
    "URGENT",
    "Ambient",
    "Clock",
    "Simulation",
    "StuckClock",
    "Watchdog",
]
