"""When the scheduler has to look again: the dates that lie in the metadata database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from airflow.models import DagRun, TaskInstance
from airflow.models.dag import DagModel
from airflow.models.deadline import Deadline
from airflow.utils.state import DagRunState, TaskInstanceState
from sqlalchemy import select

from harness.bridge.reference.clock import UTC, instant_of
from harness.bridge.reference.run import waiting


def due_in_database(session: Any, dag_bag: Any) -> list[dt.datetime]:
    """The case's instants of all that is not past yet by the clock Airflow sees."""
    now = dt.datetime.now(UTC)
    dates = [*waiting(session, dag_bag), *_timeouts(session, dag_bag), *_creations(session), *_deadlines(session)]
    return [instant_of(date) for date in dates if date >= now]


def stuck_in_queued(session: Any, timeout_s: float) -> list[dt.datetime]:
    """The case's instants at which ``_handle_tasks_stuck_in_queued`` is to look at those that are queued."""
    queued = select(TaskInstance.queued_dttm).where(TaskInstance.state == TaskInstanceState.QUEUED)
    dates = [date for date in session.scalars(queued) if date is not None]
    return [instant_of(date + dt.timedelta(seconds=timeout_s)) for date in dates]


def pending_deadlines() -> Any:
    """A query of the deadlines that are neither missed nor met; those that are met are deleted."""
    missed = getattr(Deadline, "missed", None)
    return select(Deadline).where(
        ~missed if missed is not None else Deadline.callback_state.is_(None)
    )  # the latter 3.1


def _deadlines(session: Any) -> Iterator[dt.datetime]:
    for deadline in session.scalars(pending_deadlines()):
        yield deadline.deadline_time


def _timeouts(session: Any, dag_bag: Any) -> Iterator[dt.datetime]:
    """``dagrun_timeout`` of runs, as ``SchedulerJobRunner._schedule_dag_run`` compares it."""
    for run in session.scalars(select(DagRun).where(DagRun.state == DagRunState.RUNNING)):
        dag = dag_bag.get_dag_for_run(dag_run=run, session=session)
        if run.start_date and dag.dagrun_timeout:
            yield run.start_date + dag.dagrun_timeout


def _creations(session: Any) -> Iterator[dt.datetime]:
    yield from session.scalars(
        select(DagModel.next_dagrun_create_after).where(
            DagModel.next_dagrun_create_after.is_not(None), DagModel.is_paused.is_(False)
        )
    )
