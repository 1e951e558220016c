"""Where a thread stands, read off its topmost frame: whether it waits for a lock, which nothing else tells."""

from __future__ import annotations

import dis
import sys
import threading
from functools import lru_cache
from types import CodeType

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
