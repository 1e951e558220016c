"""What a run, a calendar, a backfill, a check came to: plain data. No rendering, no Airflow.

Here is what is looked up among many runs and findings: one answer, whatever holds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from harness.errors import TaskNotFound, known_names
from harness.kernel.instant import iso
from harness.results.finding import Finding

SHOWN = 12


class IdentifiedRun(Protocol):
    """What a run is known by; see `harness.results.run.RunResult`."""

    @property
    def dag_id(self) -> str:
        """Of its Dag."""

    @property
    def run_id(self) -> str:
        """Of its own."""

    @property
    def logical_date(self) -> datetime | None:
        """None of a run that assets triggered."""


_Run = TypeVar("_Run", bound=IdentifiedRun)


def runs_among(runs: Sequence[_Run], dag_id: str) -> tuple[_Run, ...]:
    """The runs of a Dag, in their order."""
    return tuple(run for run in runs if run.dag_id == dag_id)


def run_among(runs: Sequence[_Run], dag_id: str, logical_date: str | datetime | None, where: str) -> _Run:
    """One run.

    Args:
        logical_date: a datetime, its ISO text, or the beginning of it; None when the Dag has one run.
        where: what the runs are of, for the error.
    Raises: TaskNotFound: no run, or several, fit.
    """
    date = iso(logical_date) if isinstance(logical_date, datetime) else logical_date
    inside = runs_among(runs, dag_id)
    found = [run for run in inside if date is None or dated(run).startswith(date)]
    if len(found) == 1:
        return found[0]
    dates = [dated(run) for run in inside]
    if not dates:
        known = known_names(dag_id, {run.dag_id for run in runs})
    else:
        known = ", ".join(dates[:SHOWN]) + (" …" if len(dates) > SHOWN else "")
    raise TaskNotFound(
        f"{len(found) or 'no'} run{'s' if len(found) != 1 else ''} of {dag_id!r}"
        + (f" at {date}" if date else "")
        + f" {where}",
        known=known,
        fix="name one by its logical date",
    )


def dated(run: IdentifiedRun) -> str:
    """A run's logical date, its id when it has none."""
    return iso(run.logical_date) if run.logical_date is not None else run.run_id


def errors_among(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those of severity ``error``."""
    return tuple(finding for finding in findings if finding.severity == "error")
