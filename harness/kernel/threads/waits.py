"""Ways of waiting for one another: threads, pools of threads, and conditions, on which all else is built.

``Event``, ``Semaphore``, ``Barrier``, ``queue.Queue``, ``Future.result``, ``concurrent.futures.wait`` and
``as_completed`` all wait in ``threading.Condition.wait``. A bare ``Lock`` is seen from outside only
(`harness.kernel.threads.virtual`).
"""

from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import thread as pools
from contextlib import suppress
from functools import partial
from typing import Any

from harness.kernel.instant import Microseconds, seconds
from harness.kernel.present import catch_up, in_process, inherited, threads
from harness.kernel.process import CodeExit, Process, owner
from harness.kernel.threads.virtual import ProcessGone, VirtualThread, VirtualThreads, here, real_wait
from harness.kernel.whose import is_machinery, wait_is_virtual

real_start = threading.Thread.start
real_join = threading.Thread.join
_real_submit = ThreadPoolExecutor.submit
_real_run = pools._WorkItem.run
_starting = threading.local()
_VTHREAD = "_harness_virtual_thread"


class Limit:
    """How long a wait may last: in virtual time for the callers the table names, else in real time.

    Attributes:
        by: the virtual limit.
    """

    def __init__(self, vthreads: VirtualThreads, timeout_s: float | None, virtual: bool) -> None:
        self.by: Microseconds | None = seconds(timeout_s) if virtual and timeout_s is not None else None
        self._clock = vthreads.clock
        self._end = None if virtual or timeout_s is None else self._clock() + timeout_s

    def over(self) -> bool:
        """Whether a real limit is over."""
        return self._end is not None and self._clock() >= self._end


class Gate:
    """A closed lock that a notifier opens, as ``threading.Condition`` makes for each waiter."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lock.acquire()
        self.passed = False

    def is_open(self) -> bool:
        """Whether to wait no longer."""
        return not self.lock.locked()

    def open(self) -> None:
        """As a notifier does; it may have done so already."""
        with suppress(RuntimeError):
            self.lock.release()

    def enter(self, timeout_s: float) -> bool:
        """Block for real."""
        self.passed = self.passed or self.lock.acquire(timeout=timeout_s)
        return self.passed


def start(self: threading.Thread) -> None:
    """``Thread.start``: a process's thread is kept in step, and speaks for the process."""
    vthreads, process = threads(), inherited(owner)
    if vthreads is None or process is None:
        return _start_really(self)
    target = getattr(self, "_target", None) or type(self).run
    # Threads that are pools' and drivers' own rest where nobody sees it: counted as busy, they would hold up the
    # clock (test_a_pool_of_multiprocessing_counts_when_it_is_joined).
    # A method of an object written in C (``list.append``, ``socket.sendall``) says None of its module.
    vthread = vthreads.add(process, loose=is_machinery(getattr(target, "__module__", None) or ""))
    vars(self)[_VTHREAD] = vthread  # here and nowhere else, so that it goes with its thread
    context, run = _context(process), self.run

    def in_step() -> None:
        vthreads.begin(vthread)
        try:
            with suppress(ProcessGone, CodeExit):
                context.run(run)
        finally:
            vthreads.end(vthread)
            vars(self).pop("run", None)  # it holds the context, and with it the task

    self.run = in_step  # type: ignore[method-assign]
    try:
        return _start_really(self)
    except BaseException:
        vthreads.end(vthread)
        raise


def _context(process: Process) -> contextvars.Context:
    """What a thread that starts here inherits."""
    return contextvars.copy_context() if owner.get() is not None else process.context.copy()


def _start_really(thread: threading.Thread) -> None:
    _starting.now = True  # it waits on an Event until the thread has begun: that is no wait of the user's
    try:
        real_start(thread)
    finally:
        _starting.now = False


def join(self: threading.Thread, timeout: float | None = None) -> None:
    """``Thread.join``: virtual time passes until the thread ends."""
    vthreads = threads()
    if not vthreads or not (in_process() or _vthread()):
        real_join(self, timeout)
    else:
        real_join(self, 0)  # raises where a join is wrong
        _await_end(self, vthreads, Limit(vthreads, timeout, wait_is_virtual(sys._getframe(1)) is not False))
    vthread = None if vthreads is None else vars(self).get(_VTHREAD)
    if vthread is not None and vthread.loose and not self.is_alive():
        catch_up(vthread.ahead, f"join {self.name}")


def _await_end(thread: threading.Thread, vthreads: VirtualThreads, limit: Limit) -> None:
    vthread = _vthread()

    def ready() -> bool:
        return not thread.is_alive() or limit.over()

    def pending() -> bool:
        return not vthreads.rests_in(thread)

    def block(timeout_s: float) -> bool:
        real_join(thread, timeout_s)
        return ready()

    if vthread is None:
        vthreads.watch(ready, limit.by, f"join {thread.name}", pending)
    else:
        vthreads.rest(vthread, block, lambda: ready() or pending(), limit.by)


def condition_wait(self: threading.Condition, timeout: float | None = None) -> bool:
    """``Condition.wait`` of a process or one of its threads."""
    vthreads, vthread = threads(), _vthread()
    at_once = timeout is not None and timeout <= 0
    if vthreads is None or at_once or getattr(_starting, "now", False) or not (vthread or in_process()):
        return real_wait(self, timeout)
    virtual = wait_is_virtual(sys._getframe(1))
    if vthread is None and (virtual is None or not (vthreads or (virtual and timeout is not None))):
        return real_wait(self, timeout)  # the harness's own, or nobody of ours could end it
    return _wait_at_gate(self, vthreads, timeout, virtual is not False)


def _wait_at_gate(condition: Any, vthreads: VirtualThreads, timeout: float | None, virtual: bool) -> bool:
    """Source: ``threading.Condition.wait``."""
    if not condition._is_owned():
        raise RuntimeError("cannot wait on un-acquired lock")
    gate = Gate()
    # In the order of ``threading.Condition.wait``: a notification between the two lines must find its waiter.
    condition._waiters.append(gate.lock)
    saved = condition._release_save()
    passed = False
    try:
        passed = _pass(gate, vthreads, timeout, virtual)
        return passed
    finally:
        condition._acquire_restore(saved)
        if not passed:
            with suppress(ValueError):
                condition._waiters.remove(gate.lock)


def _pass(gate: Gate, vthreads: VirtualThreads, timeout: float | None, virtual: bool) -> bool:
    vthread, limit = _vthread(), Limit(vthreads, timeout, virtual)

    def ready() -> bool:
        return gate.is_open() or limit.over()

    if vthread is None:
        vthreads.watch(ready, limit.by, "wait for a thread")
        return gate.enter(0)
    vthreads.rest(vthread, lambda real_s: gate.enter(real_s) or limit.over(), ready, limit.by, gate.open)
    if vthreads.closed and not gate.passed:  # the simulation is over: from here on it waits for real
        return gate.enter(-1 if timeout is None else timeout)
    return gate.passed and not vthread.expired


def submit(self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
    """``ThreadPoolExecutor.submit``: the work is a virtual thread of whoever submits it."""
    vthreads, process = threads(), inherited(owner)
    if vthreads is None or process is None:
        return _real_submit(self, fn, *args, **kwargs)
    vthread = vthreads.add(process, self)
    work = partial(_context(process).run, fn)
    work.vthread = vthread  # type: ignore[attr-defined]
    try:
        future = _real_submit(self, work, *args, **kwargs)
    except BaseException:
        vthreads.end(vthread)
        raise
    # Work that is cancelled never begins, so nothing else would end its virtual thread, and the clock would wait for
    # it.
    future.add_done_callback(lambda _: vthreads.end(vthread) if vthread.thread is None else None)
    return future


def run_work(self: Any) -> None:
    """``_WorkItem.run``: all of it, its future's callbacks too, belongs to the virtual thread."""
    vthread: VirtualThread | None = getattr(self.fn, "vthread", None)
    if vthread is None or vthread.home.closed:
        return _real_run(self)
    before = vthread.home.begin(vthread)
    try:
        return _real_run(self)
    finally:
        vthread.home.end(vthread, before)


def _vthread() -> VirtualThread | None:
    vthread = here()
    return None if vthread is None or vthread.loose else vthread


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (threading.Thread, "start", start),
    (threading.Thread, "join", join),
    (threading.Condition, "wait", condition_wait),
    (ThreadPoolExecutor, "submit", submit),
    (pools._WorkItem, "run", run_work),
)
"""(holder, name, what stands there while a simulation runs)"""
