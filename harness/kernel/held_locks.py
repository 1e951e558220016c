"""Locks that a process holds while it waits: meanwhile nobody holds them, for no other process would see them.

Every task has a worker process of its own, and with it its own locks of the libraries that it uses. Here tasks share
them: one that sleeps while it holds a ``threading.Lock`` (a client that tries again and again, under a lock of its
module) would have the next one ask for it for ever, in the very thread that could release it. An ``RLock`` is no such
trap: it lets its thread in again.

Which locks those are is read off the frames: ``with lock:`` and ``lock.acquire()`` (`harness.kernel.lock_sections`). A
lock that was lent by one process and that the next one takes is the next one's, also where its frames do not show it.
"""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getattr_static
from threading import Lock
from types import CodeType, FrameType
from typing import Any
from weakref import ref

from harness.kernel.lock_sections import CriticalSection, sections_of

_LOCK = type(Lock())

_KNOWN: dict[int, tuple[ref[CodeType], tuple[CriticalSection, ...]]] = {}
"""Of the process, as code is, and no longer: Dag files are loaded again and again. By ``id``: hashing would read all of
a code object."""


class LentLocks:
    """Locks of a simulation's parked processes, which nobody holds meanwhile.

    One process runs at a time. A lock that was lent and free when its turn began, and is not when that ends, it has
    taken itself: in a function that has returned, as ``__enter__`` of a client. Were it left locked, whoever lent it
    would go on without it, and give back what another one holds.
    """

    def __init__(self) -> None:
        self._lent: dict[int, tuple[Any, int]] = {}  # by how many processes
        self._others: set[int] = set()

    def begin_turn(self) -> None:
        """A process is about to run: what is locked by now of those that were lent is some thread's."""
        self._others = {key for key, (lock, _) in self._lent.items() if lock.locked()}

    def lend(self, frame: FrameType, but: list[Any], alone: bool) -> list[Any]:
        """Have nobody hold what the running process holds.

        Args:
            frame: where it leaves.
            but: locks that it only believes to hold.
            alone: no threads of processes go on beside it, any of which might have taken one.
        Returns: those locks, outermost last.
        """
        found = held_from(frame)
        if alone:
            unseen = [lock for key, (lock, _) in self._lent.items() if key not in self._others and lock.locked()]
            found += [lock for lock in unseen if not _is_among(lock, found)]
        found = [lock for lock in found if not _is_among(lock, but)]
        for lock in found:
            lock.release()
            self._lent[id(lock)] = lock, self._lent.get(id(lock), (lock, 0))[1] + 1
        return found

    def take_back(self, locks: list[Any]) -> list[Any]:
        """Have the process that goes on hold them again. Returns: those that a thread has taken, and keeps."""
        missing = []
        for lock in reversed(locks):
            number = self._lent.pop(id(lock), (lock, 1))[1]
            if number > 1:
                self._lent[id(lock)] = lock, number - 1
            if not lock.acquire(blocking=False):
                missing.append(lock)
        return missing


def _is_among(lock: Any, locks: list[Any]) -> bool:
    return any(lock is one for one in locks)


def held_from(frame: FrameType | None) -> list[Any]:
    """The locks that this frame and those that called it hold, outermost last.

    Each sleep asks: 5 us for 36 frames, of which hardly one has such a place.
    """
    found: list[Any] = []
    while frame is not None:
        code = frame.f_code
        known = _KNOWN.get(id(code))
        sections = _learned(code) if known is None else known[1]
        if sections:
            found += [lock for lock in _held_in(frame, sections) if not _is_among(lock, found)]
        frame = frame.f_back
    return found


def _held_in(frame: FrameType, sections: tuple[CriticalSection, ...]) -> Iterator[Any]:
    for section in sections:
        if frame.f_lasti in section.offsets:
            lock = _resolved(section.path, frame)
            if type(lock) is _LOCK and lock.locked():
                yield lock


def _learned(code: CodeType) -> tuple[CriticalSection, ...]:
    """The critical sections of a function, from here on known."""
    key, sections = id(code), tuple(sections_of(code))
    _KNOWN[key] = ref(code, lambda _: _KNOWN.pop(key, None)), sections  # before another one can have its number
    return sections


def _resolved(path: tuple[str, ...], frame: FrameType) -> Any:
    """What stands at a path in a frame, without running code of anybody's; None for what cannot be told so."""
    name, *attributes = path
    code = frame.f_code
    is_local = name in (*code.co_varnames, *code.co_freevars, *code.co_cellvars)
    found = (frame.f_locals if is_local else frame.f_globals).get(name)
    for attribute in attributes:
        if found is None:
            return None
        found = getattr_static(found, attribute, None)
    return found
