"""Threads that sleep in virtual time: woken in the order of their instants."""

from __future__ import annotations

import heapq
import itertools
import threading

STILL_S = 0.005
"""Real seconds without any other thread beginning or ending a sleep after which the earliest one may go on."""


class BackgroundThreads:
    """A queue of sleeping threads.

    What a thread does between two sleeps takes real time and no virtual time, so the earliest to wake may go on once
    the others have had the chance to fall asleep too: two workers of a pool then share the work as they would have.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: list[tuple[int, int]] = []
        self._tickets = itertools.count()

    def sleep(self, until: int) -> None:
        """Return when no sleeping thread has an earlier instant and nothing stirred for `STILL_S`."""
        with self._changed:
            ticket = (until, next(self._tickets))
            heapq.heappush(self._queue, ticket)
            self._changed.notify_all()
            # ``wait`` is True when somebody began or ended a sleep: others may be about to fall asleep until an
            # earlier instant. Only a wait that times out says that nothing stirs.
            while self._changed.wait(STILL_S) or self._queue[0] != ticket:
                pass
            heapq.heappop(self._queue)
            self._changed.notify_all()
