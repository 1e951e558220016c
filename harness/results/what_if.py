"""A calendar in several worlds: what each of them asks of pools and executors, side by side."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harness.kernel.instant import iso
from harness.results.capacity import Capacity
from harness.results.finding import Finding

SCHEMA = "airflow-harness/what-if/1"

OF_TASKS = ("dependency", "retry", "reschedule", "trigger")
"""Waits that are of the tasks themselves, however many slots there are."""


@dataclass(frozen=True, slots=True)
class WhatIfRow:
    """One world.

    Attributes:
        settings: what was varied -> its value here, as typed.
        states: run state -> how many runs ended in it.
    """

    settings: Mapping[str, str]
    capacity: Capacity
    states: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """The world as the document holds it."""
        return {"settings": dict(self.settings), "states": dict(self.states), **self.capacity.to_json()}


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The answers, in the order of the grid: the last key varies fastest.

    Attributes:
        code: whether task code ran.
        findings: what was found in any of the worlds, each once.
        asked_for: how many worlds the grid has; there are fewer rows where it was stopped.
    """

    since: datetime
    until: datetime
    rows: tuple[WhatIfRow, ...]
    code: bool
    findings: tuple[Finding, ...] = ()
    real_seconds: float = 0.0
    asked_for: int = 0

    @property
    def causes(self) -> tuple[str, ...]:
        """All that task instances waited for in any of the worlds: what slots cause first, then what lasts longest."""
        total: dict[str, float] = {}
        for row in self.rows:
            for cause, waited in row.capacity.waits.items():
                total[cause] = total.get(cause, 0) + waited.total_seconds()
        return tuple(sorted(total, key=lambda cause: (cause in OF_TASKS, -total[cause], cause)))

    @property
    def shares(self) -> tuple[str, ...]:
        """What slots were taken of, in any of the worlds: ``executor`` first, then ``pool NAME``."""
        return tuple(sorted({name for row in self.rows for name in row.capacity.utilisation}))

    def to_json(self) -> dict[str, Any]:
        """The document, schema ``airflow-harness/what-if/1``."""
        return {
            "schema": SCHEMA,
            "since": iso(self.since),
            "until": iso(self.until),
            "code": self.code,
            "worlds_asked_for": max(self.asked_for, len(self.rows)),
            "worlds": [row.to_json() for row in self.rows],
            "findings": [finding.to_json() for finding in self.findings],
            "real_seconds": round(self.real_seconds, 6),
        }

    def to_csv(self) -> str:
        """A line a world, with a header; spans in seconds."""
        made = io.StringIO()
        causes = sorted(self.causes)
        shares = self.shares
        keys = list(self.rows[0].settings) if self.rows else []
        writer = csv.writer(made, lineterminator="\n")
        writer.writerow(
            [*keys, "makespan_s", "longest_run_s", "task_instances", "unfinished", "missed_deadlines", "failed_runs"]
            + ["critical_path", "nearest_beside", "nearest_slack_s"]
            + [f"waits_s {cause}" for cause in causes]
            + [f"utilisation {name}" for name in shares]
        )
        for row in self.rows:
            found, longest, nearest = row.capacity, row.capacity.longest_run, row.capacity.nearest_beside
            writer.writerow(
                [*row.settings.values(), found.makespan.total_seconds()]
                + ["" if longest is None else longest[2].total_seconds()]
                + [found.task_instances, found.unfinished, found.missed_deadlines, row.states.get("failed", 0)]
                + [" > ".join(step.name for step in found.critical_path)]
                + (["", ""] if nearest is None else [nearest[0], nearest[1].total_seconds()])
                + [found.waits[cause].total_seconds() if cause in found.waits else 0.0 for cause in causes]
                + [round(found.utilisation.get(name, 0.0), 4) for name in shares]
            )
        return made.getvalue()
