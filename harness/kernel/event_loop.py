"""asyncio under virtual time: a loop whose clock is the kernel's and whose idle wait is a hold.

Real descriptors are polled first and given a short real grace before time jumps (the idea of trio's autojump clock):
a loop that talks to a real socket gets its answer before its timeout, without waiting for its sleeps.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context
from typing import Any

from harness.kernel.instant import SECOND, Microseconds
from harness.kernel.present import active, in_process, inherited, is_serving, pause, running, threads, turn, virtual_now
from harness.kernel.process import owner
from harness.kernel.threads.virtual import WORK_PATIENCE_S, here

IO_GRACE_S = 0.1
"""Real seconds that open descriptors are given before virtual time jumps over a wait."""
IDLE_GRACE_S = 2.0
"""Real seconds a loop with no timer waits to be woken by a thread it does not know of, before it parks."""


class VirtualSelector(selectors.DefaultSelector):
    """Polls the real descriptors; what it would wait, the process holds instead.

    Args:
        parks_at_once: see `VirtualEventLoop`.
    """

    def __init__(self, parks_at_once: bool) -> None:
        super().__init__()
        self.own_descriptors = 0
        self.pending_work = 0
        self.work_in_threads = 0
        self.parks_at_once = parks_at_once
        self.next_timer: Callable[[], Microseconds | None] = lambda: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As ``selectors.BaseSelector.select``, the wait in virtual time; in real time when the caller is nobody's.

        That is a thread which outlives its simulation, as that of fsspec's loop: it waits for its next work.
        """
        if not in_process() and here() is None:
            return super().select(timeout)
        # Real descriptors first: an answer that is there already comes before virtual time jumps over its timeout.
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            # A loop that only yields never waits, and at one instant no timeout of its own would ever be over
            # (test_a_timeout_ends_a_loop_that_only_yields).
            if not ready and (passes := turn(self.next_timer())):
                pause(passes / SECOND, "turns of an event loop")
            return ready
        vthreads = threads()
        if vthreads and in_process():
            vthreads.settle(self._has_events)
        ready = super().select(self._grace_s(timeout, bool(vthreads and vthreads.background_threads())))
        patience = WORK_PATIENCE_S if len(self.get_map()) > self.own_descriptors else 0
        while not ready and is_serving() and patience > 0:  # on a busy machine that takes longer than the grace
            ready, patience = super().select(IO_GRACE_S), patience - IO_GRACE_S
        if ready or active() is None:
            return ready
        if vthreads and (self.work_in_threads or not self.parks_at_once):
            self._rest(timeout)
        elif timeout is None:
            self._park()
        else:
            pause(math.ceil(timeout * SECOND) / SECOND, f"event loop, {timeout:g} s")
        return super().select(0)

    def _grace_s(self, timeout: float | None, threads_sleep: bool) -> float:
        if self.pending_work:  # a child process, or work that is no virtual thread's: it ends in real time alone
            return WORK_PATIENCE_S
        waits = timeout is None and not threads_sleep
        if len(self.get_map()) > self.own_descriptors:
            return WORK_PATIENCE_S if waits else IO_GRACE_S
        return IDLE_GRACE_S if waits and not self.parks_at_once else 0

    def _rest(self, timeout: float | None) -> None:
        """Wait while threads of ours live: what they do, or others, may be for this loop."""
        vthreads, vthread = threads(), here()
        by = None if timeout is None else math.ceil(timeout * SECOND)
        if vthreads is not None and in_process():
            vthreads.watch(self._has_events, by, "event loop", once=True)
        elif vthreads is not None and vthread is not None and not vthread.loose:
            vthreads.rest(vthread, self._has_events, self._has_events, by)

    def _has_events(self, real_s: float = 0) -> bool:
        return bool(super().select(real_s))

    def _park(self) -> None:
        simulation = active()
        if simulation is not None and in_process():
            simulation.park("event loop, nothing to wait for")


class VirtualEventLoop(asyncio.SelectorEventLoop):
    """``asyncio.SelectorEventLoop`` in virtual time.

    Args:
        parks_at_once: for a service that waits to be given work: it parks as soon as it has none.
    """

    def __init__(self, parks_at_once: bool = False) -> None:
        self._virtual_selector = VirtualSelector(parks_at_once)
        super().__init__(self._virtual_selector)
        self._virtual_selector.own_descriptors = len(self._virtual_selector.get_map())
        self._began = virtual_now()
        self._home = threads()
        self._virtual_selector.next_timer = self._next_timer
        # asyncio runs what is due within its clock's resolution. Virtual time moves in whole microseconds; with a
        # finer resolution, a float's error would leave a timer a moment before it is due.
        self._clock_resolution = 1 / SECOND

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        if active() is None:
            return super().time()
        return (virtual_now() - self._began) / SECOND

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """As asyncio's. A loop whose thread is of a simulation that is over (fsspec's runs for ever) is taken on by the
        process that gives it work: its thread is a virtual one again.
        """
        vthreads, process = threads(), inherited(owner)
        runs_elsewhere = self._thread_id not in (None, threading.get_ident())  # type: ignore[attr-defined]
        if vthreads is not None and process is not None and runs_elsewhere and self._home is not vthreads:
            self._home = vthreads
            super().call_soon_threadsafe(vthreads.begin, vthreads.add(process))
        return super().call_soon_threadsafe(callback, *args, context=context)

    def _next_timer(self) -> Microseconds | None:
        timers = self._scheduled  # type: ignore[attr-defined]
        # Rounded first: a float's error would make ``ceil`` a whole microsecond late.
        return math.ceil(round((timers[0]._when - self.time()) * SECOND, 1)) if timers else None

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """As asyncio's; work in threads is kept in step, other work is waited for in real time before time jumps."""
        future = super().run_in_executor(executor, func, *args)
        selector = self._virtual_selector
        if threads() is not None and isinstance(executor, ThreadPoolExecutor | None) and inherited(owner) is not None:
            selector.work_in_threads += 1
            future.add_done_callback(self._thread_work_done)
        else:
            selector.pending_work += 1
            future.add_done_callback(self._work_done)
        return future

    def _thread_work_done(self, _future: asyncio.Future[Any]) -> None:
        self._virtual_selector.work_in_threads -= 1

    async def _make_subprocess_transport(self, *args: Any, **kwargs: Any) -> asyncio.SubprocessTransport:
        """As asyncio's; a child that runs is work, like a thread."""
        self._virtual_selector.pending_work += 1
        try:
            made: asyncio.SubprocessTransport = await super()._make_subprocess_transport(*args, **kwargs)  # type: ignore[misc]
        except BaseException:
            self._virtual_selector.pending_work -= 1
            raise
        return made

    def _child_watcher_callback(self, *args: Any) -> None:
        self._virtual_selector.pending_work -= 1
        super()._child_watcher_callback(*args)  # type: ignore[misc]

    def _work_done(self, _future: asyncio.Future[Any]) -> None:
        self._virtual_selector.pending_work -= 1


class VirtualEventLoopPolicy(asyncio.DefaultEventLoopPolicy):
    """Loops made by a simulation process or its threads are virtual, all others are the former policy's.

    The "current loop" is kept per process: processes share one thread and must not see each other's.
    """

    def __init__(self, former: asyncio.AbstractEventLoopPolicy) -> None:
        super().__init__()
        self._former = former

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """A `VirtualEventLoop` for a simulation process, else what the former policy makes."""
        if active() is None or inherited(owner) is None:
            return self._former.new_event_loop()
        return VirtualEventLoop()

    def get_event_loop(self) -> asyncio.AbstractEventLoop:
        """The loop set for this process; asyncio's error when there is none."""
        process = running()
        if process is None:
            return self._former.get_event_loop()
        if process.event_loop is None:
            raise RuntimeError("There is no current event loop in this task; asyncio.run() makes one.")
        loop: asyncio.AbstractEventLoop = process.event_loop
        return loop

    def set_event_loop(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Set the loop of this process."""
        process = running()
        if process is None:
            self._former.set_event_loop(loop)
        else:
            process.event_loop = loop


class RunningLoop:
    """Ambient: which loop asyncio believes to be running in this thread."""

    def fresh(self) -> None:
        """A process begins outside any loop, also when its simulation was started from inside one."""

    def swap(self, state: asyncio.AbstractEventLoop | None) -> asyncio.AbstractEventLoop | None:
        """Make asyncio believe that this loop runs. Returns: the one it believed to run, None when there was none."""
        former = asyncio._get_running_loop()
        asyncio._set_running_loop(state)
        return former


@contextmanager
def virtual_event_loops() -> Iterator[None]:
    """Install the policy for the block; the former one is back after it."""
    former = asyncio.get_event_loop_policy()
    asyncio.set_event_loop_policy(VirtualEventLoopPolicy(former))
    try:
        yield
    finally:
        asyncio.set_event_loop_policy(former)
