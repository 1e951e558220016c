"""The one way to the process's wall clock: time-machine, moved only by the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import time_machine

from harness.kernel.instant import Instant, Microseconds, to_datetime


class WallClock:
    """``datetime.now``, ``time.time``, ``pandas.Timestamp.now`` and the like, standing at one instant.

    ``shift`` is used and not ``move_to``: it is exact for whole microseconds and does not set the zone again.
    """

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller

    def advance(self, by: Microseconds) -> None:
        """Move the clocks forward."""
        self._traveller.shift(timedelta(microseconds=by))


@contextmanager
def wall_clock(start: Instant) -> Iterator[WallClock]:
    """The process's clocks stand at ``start``, local zone UTC, until the end of the block.

    The zone is part of it: a naive ``datetime.now()`` in task code must not depend on the laptop.
    """
    with time_machine.travel(to_datetime(start), tick=False) as traveller:
        yield WallClock(traveller)
