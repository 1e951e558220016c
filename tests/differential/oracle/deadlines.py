"""Deadlines on Airflow's side: what `SchedulerJobRunner._run_scheduler_loop` does with them at the end of each turn."""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.models import DagRun
from airflow.models.deadline import Deadline
from airflow.utils.session import create_session

from harness.bridge.reference.clock import instant_of, iso
from tests.differential.oracle.due import pending_deadlines

Told = tuple[str, str, str]
"""(dag_id, run_id, due)"""


def miss() -> list[Told]:
    """Handle what is due, as the loop does; whose deadlines those were."""
    with create_session() as session:
        past = pending_deadlines().where(Deadline.deadline_time < dt.datetime.now(dt.timezone.utc))
        found = [_told(one, session) for one in session.scalars(past)]
        for deadline in session.scalars(past):
            deadline.handle_miss(session)
    return found


def pending() -> list[Told]:
    """Deadlines that are neither missed nor met."""
    with create_session() as session:
        return [_told(one, session) for one in session.scalars(pending_deadlines())]


def _told(deadline: Any, session: Any) -> Told:
    run = session.get(DagRun, deadline.dagrun_id)
    return run.dag_id, run.run_id, iso(instant_of(deadline.deadline_time))
