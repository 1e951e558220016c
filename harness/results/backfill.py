"""What became of a backfill: the runs it made, those it cleared, the dates it left alone and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from harness.kernel.instant import iso
from harness.results.finding import Finding

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
    dates: list[BackfillDate] = field(default_factory=list)
    completed_at: datetime | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Outcome -> how many dates have it."""
        return dict(Counter(date.outcome for date in self.dates))

    @property
    def errors(self) -> list[Finding]:
        """Why Airflow refuses it, as a finding; none when it does not."""
        if self.refused is None:
            return []
        message = f"{self.dag_id}: Airflow refuses the backfill: {self.refused}"
        return [Finding("backfill", "error", message, dag_id=self.dag_id)]

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
        told = ", ".join(f"{count} {outcome}" for outcome, count in self.counts.items()) or "no date"
        return f"<{named} of {self.dag_id} {iso(self.from_date)} … {iso(self.to_date)}: {self.refused or told}>"
