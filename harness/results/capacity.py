"""What a calendar asks of pools, executors and workers, and how long that makes it wait: the answers to "what if"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from harness.kernel.instant import iso


@dataclass(frozen=True, slots=True)
class PathStep:
    """A task instance of a critical path.

    Attributes:
        name: ``task_id``, with ``[map_index]`` when mapped; where it is of another run than the last, its Dag
            before that.
        waited: from when all before it had ended, or its run had begun, until it ran first.
        because: what held it back meanwhile, as `Capacity.waits` has it; None where nothing did.
        lasted: from then until its end, retries and waits of its own among them.
        slack: how much longer it might have lasted without the last run ending later, all else being as it was.
        dag_id, run_id: whose it is.
    """

    name: str
    start: datetime
    waited: timedelta
    because: str | None
    lasted: timedelta
    slack: timedelta = timedelta()
    dag_id: str = ""
    run_id: str = ""

    def to_json(self) -> dict[str, Any]:
        """The step as documents hold it."""
        return {
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "task": self.name,
            "start": iso(self.start),
            "waited_s": self.waited.total_seconds(),
            "because": self.because,
            "lasted_s": self.lasted.total_seconds(),
            "slack_s": self.slack.total_seconds(),
        }


@dataclass(frozen=True, slots=True)
class Capacity:
    """What there was of pools, executors and workers, and what came of it.

    Attributes:
        makespan: from when the first run was due until the last task instance had ended.
        longest_run: the run that took longest from when it was due until its end: (dag_id, run_id), and how long.
        task_instances: those that came to an end; ``unfinished`` those that did not.
        waits: what task instances waited for -> how long, all of them together. ``pool etl``: a slot of that pool;
            ``executor``: one of an executor; ``limit``: the limits of Dags and tasks; ``worker``: a free worker;
            ``dependency``: tasks before them, or the run's past; ``schedule``: runs that were due, for their turn;
            ``retry``, ``reschedule``, ``trigger``: a next try, a next poke, a trigger or a person.
        utilisation: ``executor`` or ``pool etl`` -> the share of its slots that was taken, over the makespan.
        missed_deadlines: of all runs.
        longest_chain: the run that took longest from when the first of the runs was due that had it begin, by their
            assets or triggers, until its end: (dag_id, run_id), and how long. Where none is, the longest run.
        critical_path: of that run, the task instances that made it as long as it was, the first one first, those of the
            runs before it among them.
        slack: of all task instances of these runs, by name as in the path.
    """

    makespan: timedelta = timedelta()
    longest_run: tuple[str, str, timedelta] | None = None
    task_instances: int = 0
    unfinished: int = 0
    waits: Mapping[str, timedelta] = field(default_factory=dict)
    utilisation: Mapping[str, float] = field(default_factory=dict)
    missed_deadlines: int = 0
    longest_chain: tuple[str, str, timedelta] | None = None
    critical_path: tuple[PathStep, ...] = ()
    slack: Mapping[str, timedelta] = field(default_factory=dict)

    @property
    def nearest_beside(self) -> tuple[str, timedelta] | None:
        """The task instance beside the critical path with the least slack, and how much; None where all are on it."""
        on_path = {step.name for step in self.critical_path}
        beside = [(spare, name) for name, spare in self.slack.items() if name not in on_path]
        if not beside:
            return None
        spare, name = min(beside)
        return name, spare

    def to_json(self) -> dict[str, Any]:
        """The object as documents hold it."""
        nearest = self.nearest_beside
        return {
            "makespan_s": self.makespan.total_seconds(),
            "longest_run": _lasted(self.longest_run),
            "longest_chain": _lasted(self.longest_chain),
            "task_instances": self.task_instances,
            "unfinished": self.unfinished,
            "waits_s": {cause: waited.total_seconds() for cause, waited in sorted(self.waits.items())},
            "utilisation": {name: round(share, 4) for name, share in sorted(self.utilisation.items())},
            "missed_deadlines": self.missed_deadlines,
            "critical_path": [step.to_json() for step in self.critical_path],
            "nearest_beside": None if nearest is None else {"task": nearest[0], "slack_s": nearest[1].total_seconds()},
        }


def _lasted(run: tuple[str, str, timedelta] | None) -> dict[str, Any] | None:
    return None if run is None else {"dag_id": run[0], "run_id": run[1], "lasted_s": run[2].total_seconds()}
