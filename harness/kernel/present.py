"""Who runs at present, and how it waits: the simulation whose doors are open, its threads, virtual now."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.kernel.instant import SECOND, Instant, seconds
from harness.kernel.simulation import Simulation
from harness.kernel.sleepers import Sleepers
from harness.kernel.strands import Strands, here

_active: Simulation | None = None
_threads: Strands | None = None
_sleepers = Sleepers()


def active() -> Simulation | None:
    """The simulation whose doors are open, None when time is real."""
    return _active


def threads() -> Strands | None:
    """The threads of the active simulation."""
    return _threads


@contextmanager
def activated(simulation: Simulation, clock: Callable[[], float]) -> Iterator[None]:
    """Make a simulation the active one for the block.

    Args:
        clock: real monotonic seconds.
    Raises: RuntimeError: when another simulation already runs in this process.
    """
    global _active, _threads
    if _active is not None:
        raise RuntimeError("a simulation already runs in this process; one at a time")
    _active, _threads = simulation, Strands(simulation, clock)
    simulation.outside = _threads
    try:
        yield
    finally:
        _threads.close()
        _active = _threads = None


def in_process() -> bool:
    """Whether the caller is the process that runs now, and not a thread of it."""
    on_main = threading.current_thread() is threading.main_thread()
    return on_main and _active is not None and _active.current is not None


def virtual_now() -> Instant:
    """The instant of the calling process or thread."""
    simulation, strand = _active, here()
    assert simulation is not None
    return max(strand.ahead, simulation.now) if strand is not None and strand.loose else simulation.now


def pause(by_s: float, why: str) -> bool:
    """Let virtual time pass for the caller. False when the caller is nobody's: then it must wait for real."""
    simulation, strands = _active, _threads
    if simulation is None or strands is None:
        return False
    if in_process():
        strands.settle()
        simulation.hold(seconds(by_s), why)
        return True
    strand = here()
    if strand is None:
        return False
    if strand.loose:
        strand.ahead = virtual_now() + seconds(by_s)
        _sleepers.sleep(strand.ahead)
    else:
        strands.sleep(strand, seconds(by_s))
    return True


def catch_up(instant: Instant, why: str) -> None:
    """Hold until an instant that a thread reached ahead of the clock."""
    behind = instant - virtual_now()
    if behind > 0:
        pause(behind / SECOND, why)
