"""A part of a replay that is simulated on its own: some of its runs, from where none goes on to where none goes on.

Nothing of the rules is left out for it. A part is the very simulation that the whole would be, with the runs before it
taken to be over, from the instant at which the first of its own begins; it ends at the first moment, behind as many
runs as it was asked for, at which all that have begun are over and nothing else is to happen. What such a moment leaves
to the runs behind it is all in `Handover`. So parts one behind the other are the whole, wherever each begins with what
the one before has left; that is seen, and not assumed.
"""

from __future__ import annotations

import pickle
import random
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from harness.bridge.masking import know, secrets_known
from harness.kernel import Instant
from harness.ledger.shards import ShardJournal
from harness.simulation.replays.couplings import coupling_of

if TYPE_CHECKING:
    from harness.bridge.supervisor.task_context import TaskContext
    from harness.simulation.components.scheduler_loop import Driver
    from harness.simulation.components.workers import Attempts
    from harness.simulation.record import Recorder


@dataclass(frozen=True, slots=True)
class Handover:
    """What runs of a replay leave to those behind them, at a moment at which none goes on.

    Attributes:
        runs: how many are over; they begin in the order of the backfill.
        at: the instant.
        triggerer: whether one has begun, which waits for triggers.
        reported: what findings tell once for all runs.
        secrets: that tasks have met, as the masker keeps them.
    """

    runs: int
    at: Instant
    triggerer: bool
    reported: frozenset[tuple[str, str, str]]
    secrets: frozenset[str]


class Shard:
    """A part while it is simulated; it takes part in one simulation.

    Args:
        begin: what is left to it; None for the first, which begins where the replay does.
        most: it ends at the first such moment at which so many runs of the replay are over; None: with the replay.
        journal: of all but the first: what it writes is kept apart.
    Attributes:
        end: what it leaves; None when it goes to the end of the replay.
        coupled: what a task of it asked or did that concerns other runs; then it does not end before the replay does.
        total: runs of the replay.
    """

    def __init__(self, begin: Handover | None, most: int | None, journal: ShardJournal | None = None) -> None:
        self.begin, self.most, self.journal = begin, most, journal
        self.end: Handover | None = None
        self.coupled: str | None = None
        self.total = 0
        self._begun = False

    def attach(self, recorder: Recorder, driver: Driver) -> None:
        """Take part in a simulation that begins, and in which nothing is planned yet."""
        self._recorder, self._driver = recorder, driver
        self._attempts = cast("Attempts", driver.attempts)  # a replay runs the code of its tasks
        self._has_numpy = "numpy" in sys.modules
        self._drawn, self._secrets = self._numbers(), secrets_known()
        driver.part = self
        self._attempts.supervisor.overhear = self._overhear
        if self.begin is not None and self.journal is not None:
            recorder.resumes = True
            if self.begin.triggerer:
                self._attempts.triggerer.begin()

    @property
    def own(self) -> slice:
        """The place of its runs among all, in the order in which they were made: a backfill's runs begin in that."""
        return slice(0 if self.begin is None else self.begin.runs, None if self.end is None else self.end.runs)

    def goes_on(self) -> bool:
        """Whether runs may begin; asked when none is running."""
        queued = len(self._driver.waiting_runs())
        if not self._begun:
            return queued == 0 or self._begins(queued)
        over = self.total - queued
        if self.most is None or self.coupled is not None or not self.most <= over < self.total:
            return True
        if not self._driver.stands_still():
            return True
        if self._numbers() != self._drawn:  # numbers of a sequence that all tasks of a process share
            self.coupled = "its tasks draw random numbers, one behind the other through all runs"
            return True
        self.end = self._handover(over)
        self._driver.simulation.stop("its runs are over")
        return False

    def _begins(self, queued: int) -> bool:
        """Whether its first runs begin now; those before them are over."""
        simulation, begin = self._driver.simulation, self.begin
        if self.total == 0:
            self.total = queued
            if begin is not None:
                self._driver.pass_over(begin.runs)
        if begin is not None and begin.at > simulation.now:
            simulation.schedule(begin.at, self._driver.wake)
            return False
        self._begun = True
        if begin is not None and self.journal is not None:
            self.journal.mute = False
            self._recorder.reported = set(begin.reported)
            know(begin.secrets)
        return True

    def _handover(self, over: int) -> Handover:
        met = secrets_known() - self._secrets
        return Handover(
            over,
            self._driver.simulation.now,
            self._attempts.triggerer.lives,
            frozenset(self._recorder.reported),
            met if self.begin is None else met | self.begin.secrets,
        )

    def _overhear(self, who: TaskContext, message: Any) -> None:
        if self.coupled is None:
            self.coupled = coupling_of(who, message)

    def _numbers(self) -> bytes:
        """Where the sequences of random numbers stand; of numpy, where it was there and so was seeded."""
        numpy: Any = sys.modules.get("numpy") if self._has_numpy else None
        return pickle.dumps((random.getstate(), None if numpy is None else numpy.random.get_state()))
