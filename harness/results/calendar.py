"""What a folder's calendar came to: every run that was made, what held the others up, what became of backfills."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.kernel.instant import EPOCH, iso
from harness.ledger.questions import asked_of
from harness.results import errors_among, run_among, runs_among
from harness.results.capacity import Capacity
from harness.results.finding import Finding
from harness.results.run import RunResult, TaskResult
from harness.results.services import ServiceUse
from harness.results.world import Need, WorldEventResult

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA = "airflow-harness/calendar/1"


@dataclass(frozen=True, slots=True)
class CalendarResult:
    """The simulated calendar of a Dag folder.

    Attributes:
        since, until: the stretch of virtual time.
        runs: in the order they were made, triggered ones among them.
        waiting: (dag_id, run_id, task name, why) of what had not ended.
        findings: of Dags as such; those of runs are theirs.
        busy_until: the last instant at which anything happened.
        backfills: those that people asked for, dry runs among them, in order.
        idle: (dag_id, why) of the Dags that made no run.
        not_in_world: what was asked for and is not there.
        services: what each service of the world came to hold and heard meanwhile.
        world_events: what happened around the Dags: events of the world, actions of people, faults.
        was_interrupted: Ctrl-C or SIGTERM ended it before its time.
        notes: of how it was simulated, for who waits for it; no part of what it came to.
        capacity: what was asked of pools and executors, and how long that made it wait.
    """

    since: datetime
    until: datetime
    runs: tuple[RunResult, ...]
    waiting: tuple[tuple[str, str, str, str], ...] = ()
    findings: tuple[Finding, ...] = ()
    busy_until: datetime = EPOCH
    real_seconds: float = 0.0
    ledger: Path | None = None
    backfills: tuple[BackfillResult, ...] = ()
    idle: tuple[tuple[str, str], ...] = ()
    not_in_world: tuple[Need, ...] = ()
    services: tuple[ServiceUse, ...] = ()
    world_events: tuple[WorldEventResult, ...] = ()
    was_interrupted: bool = False
    notes: tuple[str, ...] = ()
    capacity: Capacity = field(default_factory=Capacity)

    def runs_of(self, dag_id: str) -> tuple[RunResult, ...]:
        """The runs of a Dag, in the order they were made; empty when its schedule asked for none."""
        return runs_among(self.runs, dag_id)

    def run(self, dag_id: str, logical_date: str | datetime | None = None) -> RunResult:
        """One run.

        Args:
            logical_date: a datetime, its ISO text, or the beginning of it; None when the Dag has one run.
        Raises: TaskNotFound: no run, or several, fit.
        """
        between = f"between {iso(self.since)} and {iso(self.until)}"
        return run_among(self.runs, dag_id, logical_date, between)

    @property
    def states(self) -> dict[str, int]:
        """Run state -> how many runs ended in it."""
        return dict(Counter(str(run.state) for run in self.runs))

    @property
    def failed_tasks(self) -> tuple[TaskResult, ...]:
        """Task instances that failed themselves, run by run."""
        return tuple(ti for run in self.runs for ti in run.failed_tasks)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings of severity ``error``, of the Dags and of their runs."""
        return errors_among([*self.findings, *(finding for run in self.runs for finding in run.findings)])

    @property
    def ok(self) -> bool:
        """Whether no run failed and nothing was found that is an error: what ``simulate`` exits with 0 for."""
        return "failed" not in self.states and not self.errors

    @property
    def is_complete(self) -> bool:
        """Whether something ran, and all of it to its end: without it a report has no tick, whatever `ok` says."""
        ended = all(run.end_date is not None for run in self.runs)
        return bool(self.runs) and ended and not self.was_interrupted

    def sql(self, question: str) -> DuckDBPyConnection:
        """Ask the ledger, in SQL: ``result.sql("select state, count(*) from runs group by all").fetchall()``.

        Returns: DuckDB's cursor: ``fetchone()``, ``fetchall()``, ``df()``. docs/ledger.md has tables and columns.
        Raises: UsageError: no ledger was kept, or the question cannot mean anything.
        """
        return asked_of(self.ledger, question)

    def to_json(self) -> dict[str, Any]:
        """The calendar document, schema ``airflow-harness/calendar/1``."""
        return {
            "schema": SCHEMA,
            "since": iso(self.since),
            "until": iso(self.until),
            "busy_until": iso(self.busy_until),
            "states": self.states,
            "runs": [run.to_json() for run in self.runs],
            "backfills": [backfill.to_json() for backfill in self.backfills],
            "waiting": [dict(zip(("dag_id", "run_id", "task", "why"), one, strict=True)) for one in self.waiting],
            "idle": [{"dag_id": dag_id, "why": why} for dag_id, why in self.idle],
            "findings": [finding.to_json() for finding in self.findings],
            "not_in_world": [need.to_json() for need in self.not_in_world],
            "services": [use.to_json() for use in self.services],
            "world_events": [one.to_json() for one in self.world_events],
            "capacity": self.capacity.to_json(),
            "real_seconds": round(self.real_seconds, 6),
            "ledger": None if self.ledger is None else str(self.ledger),
        }

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items())) or "no run"
        return f"<calendar {iso(self.since)} … {iso(self.until)}: {counts}>"

    def __str__(self) -> str:
        lines = [repr(self)]
        for run in self.runs:
            lines.append(f"  {run!r}")
            lines += [f"    {ti!r}" for ti in run.failed_tasks]
        lines += [f"  {backfill!r}" for backfill in self.backfills]
        lines += [f"  waits: {dag_id} {run_id} {task} {why}" for dag_id, run_id, task, why in self.waiting]
        lines += [f"  {finding.severity}: {finding.check}: {finding.message}" for finding in self.findings]
        return "\n".join(lines)


CREATED, CLEARED, NOT_CREATED = "created", "cleared", "not created"


@dataclass(frozen=True, slots=True)
class BackfillDate:
    """One date of a backfill, in the order of its runs.

    Attributes:
        outcome: ``created``, ``cleared`` (a run that was there runs again as the backfill's) or ``not created``.
        reason: why not, as Airflow has it: ``in flight`` or ``already exists``.
        run_id: of the run that was made or cleared, or that is in the way; in a dry run, of the one there already.
    """

    logical_date: datetime
    outcome: str
    reason: str | None
    run_id: str | None

    def to_json(self) -> dict[str, Any]:
        """The date as the calendar document holds it."""
        return {
            "logical_date": iso(self.logical_date),
            "outcome": self.outcome,
            "reason": self.reason,
            "run_id": self.run_id,
        }


@dataclass(frozen=True, slots=True)
class BackfillResult:
    """A backfill as it was asked for, and what became of it.

    Attributes:
        at: when it was asked for.
        dry_run: nothing was done: ``dates`` tell what would have been.
        refused: what Airflow says where it refuses the whole; then there are no dates.
        completed_at: when none of its runs was left to end; None while there are, and for a dry run.
    """

    dag_id: str
    at: datetime
    from_date: datetime
    to_date: datetime
    reverse: bool
    max_active_runs: int
    reprocess: str
    dry_run: bool
    refused: str | None = None
    dates: tuple[BackfillDate, ...] = ()
    completed_at: datetime | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Outcome -> how many dates have it."""
        return dict(Counter(date.outcome for date in self.dates))

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Why Airflow refuses it, as a finding; none when it does not."""
        if self.refused is None:
            return ()
        message = f"{self.dag_id}: Airflow refuses the backfill: {self.refused}"
        return (Finding("backfill", "error", message, dag_id=self.dag_id),)

    @property
    def ok(self) -> bool:
        """Whether Airflow takes it; how its runs ended is told by them."""
        return self.refused is None

    def to_json(self) -> dict[str, Any]:
        """The backfill as the calendar document holds it."""
        return {
            "dag_id": self.dag_id,
            "at": iso(self.at),
            "from": iso(self.from_date),
            "to": iso(self.to_date),
            "reverse": self.reverse,
            "max_active_runs": self.max_active_runs,
            "reprocess": self.reprocess,
            "dry_run": self.dry_run,
            "refused": self.refused,
            "dates": [date.to_json() for date in self.dates],
            "completed_at": None if self.completed_at is None else iso(self.completed_at),
        }

    def __repr__(self) -> str:
        named = "dry run of a backfill" if self.dry_run else "backfill"
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.counts.items()) or "no date"
        return f"<{named} of {self.dag_id} {iso(self.from_date)} … {iso(self.to_date)}: {self.refused or counts}>"
