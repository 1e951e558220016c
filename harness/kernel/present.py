"""Who runs at present, and how it waits: the simulation whose time it is, its threads, virtual now."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from harness.errors import AlreadySimulating
from harness.kernel.instant import SECOND, Instant, Microseconds, later, seconds
from harness.kernel.process import Process
from harness.kernel.simulation import Simulation
from harness.kernel.threads.virtual import BackgroundThreads, VirtualThreads, here

_Value = TypeVar("_Value")

_claim = threading.Lock()
_active: Simulation | None = None
"""The one of the process: its clocks, its signals and what is patched are the process's too (`claimed`)."""
_threads: VirtualThreads | None = None
"""Of the process, as the simulation is."""
_background_threads = BackgroundThreads()
_serving: list[None] = []
"""As many as there are requests that servers of the process are answering; appending and popping need no lock."""


def active() -> Simulation | None:
    """The simulation whose time it is, None when time is real."""
    return _active


def threads() -> VirtualThreads | None:
    """The threads of the active simulation."""
    return _threads


@contextmanager
def activated(simulation: Simulation, clock: Callable[[], float]) -> Iterator[None]:
    """Make a simulation the active one for the block.

    Args:
        clock: real monotonic seconds.
    Raises: AlreadySimulating.
    """
    global _active, _threads
    if _active is not None:
        raise already_simulating()
    _active, _threads = simulation, VirtualThreads(simulation, clock)
    simulation.outside = _threads
    try:
        yield
    finally:
        _threads.close()
        _active = _threads = None


@contextmanager
def claimed() -> Iterator[None]:
    """This process for one simulation: what it replaces belongs to the whole process, whichever thread runs it.

    Raises: AlreadySimulating.
    """
    if not _claim.acquire(blocking=False):
        raise already_simulating()
    try:
        yield
    finally:
        _claim.release()


def see_unclaimed() -> None:
    """See that no simulation has this process.

    Asked before anything of the process is touched for a second one: the environment that it would set and put back is
    the first one's, whose tasks export theirs meanwhile.

    Raises: AlreadySimulating.
    """
    if _claim.locked():
        raise already_simulating()


def already_simulating() -> AlreadySimulating:
    """The error for a second simulation."""
    mine = _active is not None and _active.thread is threading.current_thread()
    return AlreadySimulating(
        "a simulation already runs in this process",
        where=None if _active is None else f"thread {_active.thread.name}",
        why="clocks, environment and streams are the whole process's: two would take them from each other",
        fix="let the task trigger the other Dag (TriggerDagRunOperator)" if mine else "run them one after the other",
    )


@contextmanager
def serving() -> Iterator[None]:
    """A server of ours in this process answers a request: an event loop that waits for that does so in real time."""
    _serving.append(None)
    try:
        yield
    finally:
        _serving.pop()


def is_serving() -> bool:
    """Whether a server of ours is answering somebody."""
    return bool(_serving)


def running() -> Process | None:
    """The process that the caller is: the one that runs now; None in a thread of it."""
    if _active is None or threading.current_thread() is not _active.thread:
        return None
    return _active.current


def in_process() -> bool:
    """Whether the caller is the process that runs now, and not a thread of it."""
    return running() is not None


def virtual_now() -> Instant:
    """The instant of the calling process or thread."""
    simulation, vthread = _active, here()
    assert simulation is not None
    return max(vthread.ahead, simulation.now) if vthread is not None and vthread.loose else simulation.now


def inherited(variable: ContextVar[_Value | None]) -> _Value | None:
    """A context variable; in a greenlet of the user's, which begins without any, what its process has."""
    found = variable.get()
    process = running()
    return process.context.get(variable) if found is None and process is not None else found


def turn(most: Microseconds | None = None) -> Microseconds:
    """The caller comes round without waiting: what time passes with it; see `harness.kernel.process`."""
    spins = running() or here()
    return 0 if spins is None else spins.spin.turn(virtual_now(), most)


def pause(by_s: float, why: str) -> bool:
    """Let virtual time pass for the caller. False when the caller is nobody's: then it must wait for real."""
    vthreads = _threads
    if vthreads is None:
        return False
    by = seconds(by_s) or turn()
    if in_process():
        vthreads.settle()
        vthreads.simulation.hold(by, why)
        return True
    vthread = here()
    if vthread is None:
        return False
    if vthread.loose:
        vthread.ahead = later(virtual_now(), by)
        _background_threads.sleep(vthread.ahead)
    else:
        vthreads.sleep(vthread, by)
    return True


def catch_up(instant: Instant, why: str) -> None:
    """Hold until an instant that a thread reached ahead of the clock."""
    behind = instant - virtual_now()
    if behind > 0:
        pause(behind / SECOND, why)
