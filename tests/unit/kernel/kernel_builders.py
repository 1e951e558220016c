"""A real clock that a test has in its hand, and threads that stand where it wants them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from harness.kernel.threads import virtual


class Clock:
    """Real seconds, as a test has them: each look at it takes some."""

    def __init__(self) -> None:
        self.now, self.a_look = 100.0, 0.25

    def __call__(self) -> float:
        self.now += self.a_look
        return self.now


def asks_for(lock: Any) -> None:
    with lock:
        pass


@contextmanager
def standing_at(place: str) -> Iterator[threading.Thread]:
    """A thread that stands still: where it sleeps, or asks for a lock."""
    lock, end = threading.Lock(), threading.Event()

    def sleeps() -> None:
        while not end.is_set():
            time.sleep(0.3)

    lock.acquire()
    thread = threading.Thread(target=sleeps if place == "sleep" else lambda: asks_for(lock), daemon=True)
    thread.start()
    wanted = "sleeps" if place == "sleep" else "asks_for"
    while (where := virtual.position_of(thread)) is None or where[0].co_name != wanted:
        time.sleep(0.001)
    time.sleep(0.02)
    try:
        yield thread
    finally:
        end.set()
        lock.release()
        thread.join(5)


def looks_until(question: Callable[[], bool], most: int = 200) -> int:
    """How many looks it takes until it is so."""
    return next(number for number in range(1, most) if question())
