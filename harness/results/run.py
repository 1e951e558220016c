"""What a run came to: what tests assert on and reports print. Every date is an aware `datetime`, in UTC.

Its tasks, its deadlines, and what it asked for that is not in the world.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import TaskNotFound, known_names, renamed
from harness.kernel.instant import iso
from harness.ledger.questions import asked_of
from harness.results import dated, errors_among, run_among, runs_among
from harness.results.finding import Finding
from harness.results.services import ServiceUse
from harness.results.world import Need, WorldEventResult, reported
from harness.text import plain

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA = "airflow-harness/run/1"


def optional_iso(at: datetime | None) -> str | None:
    """`iso`, None kept."""
    return None if at is None else iso(at)


class State(str):
    """A state that knows whose it is, so that a failing comparison can show the run; otherwise plain text."""

    __slots__ = ("owner",)

    owner: RunResult | TaskResult | None

    def __new__(cls, text: str, owner: RunResult | TaskResult | None = None) -> State:
        """The state of a run or of a task instance."""
        made = super().__new__(cls, text)
        made.owner = owner
        return made

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Copied and pickled as plain text."""
        return str, (str(self),)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One stretch of a task instance in a worker, from its start to a state that ends or interrupts it.

    Attributes:
        state: how it ended: ``success``, ``failed``, ``up_for_retry``, ``up_for_reschedule``, ``deferred`` …
        reason: why, in a sentence; None when it succeeded.
        real_seconds: real time its code took.
        peak_bytes: memory that its code held at most, as `tracemalloc` counts it; None where that was not asked for.
    """

    try_number: int
    state: str
    start_date: datetime
    end_date: datetime | None
    reason: str | None = None
    real_seconds: float = 0.0
    peak_bytes: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The attempt as the run document holds it."""
        told = {
            "try_number": self.try_number,
            "state": self.state,
            "start_date": iso(self.start_date),
            "end_date": optional_iso(self.end_date),
            "reason": self.reason,
        }
        return told if self.peak_bytes is None else {**told, "peak_bytes": self.peak_bytes}


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of user code: the exception, the user's own frames, where, and a remedy when one is known."""

    kind: str
    message: str
    traceback: str
    where: str | None = None
    hint: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The error as the run document holds it."""
        return {
            "type": self.kind,
            "message": self.message,
            "traceback": self.traceback,
            "where": self.where,
            "hint": self.hint,
        }


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What became of a task instance.

    Attributes:
        stood_in: the pattern of the world's entry that stood in its place at the last try; None where its own code ran.
    """

    task_id: str
    map_index: int
    operator: str
    state: str | None
    try_number: int
    pool: str
    start_date: datetime | None
    end_date: datetime | None
    rendered: Mapping[str, Any] = field(default_factory=dict)
    xcoms: Mapping[str, Any] = field(default_factory=dict)
    error: Failure | None = None
    attempts: tuple[Attempt, ...] = ()
    reason: str | None = None
    log: str = ""
    stood_in: str | None = None

    def __post_init__(self) -> None:
        if self.state is not None:
            object.__setattr__(self, "state", State(self.state, self))

    @property
    def name(self) -> str:
        """``task_id``, with ``[map_index]`` when mapped."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"

    def xcom(self, key: str = "return_value") -> Any:
        """The value the task pushed under a key, None when it pushed none."""
        return self.xcoms.get(key)

    @property
    def in_worker(self) -> timedelta:
        """How long it was in a worker, and held its slot there: the sum of its attempts."""
        spans = (one.end_date - one.start_date for one in self.attempts if one.end_date is not None)
        return sum(spans, timedelta())

    @property
    def peak_bytes(self) -> int | None:
        """Memory that its code held at most in an attempt; None where that was not asked for (``memory=True``)."""
        told = [one.peak_bytes for one in self.attempts if one.peak_bytes is not None]
        return max(told, default=None)

    def to_json(self) -> dict[str, Any]:
        """The task instance as the run document holds it."""
        return {
            "task_id": self.task_id,
            "map_index": self.map_index,
            "operator": self.operator,
            "state": None if self.state is None else str(self.state),
            "try_number": self.try_number,
            "pool": self.pool,
            "start_date": optional_iso(self.start_date),
            "end_date": optional_iso(self.end_date),
            "rendered": plain(self.rendered),
            "xcoms": plain(self.xcoms),
            "error": None if self.error is None else self.error.to_json(),
            "attempts": [attempt.to_json() for attempt in self.attempts],
            "stood_in": self.stood_in,
        }

    def __repr__(self) -> str:
        why = f" — {self.reason}" if self.reason else ""
        return f"<{self.name} {self.state} try {self.try_number}{why}>"


@dataclass(frozen=True, slots=True)
class RunResult:
    """A Dag run that was simulated.

    Attributes:
        companions: runs of other Dags that the simulation made: triggered, or awaited by a sensor.
        events: (datetime, task name, state) of every state change, in order.
        ledger: the folder of the journal, None when none was kept.
        deadlines: one for each ``deadline=`` of the Dag, in their order.
        not_in_world: what was asked for and is not there, by this run and its companions.
        services: what each service of the world came to hold and heard meanwhile.
        world_events: what happened around the Dags: events of the world, actions of people, faults.
    """

    dag_id: str
    run_id: str
    run_type: str
    logical_date: datetime | None
    data_interval_start: datetime | None
    data_interval_end: datetime | None
    state: str
    start_date: datetime | None
    end_date: datetime | None
    task_instances: tuple[TaskResult, ...]
    run_after: datetime | None = None
    real_seconds: float = 0.0
    reason: str | None = None
    findings: tuple[Finding, ...] = ()
    companions: tuple[RunResult, ...] = ()
    events: tuple[tuple[datetime, str, str | None], ...] = ()
    ledger: Path | None = None
    deadlines: tuple[DeadlineResult, ...] = ()
    not_in_world: tuple[Need, ...] = ()
    services: tuple[ServiceUse, ...] = ()
    world_events: tuple[WorldEventResult, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", State(self.state, self))

    def task(self, task_id: str, map_index: int | None = None) -> TaskResult:
        """The result of a task; of one mapped instance when ``map_index`` says which.

        Raises: TaskNotFound: no such task, no such index, or several instances and no index.
        """
        found = [ti for ti in self.task_instances if ti.task_id == task_id]
        if map_index is not None:
            found = [ti for ti in found if ti.map_index == map_index]
        if len(found) == 1:
            return found[0]
        if not found and map_index is not None and (others := self.tasks(task_id)):
            raise _no_such_index(self, others, map_index)
        if not found:
            names = {ti.task_id if map_index is None else ti.name for ti in self.task_instances}
            name = task_id if map_index is None else f"{task_id}[{map_index}]"
            raise TaskNotFound(f"no task {name!r} in this run of {self.dag_id!r}", known=known_names(name, names))
        indexes = ", ".join(str(ti.map_index) for ti in found)
        raise TaskNotFound(
            f"task {task_id!r} is mapped: {len(found)} instances", known=f"map_index {indexes}", fix="give map_index="
        )

    def tasks(self, task_id: str) -> tuple[TaskResult, ...]:
        """All instances of a task, by map_index."""
        found = [ti for ti in self.task_instances if ti.task_id == task_id]
        return tuple(sorted(found, key=lambda ti: ti.map_index))

    @property
    def timeline(self) -> tuple[tuple[str, str, str | None], ...]:
        """(ISO instant, task name, state) of every state change, in order."""
        return tuple((iso(at), name, state) for at, name, state in self.events)

    @property
    def failed_tasks(self) -> tuple[TaskResult, ...]:
        """Task instances that failed themselves."""
        return tuple(ti for ti in self.task_instances if ti.state == "failed")

    @property
    def runs(self) -> tuple[RunResult, ...]:
        """This run, and those of other Dags that the simulation made."""
        return (self, *self.companions)

    def runs_of(self, dag_id: str) -> tuple[RunResult, ...]:
        """Those of `runs` that are of a Dag."""
        return runs_among(self.runs, dag_id)

    def run(self, dag_id: str, logical_date: str | datetime | None = None) -> RunResult:
        """One of `runs`.

        Args:
            logical_date: a datetime, its ISO text, or the beginning of it; None when the Dag has one run.
        Raises: TaskNotFound: no run, or several, fit.
        """
        return run_among(self.runs, dag_id, logical_date, f"around this run of {self.dag_id!r}")

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings of severity ``error``, of this run and of the runs around it."""
        return errors_among(finding for run in self.runs for finding in run.findings)

    @property
    def ok(self) -> bool:
        """Whether the run succeeded and nothing was found that is an error: what ``run`` exits with 0 for."""
        return self.state == "success" and not self.errors

    @property
    def missed_deadlines(self) -> tuple[DeadlineResult, ...]:
        """Deadlines that the run missed."""
        return tuple(deadline for deadline in self.deadlines if deadline.missed)

    @property
    def failed(self) -> tuple[TaskResult, ...]:
        """The old name of `failed_tasks`."""
        renamed("RunResult.failed", "RunResult.failed_tasks")
        return self.failed_tasks

    def mapped(self, task_id: str) -> tuple[TaskResult, ...]:
        """The old name of `tasks`."""
        renamed("RunResult.mapped", "RunResult.tasks")
        return self.tasks(task_id)

    def sql(self, question: str) -> DuckDBPyConnection:
        """Ask the ledger, in SQL: ``result.sql("select state, count(*) from runs group by all").fetchall()``.

        Returns: DuckDB's cursor: ``fetchone()``, ``fetchall()``, ``df()``. docs/ledger.md has tables and columns.
        Raises: UsageError: no ledger was kept, or the question cannot mean anything.
        """
        return asked_of(self.ledger, question)

    def to_json(self) -> dict[str, Any]:
        """The run document, schema ``airflow-harness/run/1``."""
        return {
            "schema": SCHEMA,
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "run_type": self.run_type,
            "logical_date": optional_iso(self.logical_date),
            "data_interval_start": optional_iso(self.data_interval_start),
            "data_interval_end": optional_iso(self.data_interval_end),
            "state": str(self.state),
            "start_date": optional_iso(self.start_date),
            "end_date": optional_iso(self.end_date),
            "real_seconds": round(self.real_seconds, 6),
            "task_instances": [ti.to_json() for ti in self.task_instances],
            "deadlines": [deadline.to_json() for deadline in self.deadlines],
            "findings": [finding.to_json() for run in self.runs for finding in run.findings],
            "not_in_world": [need.to_json() for need in self.not_in_world],
            "services": [use.to_json() for use in self.services],
            "world_events": [one.to_json() for one in self.world_events],
            "companions": [run.to_json() for run in self.companions],
            "ledger": None if self.ledger is None else str(self.ledger),
        }

    def __repr__(self) -> str:
        return headline(self)

    def __str__(self) -> str:
        return summary(self)


def _no_such_index(run: RunResult, found: tuple[TaskResult, ...], map_index: int) -> TaskNotFound:
    """Why a task has no instance of an index: it was never expanded, or into fewer, or is not mapped."""
    task_id, first = found[0].task_id, found[0]
    if first.map_index >= 0:
        count, last = len(found), found[-1].map_index
        return TaskNotFound(
            f"task {task_id!r} has no map_index {map_index} in this run of {run.dag_id!r}: it has {count} instances",
            known=f"map_index 0 to {last}" if last else "map_index 0",
            fix="take one of these, or give its upstream more values",
        )
    reason = f": {first.reason}" if first.reason else ""
    return TaskNotFound(
        f"task {task_id!r} was not expanded in this run of {run.dag_id!r}, it ended {first.state}{reason}",
        why="map_index= asks for an instance of a mapped task",
        fix="give what it is mapped over in xcoms=; leave map_index= out for a task that is not mapped",
    )


def headline(run: RunResult) -> str:
    """A run in one line."""
    return f"<run of {run.dag_id} at {dated(run)}: {run.state}{f' ({run.reason})' if run.reason else ''}>"


def summary(run: RunResult) -> str:
    """A run in a few lines: its state, then each task instance, then the errors with the user's frames."""
    lines = [headline(run)]
    width = max((len(ti.name) for ti in run.task_instances), default=0)
    for ti in run.task_instances:
        tries = f"try {ti.try_number}" if ti.try_number else ""
        why = ti.reason or (ti.error and f"{ti.error.kind}: {ti.error.message}") or ""
        why = f"{why} (stood in for)".lstrip() if ti.stood_in else why
        lines.append(f"  {ti.name:<{width}}  {ti.state or 'no status':<16} {tries:<6} {why}".rstrip())
    for ti in run.task_instances:
        if ti.error is not None and ti.state == "failed":
            lines.append(f"  {ti.name}:")
            lines += [f"    {line}" for line in ti.error.traceback.rstrip().splitlines()]
            if ti.error.hint:
                lines.append(f"    hint: {ti.error.hint}")
    lines += [f"  {finding.severity}: {finding.check}: {finding.message}" for finding in run.findings]
    lines += [f"  {line}" for line in reported(run.not_in_world)]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class DeadlineResult:
    """One ``deadline=`` of a Dag, as it was for a run.

    Attributes:
        reference: ``DAGRUN_QUEUED_AT``, ``DAGRUN_LOGICAL_DATE``, ``FIXED_DATETIME``, ``AVERAGE_RUNTIME``, or the name
            of a custom one.
        interval: what is added to it; None when that could not be told.
        due: None when the run got no such deadline; ``reason`` says why.
        state: ``met``, ``missed``, ``pending`` (the simulation ended before), ``none``.
        missed_at: when the scheduler saw that it was missed; it may have been due before the run was made.
        callback: its import path.
        callback_state: ``pending``, ``queued``, ``running``, ``success``, ``failed``; None while nothing was missed.
    """

    reference: str
    interval: timedelta | None
    due: datetime | None
    state: str
    callback: str
    name: str | None = None
    missed_at: datetime | None = None
    callback_state: str | None = None
    reason: str | None = None

    @property
    def missed(self) -> bool:
        """Whether it was missed."""
        return self.state == "missed"

    def to_json(self) -> dict[str, Any]:
        """The deadline as the run document holds it."""
        return {
            "name": self.name,
            "reference": self.reference,
            "interval_seconds": None if self.interval is None else self.interval.total_seconds(),
            "due": None if self.due is None else iso(self.due),
            "state": self.state,
            "missed_at": None if self.missed_at is None else iso(self.missed_at),
            "callback": self.callback,
            "callback_state": self.callback_state,
            "reason": self.reason,
        }
