"""Logical dates that a Dag's own timetable produces."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from harness.bridge.timetables import first_date, last_date, moment_of_argument, scheduled_from
from harness.errors import OffSchedule, UsageError
from harness.kernel.instant import Instant, iso, later, span, to_datetime

if TYPE_CHECKING:
    from airflow.sdk import DAG

SPAN = timedelta(days=365)
"""How far dates go when neither the caller nor the Dag names an end."""


def logical_dates(
    dag: DAG, start: str | date | None = None, end: str | date | None = None
) -> st.SearchStrategy[datetime]:
    """Logical dates of a Dag's scheduled runs, in UTC; shrinks to the first.

    Args:
        start: not before this ISO text, ``datetime`` or ``date``; None for the Dag's ``start_date``.
        end: not after this; None for the Dag's ``end_date``, or a year after the start.
    Raises: OffSchedule: the schedule makes no run in between. UsageError: no schedule, or no dates.
    """
    first = scheduled_from(dag, first_date(dag))
    if first is None:
        raise UsageError(
            f"no schedule makes dates for the runs of {dag.dag_id!r}",
            fix="draw any date (hypothesis.strategies.datetimes) and run with manual=True",
        )
    least = first_date(dag) if start is None else max(moment_of_argument(start, "start"), first_date(dag))
    most = moment_of_argument(end, "end") if end is not None else last_date(dag) or later(least, span(SPAN))
    earliest = scheduled_from(dag, least)
    if earliest is None or earliest > most:
        raise OffSchedule(
            f"the schedule of {dag.dag_id!r} makes no run from {iso(least)} to {iso(most)}",
            where=str(dag.fileloc),
            known=f"first run: {iso(first)}",
        )

    @st.composite  # a mapped strategy would show instants in failures
    def dates(draw: st.DrawFn) -> datetime:
        found = scheduled_from(dag, Instant(draw(st.integers(earliest, most))))
        return to_datetime(found if found is not None and found <= most else earliest)

    return dates()
