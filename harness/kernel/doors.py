"""The doors through which code reaches time, replaced for the length of a simulation and put back after it.

``time.sleep`` and ``time.monotonic`` (also where a module imported them by name), ``threading.Thread.start`` and
``join``. Everything else that tells the date is the wall clock's (`harness.kernel.clock`).
"""

from __future__ import annotations

import contextvars
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from harness.kernel.callers import is_users, monotonic_is_virtual, sleep_is_virtual
from harness.kernel.instant import SECOND, Instant, seconds
from harness.kernel.process import owner
from harness.kernel.simulation import Simulation
from harness.kernel.sleepers import Sleepers

_real_sleep = time.sleep
_real_monotonic = time.monotonic
real_start = threading.Thread.start
real_join = threading.Thread.join
_active: Simulation | None = None


class ThreadTime:
    """The virtual time of a thread that a process started: its own sleeps added to the instant it began at.

    A thread cannot be parked like a process (whoever waits for it really waits), so its sleeps take next to no real
    time (`harness.kernel.sleepers`), and whoever joins it holds until the instant the thread reached.
    """

    __slots__ = ("instant",)

    def __init__(self, instant: Instant) -> None:
        self.instant = instant


_threads: dict[threading.Thread, ThreadTime] = {}
sleepers = Sleepers()


def active() -> Simulation | None:
    """The simulation whose doors are open, None when time is real."""
    return _active


def virtual_now() -> Instant:
    """The instant of the calling process or thread."""
    simulation = _active
    assert simulation is not None
    own = _threads.get(threading.current_thread())
    return max(own.instant, simulation.now) if own is not None else simulation.now


def pause(by_s: float, why: str) -> bool:
    """Let virtual time pass for the caller. False when the caller is nobody's: then it must wait for real."""
    simulation = _active
    if simulation is None:
        return False
    if simulation.current is not None and threading.current_thread() is threading.main_thread():
        simulation.hold(seconds(by_s), why)
        return True
    own = _threads.get(threading.current_thread())
    if own is None:
        return False
    own.instant = max(own.instant, simulation.now) + seconds(by_s)
    sleepers.sleep(own.instant)
    return True


def sleep(secs: float, /) -> None:
    """``time.sleep`` while a simulation runs; the real one for callers the table leaves real."""
    caller = sys._getframe(1).f_globals.get("__name__", "")
    if _active is None or not sleep_is_virtual(caller):
        return _real_sleep(secs)
    if secs < 0:
        raise ValueError("sleep length must be non-negative")
    if not pause(secs, f"sleep {secs:g} s"):
        _real_sleep(secs)
    return None


def monotonic() -> float:
    """``time.monotonic`` while a simulation runs: virtual seconds for the callers the table names."""
    if _active is None or not monotonic_is_virtual(sys._getframe(1).f_globals.get("__name__", "")):
        return _real_monotonic()
    return virtual_now() / SECOND


def _start(self: threading.Thread) -> None:
    simulation, process = _active, owner.get()
    if simulation is not None and process is not None:
        _threads[self] = ThreadTime(virtual_now())
        context, run = contextvars.copy_context(), self.run
        self.run = lambda: context.run(run)  # type: ignore[method-assign]
    real_start(self)


def _join(self: threading.Thread, timeout: float | None = None) -> None:
    real_join(self, timeout)
    simulation, own = _active, _threads.get(self)
    if simulation is None or own is None or self.is_alive():
        return
    behind = own.instant - virtual_now()
    if behind > 0:
        pause(behind / SECOND, f"join {self.name}")


@contextmanager
def doors(simulation: Simulation) -> Iterator[None]:
    """Open the doors of one simulation for the block.

    Raises: RuntimeError: when another simulation already runs in this process.
    """
    global _active
    if _active is not None:
        raise RuntimeError("a simulation already runs in this process; one at a time")
    undo: list[Callable[[], None]] = []
    _active = simulation
    try:
        _replace(time, "sleep", sleep, undo)
        _replace(time, "monotonic", monotonic, undo)
        _replace(threading.Thread, "start", _start, undo)
        _replace(threading.Thread, "join", _join, undo)
        _replace_imported_names(undo)
        yield
    finally:
        for put_back in reversed(undo):
            put_back()
        _active = None
        _threads.clear()


def _replace(holder: Any, name: str, value: Any, undo: list[Callable[[], None]]) -> None:
    before = getattr(holder, name)
    setattr(holder, name, value)
    undo.append(lambda: setattr(holder, name, before))


class _Imported:
    """Which modules imported ``sleep`` or ``monotonic`` by name; looked for again when modules were added."""

    def __init__(self) -> None:
        self._seen: tuple[int, str] = (0, "")
        self._suspects: dict[str, int] = {}

    def suspects(self) -> list[str]:
        """Names of modules worth a look: the user's own, and others that hold one of the names."""
        modules = sys.modules
        now = (len(modules), next(reversed(modules)))
        if now != self._seen:
            self._seen = now
            for name, module in list(modules.items()):
                if self._suspects.get(name) != id(module):
                    space = getattr(module, "__dict__", {})
                    if is_users(name) or "sleep" in space or "monotonic" in space:
                        self._suspects[name] = id(module)
        return list(self._suspects)


_imported = _Imported()


def _replace_imported_names(undo: list[Callable[[], None]]) -> None:
    """``from time import sleep [as …]`` in modules already loaded."""
    swaps: dict[int, Any] = {id(_real_sleep): sleep, id(_real_monotonic): monotonic}
    for name in _imported.suspects():
        module = sys.modules.get(name)
        if module is None or module is time or name == __name__:
            continue
        for attribute, value in list(vars(module).items()):
            swap = swaps.get(id(value))
            if swap is sleep or (swap is monotonic and monotonic_is_virtual(name)):
                _replace(module, attribute, swap, undo)
