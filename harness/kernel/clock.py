"""The process's wall clock: time-machine's, moved only by the kernel; and clocks that a user's test already holds.

time-machine refuses to start while freezegun is active, so freezegun is stopped for the length of a simulation and
started again, with the very factory objects the test holds (`frozen.tick()` goes on working).
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import time_machine

from harness.kernel.instant import Instant, Microseconds, later, to_datetime, to_instant

Follower = Callable[[Instant | None], None]
"""Sets a clock outside of this process: to stand at an instant, from where it goes on; None: on real time."""

_followers: list[Follower] = []
"""Of the process, as its clocks are: whatever simulation runs, its servers have its time."""


def follow(follower: Follower) -> None:
    """Have a clock set at every move of a simulation's, and back to real time at its end."""
    _followers.append(follower)


def follow_no_more(follower: Follower) -> None:
    """Leave a clock alone from now on."""
    if follower in _followers:
        _followers.remove(follower)


class WallClock:
    """``datetime.now``, ``time.time``, ``pandas.Timestamp.now`` and the like, standing at one instant.

    ``shift`` is used and not ``move_to``: it is exact for whole microseconds and does not set the zone again.
    """

    def __init__(self, traveller: time_machine.Traveller, start: Instant) -> None:
        self._traveller, self._instant = traveller, start
        self._set_followers(start)

    def advance(self, by: Microseconds) -> None:
        """Move the clocks forward, and those that follow."""
        self._traveller.shift(timedelta(microseconds=by))
        self._instant = later(self._instant, by)
        if _followers:
            self._set_followers(self._instant)

    def end(self) -> None:
        """Leave those that follow on real time."""
        self._set_followers(None)

    def _set_followers(self, instant: Instant | None) -> None:
        for follower in _followers:
            follower(instant)


@contextmanager
def wall_clock(start: Instant) -> Iterator[WallClock]:
    """The process's clocks stand at ``start``, local zone UTC, until the end of the block.

    The zone is part of it: a naive ``datetime.now()`` in task code must not depend on the laptop.
    """
    with time_machine.travel(to_datetime(start), tick=False) as traveller:
        clock = WallClock(traveller, start)
        try:
            yield clock
        finally:
            clock.end()


def frozen_instant() -> Instant | None:
    """The instant a test has frozen, by freezegun or time-machine; None when time runs."""
    api = sys.modules.get("freezegun.api")
    if api is not None and api.freeze_factories:
        moment = api.freeze_factories[-1]()
        return _exact(moment)
    if time_machine.escape_hatch.is_travelling():
        return _exact(datetime.now(timezone.utc))
    return None


@contextmanager
def freezegun_suspended() -> Iterator[None]:
    """Real clocks inside the block, freezegun's own state back after it."""
    api: Any = sys.modules.get("freezegun.api")
    if api is None or not api.freeze_factories:
        yield
        return
    stacks = [api.freeze_factories, api.ignore_lists, api.tick_flags, api.tz_offsets]
    saved = [list(stack) for stack in stacks]
    outermost = _outermost(api)
    for stack in stacks:
        del stack[1:]
    outermost.stop()
    try:
        yield
    finally:
        outermost.start()
        for stack, values in zip(stacks, saved):  # noqa: B905 - built in step
            stack[:] = values


def _outermost(api: Any) -> Any:
    """The freezer that patched the modules: only it holds a list of changes to undo (``_freeze_time.start``)."""
    for candidate in gc.get_objects():
        if type(candidate) is api._freeze_time and candidate.modules_at_start:
            return candidate
    raise RuntimeError("freezegun is active but its freezer cannot be found")


def _exact(moment: datetime) -> Instant:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
    plain = datetime(
        aware.year, aware.month, aware.day, aware.hour, aware.minute, aware.second, aware.microsecond, aware.tzinfo
    )
    return to_instant(plain)
