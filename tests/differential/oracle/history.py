"""What the oracle sees: snapshots of the metadata database, and the `History` made of their differences."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from airflow.models import DagRun, TaskInstance
from airflow.models.dag import DagModel
from sqlalchemy import select

from harness.bridge.reference.clock import instant_of, iso
from tests.differential.case import Event, History
from tests.differential.oracle.player import TryKey

MICROSECONDS = re.compile(r"^(\w+__\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{6}")
RANDOM_END = re.compile(r"^(\w+__\d{4}-\d\d-\d\dT[\d:+.]+)_[A-Za-z0-9]{8}$")

NOTES = ("is_paused", "next_dagrun", "next_dagrun_create_after", "exceeds_max_non_backfill")

NUMBERS_AHEAD = hasattr(TaskInstance, "working_set")
"""From 3.4 on a row that waits for a retry has the number of the next try."""

InstanceKey = tuple[str, str, str, int]
RunKey = tuple[str, str]


class InstanceRow(NamedTuple):
    """A task instance's row, as far as it is looked at."""

    ti_id: str
    state: str | None
    try_number: int


class RunRow(NamedTuple):
    """A Dag run's row, as far as it is looked at."""

    state: str
    run_type: str
    logical_date: str | None
    interval_start: str | None
    interval_end: str | None
    start_date: dt.datetime | None


class Snapshot(NamedTuple):
    """The state of all runs and task instances, and what the scheduler notes of each Dag."""

    instances: dict[InstanceKey, InstanceRow]
    runs: dict[RunKey, RunRow]
    dags: tuple[tuple[Any, ...], ...] = ()


def snapshot(session: Any) -> Snapshot:
    """Read the two tables."""
    columns = (
        TaskInstance.dag_id,
        TaskInstance.run_id,
        TaskInstance.task_id,
        TaskInstance.map_index,
        TaskInstance.id,
        TaskInstance.state,
        TaskInstance.try_number,
    )
    instances = {
        (dag, run, task, index): InstanceRow(str(UUID(str(ti_id))), None if state is None else str(state), number)
        for dag, run, task, index, ti_id, state, number in session.execute(select(*columns))
    }
    runs = {
        (run.dag_id, run.run_id): RunRow(
            str(run.state),
            str(run.run_type),
            _date(run.logical_date),
            _date(run.data_interval_start),
            _date(run.data_interval_end),
            run.start_date,
        )
        for run in session.execute(
            select(
                DagRun.dag_id,
                DagRun.run_id,
                DagRun.state,
                DagRun.run_type,
                DagRun.logical_date,
                DagRun.data_interval_start,
                DagRun.data_interval_end,
                DagRun.start_date,
            )
        )
    }
    notes = [getattr(DagModel, name) for name in NOTES if hasattr(DagModel, name)]
    dags = tuple(tuple(row) for row in session.execute(select(DagModel.dag_id, *notes).order_by(DagModel.dag_id)))
    return Snapshot(instances, runs, dags)


def _date(stamp: dt.datetime | None) -> str | None:
    return None if stamp is None else iso(instant_of(stamp))


def run_names(created: Iterable[RunKey]) -> dict[RunKey, str]:
    """Run ids as a case can know them.

    ``DagRun.generate_run_id`` ends those of runs without a logical date with random letters, and what derives from
    the present has microseconds. Both are cut off; where that makes two alike, the later ones get their ordinal.
    """
    names: dict[RunKey, str] = {}
    counts: Counter[RunKey] = Counter()
    for dag_id, run_id in created:
        plain = RANDOM_END.sub(r"\1", MICROSECONDS.sub(r"\1", run_id))
        counts[dag_id, plain] += 1
        number = counts[dag_id, plain]
        names[dag_id, run_id] = plain if number == 1 else f"{plain}_{number}"
    return names


class Recorder:
    """Collects the history, instant by instant."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.queued: list[tuple[str, str, str, str, int]] = []
        self.created: dict[RunKey, str] = {}
        self.last = Snapshot({}, {})
        self.started: set[TryKey] = set()
        self.deadlines: list[tuple[str, str, str, str | None]] = []

    def workload(self, at: str, key: TryKey, state: str) -> None:
        """A workload was queued, or began to run."""
        if state == "queued":
            self.queued.append((at, *key[:4]))
        self.events.append(Event(at, *key, state))

    def deadline(self, told: tuple[str, str, str], at: str | None) -> None:
        """A deadline was missed at an instant, or (None) is pending in the end."""
        self.deadlines.append((*told, at))

    def settled(self, at: str, seen: Snapshot) -> None:
        """Tell what is different since the last instant; queued and running are told as workloads."""
        for run_key, run in seen.runs.items():
            self.created.setdefault(run_key, at)
            before = self.last.runs.get(run_key)
            if before is None or before.state != run.state:
                self.events.append(Event(at, *run_key, "", -1, 0, run.state))
        for key, row in seen.instances.items():
            before_row = self.last.instances.get(key)
            changed = before_row is None or (before_row.state, before_row.try_number) != (row.state, row.try_number)
            if changed and row.state not in (None, "queued", "running"):
                ended = row.try_number - (row.state == "up_for_retry" and NUMBERS_AHEAD)
                self.events.append(Event(at, *key, ended, str(row.state)))
        self.last = seen

    def history(self) -> History:
        """The whole, with the random ends of run ids replaced by their ordinal."""
        names = run_names(self.created)
        runs = self.last.runs
        return History(
            events=tuple(
                sorted(Event(**{**vars(event), "run_id": names[event.dag_id, event.run_id]}) for event in self.events)
            ),
            queued=tuple((at, dag, names[dag, run], task, index) for at, dag, run, task, index in self.queued),
            runs=tuple(
                sorted(
                    (
                        dag,
                        names[dag, run],
                        row.run_type,
                        row.logical_date,
                        row.interval_start,
                        row.interval_end,
                        self.created[dag, run],
                    )
                    for (dag, run), row in runs.items()
                )
            ),
            final={
                (dag, names[dag, run], task, index): (row.state, row.try_number)
                for (dag, run, task, index), row in sorted(self.last.instances.items())
            },
            run_states={(dag, names[dag, run]): row.state for (dag, run), row in sorted(runs.items())},
            deadlines=tuple(sorted(((dag, names[dag, run], due, at) for dag, run, due, at in self.deadlines), key=str)),
        )
