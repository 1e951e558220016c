"""Checks of when a Dag runs.

Here are its time zones, as several of them ask: its schedule's, and the one that dates without a zone are read in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk import DAG


def default_zone_of(dag: DAG) -> str:
    """The zone of a Dag's dates: that of its ``start_date``, or ``core.default_timezone`` for one without."""
    # Not asked of start_date itself: Airflow keeps that in UTC, whatever it was (``DAG.__attrs_post_init__``, 3.3.2).
    return str(getattr(dag.timezone, "name", dag.timezone))


def zone_of(dag: DAG) -> str:
    """The zone of its schedule; that of its dates where the schedule has none."""
    timetable = dag.timetable
    own = getattr(timetable, "timezone", getattr(timetable, "_timezone", None))
    return default_zone_of(dag) if own is None else str(getattr(own, "name", own))
