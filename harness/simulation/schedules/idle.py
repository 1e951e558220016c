"""Why a Dag has no run in a stretch of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.bridge.backfills import is_partitioned
from harness.bridge.timetables import timetable_of
from harness.kernel.instant import Instant, iso
from harness.scheduler.dag_runs.calendar import AllOf, AnyOf, Condition, OfAlias

if TYPE_CHECKING:
    from airflow.sdk import DAG


def why_no_run(dag: DAG, paused: bool, due: Instant | None, condition: Condition | None) -> str:
    """Why a Dag made no run, for people.

    Args:
        due: when the schedule's next run is made; None where it names none.
        condition: of the assets it is scheduled on.
    """
    if paused:
        return "is paused"
    if due is not None:
        return f"next due {iso(due)}"
    if is_partitioned(dag):
        return "is not simulated"
    if condition is not None:
        return f"waits for {described(condition)}"
    return "its schedule names no run" if timetable_of(dag).can_be_scheduled else "has no schedule"


def described(condition: Condition) -> str:
    """An asset condition for people."""
    if isinstance(condition, (AllOf, AnyOf)):
        word = " and " if isinstance(condition, AllOf) else " or "
        return word.join(described(part) for part in condition.parts)
    if isinstance(condition, OfAlias):
        return f"alias {condition.name!r}"
    return f"asset {condition.name or condition.uri!r}"
