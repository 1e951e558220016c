"""Locks that a process holds while it waits: meanwhile nobody holds them, for no other process would see them.

Every task has a worker process of its own, and with it its own locks of the libraries that it uses. Here tasks share
them: one that sleeps while it holds a ``threading.Lock`` (a client that tries again and again, under a lock of its
module) would have the next one ask for it for ever, in the very thread that could release it. An ``RLock`` is no such
trap: it lets its thread in again.

Which locks those are is read off the frames: ``with lock:`` and ``lock.acquire()`` whose end has not come yet.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import getattr_static
from threading import Lock
from types import CodeType, FrameType
from typing import Any

_LOCK = type(Lock())
_NAMES = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_CHECK", "LOAD_DEREF")
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
_BETWEEN = ("CACHE", "COPY", "EXTENDED_ARG", "NOP", "PRECALL", "PUSH_NULL", "SWAP")
"""Instructions that say nothing of what is loaded."""


@dataclass(frozen=True)
class _CriticalSection:
    """Instructions of a function between which it holds a lock.

    Attributes:
        path: of the lock, as ``("self", "_lock")``.
    """

    path: tuple[str, ...]
    begin: int
    end: int


_KNOWN: dict[int, tuple[CodeType, tuple[_CriticalSection, ...]]] = {}
"""Of the process, as code is. By ``id``, since hashing reads all of a code object, which is held to keep its number."""


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
            found += [lock for lock in _held_in(frame, sections) if not any(lock is one for one in found)]
        frame = frame.f_back
    return found


def _held_in(frame: FrameType, sections: tuple[_CriticalSection, ...]) -> Iterator[Any]:
    for section in sections:
        if section.begin < frame.f_lasti <= section.end:
            lock = _resolved(section.path, frame)
            if type(lock) is _LOCK and lock.locked():
                yield lock


@contextmanager
def lent(locks: list[Any]) -> Iterator[None]:
    """Nobody holds them in the block; behind it they are held again, but for one that somebody took and keeps."""
    for lock in locks:
        lock.release()
    try:
        yield
    finally:
        for lock in reversed(locks):
            lock.acquire(blocking=False)


def _learned(code: CodeType) -> tuple[_CriticalSection, ...]:
    """The critical sections of a function, from here on known."""
    _KNOWN[id(code)] = code, tuple(_found(code))
    return _KNOWN[id(code)][1]


def _found(code: CodeType) -> Iterator[_CriticalSection]:
    """In the order of their beginnings."""
    steps = [one for one in dis.get_instructions(code) if one.opname not in _BETWEEN]
    for number, step in enumerate(steps):
        if step.opname in ("BEFORE_WITH", "SETUP_WITH") or (step.opname == "LOAD_SPECIAL" and "exit" in step.argrepr):
            path = _path(steps[:number])
            end = _end_of_with(code, steps, number)
        elif step.opname in _ATTRIBUTES and step.argval == "acquire":
            path = _path(steps[:number])
            end = _last_release(steps, path)
        else:
            continue
        if path:
            yield _CriticalSection(path, step.offset, end)


def _path(steps: list[dis.Instruction]) -> tuple[str, ...]:
    """What the last of these instructions load: a name and attributes of it; empty for anything else."""
    attributes: list[str] = []
    for step in reversed(steps):
        if step.opname in _ATTRIBUTES:
            attributes.append(step.argval)
        elif step.opname in _NAMES:
            return (step.argval, *reversed(attributes))
        else:
            break
    return ()


def _end_of_with(code: CodeType, steps: list[dis.Instruction], number: int) -> int:
    """The last instruction whose exceptions the ``with`` statement sees."""
    if steps[number].opname == "SETUP_WITH":  # 3.10 has the place of what comes behind
        return int(steps[number].argval)
    entries = getattr(dis.Bytecode(code), "exception_entries", ())
    begun = steps[number].offset
    inner = min((one for one in entries if one.start > begun), key=lambda one: one.start, default=None)
    return begun if inner is None else max(one.end for one in entries if one.target == inner.target)


def _last_release(steps: list[dis.Instruction], path: tuple[str, ...]) -> int:
    releases = [
        step.offset
        for number, step in enumerate(steps)
        if step.opname in _ATTRIBUTES and step.argval == "release" and _path(steps[:number]) == path
    ]
    return releases[-1] if releases else steps[-1].offset


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
