"""How many task instances are in which state, what they hold, and how long all of them together were in each."""

from __future__ import annotations

from collections.abc import Iterable

from harness.kernel.instant import BEGINNING, Instant, Microseconds
from harness.scheduler.model import OCCUPYING, SCHEDULED, UNSEEN, TaskInstance
from harness.scheduler.queueing import ACTIVE, Candidates, Limits, Occupancy, why_held


class Tally:
    """Counts changes of states as they are told: nothing is looked through, and nothing of a change is kept.

    Attributes:
        occupancy: what queued and running task instances hold, and those that wait for a trigger or a person.
        spans: state -> the sum of how long task instances of running runs were in it; ``""`` stands for none.
        held: what held scheduled task instances back -> the sum of how long: ``pool etl``, ``executor``, ``limit``.
        taken: ``executor``, or ``pool etl`` -> slots taken, times how long.
        causes: pool -> what held its instances back when the scheduler last had settled.
        held_by: what held a task instance back that waited for its slot, where it did.
    """

    def __init__(self) -> None:
        self.occupancy = Occupancy()
        self.spans: dict[str, Microseconds] = {}
        self.held: dict[str, Microseconds] = {}
        self.taken: dict[str, Microseconds] = {}
        self.causes: dict[str, str] = {}
        self.held_by: dict[TaskInstance, str] = {}
        self._counts: dict[str, int] = {}
        self._waiting: list[tuple[str, int]] = []
        self._at: Instant = BEGINNING

    def begins(self, instances: Iterable[TaskInstance], now: Instant) -> None:
        """Task instances are part of a running run from now on."""
        self._move(now)
        for ti in instances:
            if ti.seen == UNSEEN:
                ti.seen = None
                self._counts[""] = self._counts.get("", 0) + 1

    def ends(self, instances: Iterable[TaskInstance], now: Instant) -> None:
        """A run has ended: those of it that never began wait no more."""
        self._move(now)
        for ti in instances:
            if ti.seen is None:
                ti.seen = UNSEEN
                self._counts[""] -= 1

    def change(self, ti: TaskInstance, now: Instant) -> None:
        """A task instance has a new state."""
        before, after = ti.seen, ti.state
        if before == after:
            return
        if now != self._at:
            self._move(now)
        ti.seen = after
        counts = self._counts
        if before != UNSEEN:
            counts[before or ""] -= 1
        counts[after or ""] = counts.get(after or "", 0) + 1
        if before in OCCUPYING and after in OCCUPYING:  # it begins, and holds what it held
            return
        if before is not None and before in ACTIVE:
            self.occupancy.add(ti, before, -1)
        if after is not None and after in ACTIVE:
            self.occupancy.add(ti, after)
            if before == SCHEDULED and self.causes and ti.task.pool in self.causes:
                self.held_by[ti] = self.causes[ti.task.pool]

    def settled(self, waiting: Candidates, limits: Limits, now: Instant) -> None:
        """The scheduler has nothing more to decide at this instant; these wait for slots."""
        self._move(now)
        self._waiting, self.causes = [], {}
        for pool, number, first in waiting.by_pool() if len(waiting) else ():
            cause = self.causes[pool] = why_held(first, self.occupancy, limits)
            self._waiting.append((cause, number))

    def _move(self, now: Instant) -> None:
        """Time goes on: what was, was so long."""
        since = now - self._at
        if self._at == BEGINNING or since <= 0:
            self._at = now
            return
        self._at = now
        for state, number in self._counts.items():
            if number:
                self.spans[state] = self.spans.get(state, 0) + number * since
        for cause, number in self._waiting:
            self.held[cause] = self.held.get(cause, 0) + number * since
        self.taken["executor"] = self.taken.get("executor", 0) + self.occupancy.executor * since
        for pool, slots in self.occupancy.pools.items():
            self.taken[f"pool {pool}"] = self.taken.get(f"pool {pool}", 0) + slots * since
