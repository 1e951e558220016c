"""Queued runs, so that the next ones to start are found without looking at all of them: a backfill queues thousands."""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Iterator, Mapping
from itertools import islice

from harness.kernel import Instant
from harness.scheduler.dag_runs.runs import RUNS_A_LOOP, Group, group_of, most_running, start_order
from harness.scheduler.model import QUEUED, DagRun


class QueuedRuns:
    """Those of each group that shares a limit, in the order in which they start: it does not change while they wait."""

    def __init__(self) -> None:
        self._groups: dict[Group, list[DagRun]] = {}
        self._of: dict[DagRun, Group] = {}

    def __len__(self) -> int:
        return len(self._of)

    def __iter__(self) -> Iterator[DagRun]:
        """All of them, in the order in which they were queued."""
        return iter(self._of)

    def add(self, run: DagRun) -> None:
        """A run is queued; one that is already keeps its place."""
        if run not in self._of:
            self._of[run] = group_of(run)
            insort(self._groups.setdefault(group_of(run), []), run, key=start_order)

    def remove(self, run: DagRun) -> None:
        """A run is no longer queued."""
        group = self._of.pop(run)
        waiting = self._groups[group]
        waiting.remove(run)  # mostly the first
        if not waiting:
            del self._groups[group]

    def next(self, now: Instant, running: Mapping[Group, int], paused: Collection[str]) -> Iterator[DagRun]:
        """Of each group that has room those that may start first: no loop looks at more of them.

        Args:
            running, paused: as of `harness.scheduler.dag_runs.runs.to_start`.
        """
        for group, waiting in self._groups.items():
            if group[0] not in paused and running.get(group, 0) < most_running(waiting[0]):
                due = (run for run in waiting if run.run_after <= now and run.state == QUEUED)
                yield from islice(due, RUNS_A_LOOP)

    def count(self, dag_id: str, backfills: bool) -> int:
        """How many are of a Dag.

        Args:
            backfills: those of backfills too.
        """
        groups = self._groups.items()
        return sum(len(runs) for (name, made_by), runs in groups if name == dag_id and (backfills or made_by is None))
