"""Ctrl-C and SIGTERM that a command was sent: remembered, for code that is loaded may keep the exception to itself.

A Dag file that is imported, and much of what it imports, catches ``BaseException``; a command that was told to end must
not go on and say that all is well.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_struck: list[int] = []
"""Of the process, to which signals are sent."""


class SigtermExit(SystemExit):
    """SIGTERM, as an exception, so that everything is cleaned up; its code is 143."""


def listen() -> None:
    """Install the handlers of a command, which raise and remember. In the main thread only."""
    for number in SIGNALS:
        signal.signal(number, _strike)


def struck() -> int | None:
    """The first signal that came since `listen`, None before one."""
    return _struck[0] if _struck else None


def heed() -> None:
    """Raise what a signal raises, where one came and somebody kept it.

    Raises: KeyboardInterrupt, Terminated.
    """
    if _struck:
        _raise(_struck[0])


@contextmanager
def heeded() -> Iterator[None]:
    """Load somebody's code: what it does to the handlers is put back, and a signal that it kept is raised again."""
    if current_thread() is not main_thread():
        yield
        return
    handlers: dict[int, Any] = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        heed()


def exit_code(number: int) -> int:
    """What a command ends with that a signal ended, as a shell has it."""
    return 128 + number


def _strike(number: int, _frame: FrameType | None) -> None:
    _struck.append(number)
    _raise(number)


def _raise(number: int) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SigtermExit(exit_code(number))
