"""Threads that processes start, kept in step with virtual time.

A thread that sleeps, waits for another or has nothing to do is *at rest*. Before the clock moves, all threads are
brought to rest, in real time that is no virtual time; a thread that sleeps goes on, alone, when the clock has reached
its instant. A process that waits for a thread is parked like any other and looked after between events.

Where a thread stands is read off its topmost frame: whether it waits for a lock, nothing else tells.
"""

from __future__ import annotations

import dis
import heapq
import itertools
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from types import CodeType

from harness.kernel.instant import Instant, Microseconds, later
from harness.kernel.process import Process
from harness.kernel.simulation import Simulation
from harness.kernel.spin import Spin

CodePosition = tuple[CodeType, int]
"""A code object and the instruction in it."""

_WAITING = frozenset({"__enter__", "_acquire_restore", "acquire", "get"})
"""Methods written in C that wait for another thread: of locks, and of ``queue.SimpleQueue``."""


def position_of(thread: threading.Thread | None) -> CodePosition | None:
    """Where it stands now, None when it has no frame."""
    frame = None if thread is None else sys._current_frames().get(thread.ident or 0)
    return None if frame is None else (frame.f_code, frame.f_lasti)


@lru_cache(maxsize=1024)
def waits_for_lock(position: CodePosition) -> bool:
    """Whether this is a ``with`` statement's entry, or a call of one of the methods that wait."""
    # A lock is written in C and leaves no frame: the last instruction of the Python frame above it is all there is to
    # see.
    code, offset = position
    before = [each for each in dis.get_instructions(code) if each.offset <= offset]
    if not before or before[-1].opname in ("BEFORE_WITH", "SETUP_WITH"):
        return bool(before)
    methods = (each for each in reversed(before) if each.opname in ("LOAD_METHOD", "LOAD_ATTR"))
    return "CALL" in before[-1].opname and next((each.argval in _WAITING for each in methods), False)


STILL_S = 0.005
"""Real seconds without any other thread beginning or ending a sleep after which the earliest one may go on."""


class BackgroundThreads:
    """A queue of sleeping threads.

    What a thread does between two sleeps takes real time and no virtual time, so the earliest to wake may go on once
    the others have had the chance to fall asleep too: two workers of a pool then share the work as they would have.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: list[tuple[int, int]] = []
        self._tickets = itertools.count()

    def sleep(self, until: int) -> None:
        """Return when no sleeping thread has an earlier instant and nothing stirred for `STILL_S`."""
        with self._changed:
            ticket = (until, next(self._tickets))
            heapq.heappush(self._queue, ticket)
            self._changed.notify_all()
            # ``wait`` is True when somebody began or ended a sleep: others may be about to fall asleep until an
            # earlier instant. Only a wait that times out says that nothing stirs.
            while self._changed.wait(STILL_S) or self._queue[0] != ticket:
                pass
            heapq.heappop(self._queue)
            self._changed.notify_all()


Question = Callable[[], bool]

# Why there are patiences at all: a thread that serves never rests, and would keep the clock from ever moving. Users
# can see how long they are: docs/fidelity.md, "threads that work".
WORK_PATIENCE_S = 60.0
"""Real seconds that work given to a pool, a joined thread or a child process has before the clock moves."""
WAITED_PATIENCE_S = 5.0
"""The same for any other thread, while a process waits for one."""
IDLE_PATIENCE_S = 1.0
"""The same while nobody waits: it may be a server that never rests."""
LAST_PATIENCE_S = 600.0
"""Real seconds that a process waits for threads that run when nothing else is left to happen."""
REST_PATIENCE_S = 2.0
"""The same when all of them rest: only a thread that nobody knows of could wake one."""
SLICE_S = 0.02
"""Real seconds after which a resting thread looks whether the simulation is over."""
TICK_S = 0.001
"""The same for whoever waits for threads to rest, when nobody tells it sooner."""
BLOCKED_SLICES, LOCKED_SLICES = 50, 3
"""Slices in one place after which the main thread is taken to wait for something that a resting thread holds; where it
asks for a lock."""
LOCKED_TICKS = 8
"""Ticks of asking for a lock after which a thread is at rest: another that rests must hold it."""

real_wait = threading.Condition.wait
_here = threading.local()
_numbers = itertools.count()


class ProcessGone(SystemExit):
    """Raised in a thread that still sleeps when its process is gone: what comes after the sleep never happens."""


class VirtualThread:
    """A thread of a process, or a piece of work that it gave to a pool of threads.

    Attributes:
        process: on whose behalf it runs.
        pool: the pool it was given to.
        thread: who runs it; None while it waits in line.
        loose: belongs to machinery that rests unseen; its sleeps run ahead of the clock (``ahead``) and nobody waits.
        ended: its code has; the thread may live a little longer.
        resting: it waits; ``soon`` tells whether it is about to go on.
        woken: its rest is over, and it has not gone on yet; on a busy machine that takes its time.
        position, still: where it stood when it was last observed, and how often it has not moved since.
        due: the instant that ends its rest; ``expired`` when that came, ``gone`` when its process was killed before.
        waited: real seconds it was waited for since it last rested.
    """

    def __init__(self, home: VirtualThreads, process: Process, pool: ThreadPoolExecutor | None, loose: bool) -> None:
        self.home, self.process, self.pool, self.loose = home, process, pool, loose
        self.number = next(_numbers)
        self.thread: threading.Thread | None = None
        self.ended = self.resting = self.woken = False
        self.soon: Question = _never
        self.wake: Callable[[], None] = _nothing
        self.due: Instant | None = None
        self.expired = self.gone = False
        self.waited = 0.0
        self.spin = Spin()
        self.ahead: Instant = home.simulation.now
        self.position: CodePosition | None = None
        self.still = 0

    def observe(self, at: threading.Thread | None) -> None:
        """Note where a thread stands."""
        position = position_of(at)
        self.still = self.still + 1 if position == self.position else 0
        self.position = position

    def waits_for_lock(self, still: int) -> bool:
        """Whether who was looked at asks for a lock, and has at so many looks."""
        return self.still >= still and self.position is not None and waits_for_lock(self.position)


class WakeCondition:
    """What a parked process waits for: ``ready``; while ``pending``, a thread is sure to bring it about by itself."""

    def __init__(self, ready: Question, pending: Question) -> None:
        self.ready, self.pending, self.waited = ready, pending, 0.0


class VirtualThreads:
    """The threads of one simulation.

    Args:
        clock: real monotonic seconds.
    """

    def __init__(self, simulation: Simulation, clock: Callable[[], float]) -> None:
        self.simulation = simulation
        self.closed = False
        self.clock = clock
        self._changed = threading.Condition(threading.Lock())
        self._living: dict[VirtualThread, None] = {}
        self._watches: dict[Process, WakeCondition] = {}
        self._settling = False

    def __bool__(self) -> bool:
        return bool(self._living)

    def has_of(self, process: Process) -> bool:
        """Whether any of them are a process's."""
        return any(vthread.process is process for vthread in list(self._living))

    # -- in any thread ------------------------------------------------------------------------------------------------

    def add(self, process: Process, pool: ThreadPoolExecutor | None = None, loose: bool = False) -> VirtualThread:
        """A thread that is about to start, or work that is about to be given to a pool."""
        vthread = VirtualThread(self, process, pool, loose)
        if not loose:
            with self._changed:
                self._living[vthread] = None
        return vthread

    def begin(self, vthread: VirtualThread) -> VirtualThread | None:
        """The calling thread is this virtual thread now; what it was before."""
        before: VirtualThread | None = getattr(_here, "vthread", None)
        with self._changed:
            vthread.thread = threading.current_thread()
        _here.vthread = vthread
        return before

    def end(self, vthread: VirtualThread, before: VirtualThread | None = None) -> None:
        """It has ended, and the calling thread is what it was before."""
        if vthread.thread is threading.current_thread():
            _here.vthread = before
        with self._changed:
            vthread.ended = True
            if vthread.pool is not None or vthread.thread is None:
                self._living.pop(vthread, None)
            self._changed.notify_all()

    def background_threads(self) -> bool:
        """Whether a thread rests until an instant."""
        return self._earliest() is not None

    def rests_in(self, thread: threading.Thread) -> bool:
        """Whether a thread will not go on by itself for now."""
        return any(
            each.thread is thread and ((each.resting and not each.soon()) or each.waited >= WORK_PATIENCE_S)
            for each in list(self._living)
        )

    # -- in a thread of ours --------------------------------------------------------------------------------------

    def sleep(self, vthread: VirtualThread, by: Microseconds) -> None:
        """Rest until the clock has moved on by so much."""
        gate = threading.Lock()
        gate.acquire()  # opened by `_expire` or `close`, whichever is first
        self.rest(vthread, lambda real_s: gate.acquire(timeout=real_s), lambda: not gate.locked(), by, gate.release)
        if not vthread.expired:
            raise ProcessGone

    def rest(
        self,
        vthread: VirtualThread,
        block: Callable[[float], bool],
        soon: Question,
        by: Microseconds | None,
        wake: Callable[[], None] | None = None,
    ) -> bool:
        """Rest until `block`, called with real seconds, is True. False when ``by`` was over first, or the simulation.

        Args:
            soon: whether `block` would be True.
            wake: ends a `block` at once.
        """
        with self._changed:
            vthread.due = None if by is None else later(self.simulation.now, max(by, 0))
            vthread.soon, vthread.wake = soon, wake or _nothing
            vthread.resting, vthread.expired, vthread.waited, vthread.still = True, False, 0.0, 0
            self._changed.notify_all()
        try:
            # In slices: a thread that is blocked for good would not hear that the simulation is over, or that the
            # main thread waits for a lock that it holds (test_a_lock_that_a_sleeping_thread_holds_is_no_dead_end).
            while not self.closed and not (got := block(SLICE_S)):
                if vthread.expired or self._overtakes(vthread):
                    break
            if vthread.gone:
                raise ProcessGone
            return not self.closed and got and not vthread.expired
        finally:
            with self._changed:
                vthread.resting, vthread.due, vthread.soon, vthread.wake = False, None, _never, _nothing
                vthread.woken, vthread.still = False, 0
                self._changed.notify_all()

    def _overtakes(self, vthread: VirtualThread) -> bool:
        """Whether the main thread seems to wait for what a resting thread holds (a lock): then the earliest goes on."""
        # While it settles, the main thread waits for the threads to rest: where it stands says nothing about a lock.
        if vthread.due is None or self._settling or self.simulation.current is None:
            vthread.still = 0
            return False
        vthread.observe(self.simulation.thread)
        if vthread.still < BLOCKED_SLICES and not vthread.waits_for_lock(LOCKED_SLICES):
            return False
        with self._changed:
            vthread.expired = vthread is self._earliest()
        return vthread.expired

    # -- in a process -------------------------------------------------------------------------------------------------

    def watch(
        self, ready: Question, by: Microseconds | None, why: str, pending: Question | None = None, once: bool = False
    ) -> None:
        """Park the running process until ``ready``, for ``by`` at the longest, or ``once`` until it is woken."""
        simulation, process = self.simulation, self.simulation.current
        assert process is not None
        self._watches[process] = WakeCondition(ready, pending or _never)
        end = None if by is None else simulation.now + max(by, 0)
        try:
            if not process.killed:
                self.settle(ready)
            while not ready() and (end is None or simulation.now < end):
                if end is None:
                    simulation.park(why)
                else:
                    simulation.hold(end - simulation.now, why)
                if once:
                    return
        finally:
            self._watches.pop(process, None)

    def settle(self, until: Question | None = None) -> None:
        """Let the threads run, for real, until all are at rest or ``until`` holds."""
        if not self._living and not self._watches:
            return
        before, self._settling, since = self._settling, True, self.clock()
        try:
            with self._changed:
                for vthread in self._living:
                    vthread.still = vthread.still if vthread.resting else 0
                while until is None or not until():
                    self._strike_off_ended()
                    busy: list[VirtualThread | WakeCondition] = [
                        each for each in list(self._living) if self._is_busy(each)
                    ]
                    busy += [each for each in self._watches.values() if _is_pending(each)]
                    if not busy:
                        return
                    stirred = real_wait(self._changed, TICK_S)
                    now = self.clock()
                    for each in busy:
                        each.waited += now - since
                        if isinstance(each, VirtualThread) and not each.resting and not stirred:
                            each.observe(each.thread)
                    since = now
        finally:
            self._settling = before

    def _strike_off_ended(self) -> None:
        for each in list(self._living):
            if each.ended and (each.thread is None or not each.thread.is_alive()):
                self._living.pop(each, None)

    def _is_busy(self, vthread: VirtualThread) -> bool:
        if vthread.ended:  # and was alive, else it would have been struck off: who joins it has to find it gone first
            return vthread.waited < WORK_PATIENCE_S
        # ``woken``: it may go on and has not run yet. It still stands at the lock that it rested at; taken for at
        # rest, it would see the clock move before it has done anything.
        if not vthread.resting and not vthread.woken and vthread.waits_for_lock(LOCKED_TICKS):
            return False
        if vthread.pool is not None:
            patience = WORK_PATIENCE_S
            # Work that waits for a worker of a full pool cannot begin by itself: others of the pool have to end
            # first.
            if vthread.thread is None and not self._has_room(vthread.pool):
                return False
        else:
            patience = WAITED_PATIENCE_S if self._watches else IDLE_PATIENCE_S
        return vthread.waited < patience and (not vthread.resting or vthread.soon())

    def _has_room(self, pool: ThreadPoolExecutor) -> bool:
        working = sum(1 for each in self._living if each.pool is pool and each.thread is not None)
        return working < pool._max_workers

    # -- in the main loop ---------------------------------------------------------------------------------------------

    def before(self, at: Instant | None) -> None:
        """The clock is about to move to ``at``, or has nowhere to go: wake and schedule what comes first."""
        if not self._living and not self._watches:
            return
        self.settle(self._anything_ready)
        if self._wake_ready():
            return
        first = self._earliest()
        due = None if first is None else first.due
        if due is not None and (self._watches if at is None else due <= at):
            self.simulation.schedule(due, self._expire, first, due)
        elif at is None and self._watches:
            self._wait_for_real()

    def close(self) -> None:
        """The simulation is over: nobody rests any longer."""
        with self._changed:
            self.closed = True
            for vthread in self._living:
                vthread.wake()
            self._living.clear()
            self._watches.clear()

    def _anything_ready(self) -> bool:
        return any(watch.ready() for watch in self._watches.values())

    def _wake_ready(self) -> bool:
        ready = [process for process, watch in self._watches.items() if watch.ready()]
        for process in ready:
            self.simulation.wake(process)
        return bool(ready)

    def _earliest(self) -> VirtualThread | None:
        waiting = [(each.due, each.number, each) for each in list(self._living) if each.resting and not each.expired]
        found = min(((due, number, each) for due, number, each in waiting if due is not None), default=None)
        return None if found is None else found[2]

    def _expire(self, vthread: VirtualThread, due: Instant) -> None:
        """Let a thread go on until it rests again, with the state of its process around it."""
        simulation = self.simulation
        with self._changed:
            if not vthread.resting or vthread.due != due:
                return
            # It goes on alone, so process-wide state can be its process's: what it changes there is kept for that.
            outside = simulation.swap_ambient(vthread.process.ambient())
            vthread.expired, vthread.resting, vthread.gone = (
                True,
                False,
                vthread.process.killed and not vthread.process.alive,
            )
            vthread.woken = True
            vthread.wake()
            vthread.wake = _nothing
        try:
            self.settle()
        finally:
            vthread.process.keep_ambient(simulation.swap_ambient(outside))

    def _wait_for_real(self) -> None:
        """Nothing else is left to happen: whoever is waited for does something real and long."""
        runs = any(not each.resting for each in list(self._living))
        end = self.clock() + (LAST_PATIENCE_S if runs else REST_PATIENCE_S)
        with self._changed:
            while self.clock() < end:
                if self._anything_ready() or self._earliest() is not None:
                    break
                real_wait(self._changed, SLICE_S)
            else:
                return
        self.before(None)


def here() -> VirtualThread | None:
    """The virtual thread that the calling thread is, None for threads that no process of this simulation started."""
    vthread: VirtualThread | None = getattr(_here, "vthread", None)
    return None if vthread is None or vthread.home.closed else vthread


def _is_pending(watch: WakeCondition) -> bool:
    return watch.waited < WORK_PATIENCE_S and watch.pending() and not watch.ready()


def _never() -> bool:
    return False


def _nothing() -> None:
    pass
