"""The ways by which code reaches time, patched for the length of a simulation and put back after it.

``time.sleep`` and ``time.monotonic`` (also where a module imported them by name), and the waits of threads for one
another (`harness.kernel.threads.waits`). Everything else that tells the date is the wall clock's
(`harness.kernel.clock`).
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from harness.kernel.instant import SECOND, Instant, later, seconds
from harness.kernel.loaded_modules import loaded
from harness.kernel.present import activated, active, in_process, pause, virtual_now
from harness.kernel.simulation import Simulation
from harness.kernel.threads import waits
from harness.kernel.threads.virtual import here
from harness.kernel.whose import WAITS, monotonic_is_virtual, sleep_is_virtual, wait_is_virtual

_real_sleep = time.sleep
_real_monotonic = time.monotonic


def sleep(secs: float, /) -> None:
    """``time.sleep`` while a simulation runs; the real one for callers the table leaves real."""
    caller = sys._getframe(1).f_globals.get("__name__", "")
    if active() is None or not sleep_is_virtual(caller):
        return _real_sleep(secs)
    if secs < 0:
        raise ValueError("sleep length must be non-negative")
    if not pause(secs, f"sleep {secs:g} s"):
        _real_sleep(secs)
    return None


def monotonic() -> float:
    """``time.monotonic`` while a simulation runs: virtual seconds for the callers the table names."""
    module = sys._getframe(1).f_globals.get("__name__", "")
    if active() is None:
        return _real_monotonic()
    if _waits_in_virtual_time(module):
        return Reading(virtual_now())
    return virtual_now() / SECOND if monotonic_is_virtual(module) else _real_monotonic()


class Reading(float):
    """Seconds that add and subtract in whole microseconds; at its very end a timeout is already over, as always in
    real time: ``as_completed`` would ask again and again how much is left of it.
    """

    def __new__(cls, instant: Instant) -> Reading:
        self = super().__new__(cls, instant / SECOND)
        self.instant = instant
        return self

    instant: Instant

    def __add__(self, other: float) -> Reading:
        return Reading(later(self.instant, seconds(other)))

    __radd__ = __add__

    def __sub__(self, other: float) -> float:
        left = self.instant - (other.instant if isinstance(other, Reading) else seconds(other))
        return (left or -1) / SECOND


def _waits_in_virtual_time(module: str) -> bool:
    """For the standard library's waits, which reckon what is left of a timeout: as their caller."""
    return module in WAITS and (in_process() or here() is not None) and wait_is_virtual(sys._getframe(2)) is not False


@contextmanager
def time_patched(simulation: Simulation) -> Iterator[None]:
    """Have a simulation answer for its clock and its waits, for the block.

    Raises: AlreadySimulating.
    """
    undo: list[Callable[[], None]] = []
    with activated(simulation, _real_monotonic):
        try:
            _replace(time, "sleep", sleep, undo)
            _replace(time, "monotonic", monotonic, undo)
            _replace(threading, "_time", monotonic, undo)
            _replace(queue, "time", monotonic, undo)
            for holder, name, value in waits.REPLACED:
                _replace(holder, name, value, undo)
            _replace_imported_names(undo)
            yield
        finally:
            for put_back in reversed(undo):
                put_back()


def _replace(holder: Any, name: str, value: Any, undo: list[Callable[[], None]]) -> None:
    before = getattr(holder, name)
    setattr(holder, name, value)
    undo.append(lambda: setattr(holder, name, before))


def _replace_imported_names(undo: list[Callable[[], None]]) -> None:
    """``from time import sleep [as …]`` in modules already loaded."""
    swaps: dict[int, Any] = {id(_real_sleep): sleep, id(_real_monotonic): monotonic}
    for name, module in loaded.of_time():
        if module is time or name == __name__:
            continue
        for attribute, value in list(vars(module).items()):
            swap = swaps.get(id(value))
            if swap is sleep or (swap is monotonic and monotonic_is_virtual(name)):
                _replace(module, attribute, swap, undo)
