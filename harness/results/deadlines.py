"""What became of a run's deadline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from harness.kernel.instant import iso


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
