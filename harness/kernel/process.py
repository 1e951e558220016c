"""Events of the queue, and processes of the simulation: greenlets that hold, park, are woken or interrupted."""

from __future__ import annotations

import contextvars
import sys
from asyncio import CancelledError
from collections.abc import Callable
from time import perf_counter
from types import FrameType
from typing import Any, Protocol

from greenlet import GreenletExit, getcurrent, greenlet

from harness.errors import StrayExit
from harness.kernel.footprint import footprint
from harness.kernel.held_locks import LentLocks
from harness.kernel.instant import Instant, Microseconds
from harness.kernel.spin import Spin
from harness.kernel.tracing import Tracers


class Event:
    """Something that happens at an instant. ``cancel()`` makes it not happen."""

    __slots__ = ("action", "args", "at", "cancelled")

    def __init__(self, at: Instant, action: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.at, self.action, self.args, self.cancelled = at, action, args, False

    def cancel(self) -> None:
        """Take the event out of the queue; harmless when it has happened."""
        self.cancelled = True


owner: contextvars.ContextVar[Process | None] = contextvars.ContextVar("harness_process", default=None)
"""The process on whose behalf code runs; copied into threads started by it."""


class ProcessKilled(BaseException):
    """Thrown into a parked process that must end without going on with its work.

    No ``GreenletExit``: with that, a greenlet of the user's would end in silence, and who waits for it would go on.
    """


class CodeExit(BaseException):
    """Base of exits that code in a process asked for and may not have."""


EXITS = (SystemExit, GeneratorExit, GreenletExit, CancelledError, CodeExit)
"""What Python, greenlet or asyncio take for an ordinary end."""


class AlarmRang(BaseException):
    """Thrown into a process that waits while its alarm goes off; it does not see it, only its handler's effects."""


class Alarm:
    """What ``signal.alarm`` set in a process; see `harness.kernel.alarms`.

    Attributes:
        real_s: `Process.running_seconds` at which code that only computes is struck.
        interval_s: after which it comes again; 0: never.
        event: its virtual instant.
    """

    def __init__(self, real_s: float, interval_s: float) -> None:
        self.real_s, self.interval_s = real_s, interval_s
        self.event: Event | None = None


class Rings(Protocol):
    """The alarms of a simulation's processes; see `harness.kernel.alarms`."""

    def ring(self, process: Process) -> None: ...


class Host(Protocol):
    """What a process asks of the simulation that runs it; see `harness.kernel.simulation.Simulation`."""

    main: greenlet
    current: Process | None
    tracers: Tracers
    alarms: Rings | None
    on_alarm: Any
    outside: Any
    locks: LentLocks

    def schedule(self, at: Instant, action: Callable[..., Any], *args: Any) -> Event: ...

    def fresh_ambient(self) -> list[Any]: ...

    def swap_ambient(self, states: list[Any]) -> list[Any]: ...

    def arm_watchdog(self, process: Process) -> None: ...

    def disarm_watchdog(self) -> None: ...


class Process:
    """One virtual thread of work in virtual time.

    Attributes:
        name: for messages.
        context: the variables of its code; a greenlet that its code makes begins without any.
        args: what its code was called with.
        alive: not yet ended.
        killed: ended by `kill`; whatever its code still does on the way out does not count.
        real_seconds: real time its own code took so far, waits in virtual time excluded.
        footprint: what it holds of memory; None where nobody asked for it.
        resume: the event that ends its present hold, None when it runs or is parked for good.
        waiting_for: what it waits for, for messages ("sleep 60 s"), None when it runs.
        shielded: it cleans up after itself; a kill waits for that until its grace is over.
        real_deadline: ``perf_counter`` budget of `real_seconds` after which the watchdog strikes, or None.
        alarm, on_alarm: its alarm and its handler of SIGALRM.
        lacks: locks that its code believes to hold and a thread has.
    """

    def __init__(
        self,
        simulation: Host,
        run: Callable[..., Any],
        args: tuple[Any, ...],
        name: str,
        on_end: Callable[[Process], None] | None = None,
    ) -> None:
        self.name = name
        self.simulation = simulation
        self.alive = True
        self.killed = False
        self.shielded = False
        self.resume: Event | None = None
        self.interruptible = False
        self.waiting_for: str | None = None
        self.real_seconds = 0.0
        self.footprint = footprint()
        self.real_deadline: float | None = None
        self.alarm: Alarm | None = None
        self.on_alarm: Any = simulation.on_alarm
        self.event_loop: Any = None  # the asyncio loop set for this process (policy state)
        self.spin = Spin()
        self.lacks: list[Any] = []
        self._takes_missing = False
        self._on_end = on_end
        self._ambient: list[Any] | None = None
        self._tracer: Any = None
        self._entered_at = 0.0
        self._greenlet: greenlet | None = greenlet(self._body)
        self._parked: greenlet | None = None  # where it left: its own greenlet, or one that its code made
        self.context = contextvars.copy_context()
        self.context.run(owner.set, self)
        self._greenlet.gr_context = self.context
        self._run, self.args = run, args

    def __repr__(self) -> str:
        return f"<Process {self.name} {'alive' if self.alive else 'ended'}>"

    @property
    def started(self) -> bool:
        """Whether its code has begun."""
        return self._ambient is not None or not self.alive

    def abandon(self) -> None:
        """End a process whose code has not begun."""
        self.alive = False
        if self.resume is not None:
            self.resume.cancel()
        if self._on_end is not None:
            self._on_end(self)

    def _body(self) -> None:
        try:
            self._run(*self.args)
        except ProcessKilled:
            pass
        except EXITS as error:  # others are seen by whoever runs us: errors, Ctrl-C, a test framework's outcomes
            if not self.killed:
                raise _escaped(self, error) from error
        finally:
            self.alive = False
            self.waiting_for = None
            self.forget_alarm()
            if self._on_end is not None:
                self._on_end(self)

    def enter(self, exception: BaseException | None = None) -> None:
        """Give it the processor until it holds, parks or ends. Only the simulation's main loop calls this."""
        simulation, vthread = self.simulation, self._greenlet
        assert vthread is not None
        self.resume = None
        self.waiting_for = None
        simulation.current = self
        simulation.locks.begin_turn()
        # What asyncio, Airflow and the streams keep process-wide would otherwise be that of whoever ran before.
        outside = simulation.swap_ambient(self.ambient())
        # A greenlet's parent is who made it, here maybe another process: what this one raises is the main loop's to
        # see.
        vthread.parent = simulation.main
        self._entered_at = perf_counter()
        simulation.arm_watchdog(self)
        # A trace function for each process: coverage's keeps one stack of frames a thread (`harness.kernel.tracing`).
        outer = sys.gettrace()
        tracer = None if outer is None else self._tracer or simulation.tracers.fresh()
        if self.footprint is not None:
            self.footprint.enters()
        try:
            if tracer is not None:
                sys.settrace(tracer)
            self._go_on(vthread, exception)
        finally:
            if self.footprint is not None:
                self.footprint.leaves()
            if tracer is not None:
                self._tracer = sys.gettrace()
                sys.settrace(outer)
                if not self.alive:
                    simulation.tracers.give_back(self._tracer)
            simulation.disarm_watchdog()
            self.real_seconds += perf_counter() - self._entered_at
            inside = simulation.swap_ambient(outside)
            self._ambient = inside if self.alive else None
            simulation.current = None
            if not self.alive:
                # Their context holds this process, and whoever spoke in it: a circle, which only the collector would
                # free.
                self._greenlet = self._parked = None

    def _go_on(self, vthread: greenlet, exception: BaseException | None) -> None:
        """Resume where it left, until it leaves again or ends.

        A greenlet of the user's may end below us: its parent was that of another task, or the very main one. In a
        worker the task's own code is the main greenlet, and has the value.
        """
        parked, self._parked = self._parked or vthread, None
        value = parked.switch() if exception is None else parked.throw(exception)
        while self.alive and self._parked is None:
            value = vthread.switch(value)

    def ambient(self) -> list[Any]:
        """The state of every ambient as it left it; for a thread of its own that goes on while it waits."""
        return self.simulation.fresh_ambient() if self._ambient is None else self._ambient

    def keep_ambient(self, state: list[Any]) -> None:
        """Take over what such a thread made of it."""
        if self._ambient is not None:
            self._ambient = state

    def running_seconds(self) -> float:
        """`real_seconds` including the present turn, for the process that runs now."""
        return self.real_seconds + perf_counter() - self._entered_at

    def leave(self, why: str, interruptible: bool = False) -> None:
        """Give the processor back. Only called from inside the process, through the simulation.

        When its alarm rings, the handler runs here, and unless that raises the wait goes on, as waits of Python do.
        """
        while True:
            held = self._lent(sys._getframe(1))
            waits = self.resume
            self.waiting_for = why
            self.interruptible = interruptible
            self._parked = getcurrent()
            try:
                try:
                    self.simulation.main.switch()
                finally:
                    self.lacks += self.simulation.locks.take_back(held)
            except AlarmRang:
                # Python's own waits go on after a handler that returns (PEP 475), to their old end: so does this one.
                self.interruptible = False
                assert self.simulation.alarms is not None  # who else had it ring?
                self.simulation.alarms.ring(self)
                if waits is not None:
                    self.resume = self.simulation.schedule(waits.at, self.wait_is_over)
            else:
                self.interruptible = False
                self._take_missing()
                return

    def _lent(self, frame: FrameType) -> list[Any]:
        """The locks that it holds, which nobody does from now on; with threads of its own none: they would see it."""
        outside = self.simulation.outside
        if outside is not None and outside.has_of(self):
            return []
        return self.simulation.locks.lend(frame, self.lacks, alone=not outside)

    def _take_missing(self) -> None:
        """Wait for the locks that a thread has taken meanwhile, as its code goes on under them."""
        if self._takes_missing:  # it leaves to wait for one
            return
        outside, self._takes_missing = self.simulation.outside, True
        try:
            while self.lacks:
                lock = self.lacks[-1]
                while not lock.acquire(blocking=outside is None):
                    outside.watch(lambda: not lock.locked(), None, "wait for a lock")  # noqa: B023 - asked meanwhile
                self.lacks.remove(lock)
        finally:
            self._takes_missing = False

    def forget_alarm(self) -> None:
        """It does not ring."""
        if self.alarm is not None and self.alarm.event is not None:
            self.alarm.event.cancel()
        self.alarm = None

    def budget_s(self) -> float | None:
        """`running_seconds` at which the watchdog looks at it, None when it may run as long as it likes."""
        if self.alarm is None:
            return self.real_deadline
        return self.alarm.real_s if self.real_deadline is None else min(self.alarm.real_s, self.real_deadline)

    def wait_is_over(self) -> None:
        """The action of the event that ends a hold."""
        if self.alive:
            self.enter()


def remaining(process: Process, budget_s: float) -> float:
    """Real seconds left of a budget for a process's own code; never below 1 ms."""
    # ``setitimer`` takes zero for "no timer": who is over its budget already would never be struck.
    return max(budget_s - process.running_seconds(), 0.001)


def _escaped(process: Process, error: BaseException) -> StrayExit:
    code = f"({error.code!r})" if isinstance(error, SystemExit) else ""
    return StrayExit(
        f"{type(error).__name__}{code} escaped from {process.name!r}",
        why="in production it would end the worker or the triggerer that runs this code",
        fix="raise an exception that can be handled instead; sys.exit() belongs into a program of its own",
    )


__all__ = ["CodeExit", "Microseconds", "Process", "ProcessKilled", "StrayExit", "owner", "remaining"]
