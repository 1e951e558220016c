"""What parts of a replay say of capacity, together: what one process would say of all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from harness.results.capacity import Capacity
from harness.results.run import RunResult
from harness.scheduler.model import FINISHED

NONE = timedelta()


def joined(parts: Sequence[Capacity], runs: Sequence[RunResult], now: datetime) -> Capacity:
    """The capacity of all.

    A part counts its own task instances alone, so what waited and what was taken adds up; of runs that wait for their
    turn only the whole knows.

    Args:
        parts: in their order.
        runs: of all parts. ``now`` is when the last part had ended.
    """
    instances = [ti for run in runs for ti in run.task_instances]
    ended = [ti for ti in instances if ti.state in FINISHED]
    ends = [ti.end_date for ti in ended if ti.end_date is not None]
    due = [(run.run_after, run.start_date) for run in runs if run.run_after is not None]
    begun = [after for after, start in due if start is not None]
    makespan = max(ends) - min(begun) if ends and begun else NONE
    waits: dict[str, timedelta] = {}
    taken: dict[str, float] = {}
    for part in parts:
        for cause, waited in part.waits.items():
            waits[cause] = waits.get(cause, NONE) + waited
        for name, share in part.utilisation.items():
            taken[name] = taken.get(name, 0.0) + share * part.makespan.total_seconds()
    waits["schedule"] = sum((max((start or now) - after, NONE) for after, start in due), NONE)
    longest = max(parts, key=lambda part: NONE if part.longest_run is None else part.longest_run[2])
    return replace(
        longest,
        makespan=makespan,
        task_instances=len(ended),
        unfinished=len(instances) - len(ended),
        waits={cause: waited for cause, waited in sorted(waits.items()) if waited},
        utilisation={name: share / makespan.total_seconds() for name, share in sorted(taken.items()) if makespan},
        missed_deadlines=sum(part.missed_deadlines for part in parts),
    )
