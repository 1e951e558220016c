"""Code that comes round again and again without ever waiting: ``sleep(0)`` in a loop, until something happens.

For real its turns take time, and so a timeout ends it. At one instant it would never end: beyond a bound, virtual time
goes on with it, at first about as it would for real, so that code which only lets others go first is not made slow.
"""

from __future__ import annotations

from harness.kernel.instant import BEGINNING, Instant, Microseconds, later

FREE = 1_000
"""Turns at one instant that take no time."""
EVERY = 100
"""Turns after which time goes on once more."""
TURN: Microseconds = 100
"""What a turn takes from there on."""
PATIENT = 300_000
"""Turns after which it can only be waiting: then, each time, by a hundredth of all the time that it has spun."""
GROWTH = 100


class Spin:
    """The turns of one process or thread, counted until it waits."""

    __slots__ = ("_at", "_began", "_turns")

    def __init__(self) -> None:
        self._at: Instant | None = None
        self._began = BEGINNING
        self._turns = 0

    def turn(self, now: Instant, most: Microseconds | None = None) -> Microseconds:
        """Once more round: what time passes now, mostly 0.

        Args:
            most: when something else is due.
        """
        if now != self._at:
            self._at = self._began = now
            self._turns = 0
        self._turns += 1
        if self._turns <= FREE or self._turns % EVERY:
            return 0
        passes = EVERY * TURN
        if self._turns > PATIENT:
            passes = max(passes, (now - self._began) // GROWTH)
        if most is not None:
            passes = max(min(passes, most), 0)
        self._at = later(now, passes)
        return passes
