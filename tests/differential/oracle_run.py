"""The oracle at run level: the installed Airflow's ``dag.test()``, whose waits take no time.

The tasks' code runs in Airflow's task runner. Triggers run in line, as ``dag.test()`` has it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path
from typing import Any
from unittest.mock import patch

from airflow.models import DagRun, TaskInstance
from airflow.models.dagbag import DBDagBag
from airflow.models.xcom import XComModel
from airflow.sdk.execution_time.supervisor import InProcessTestSupervisor
from airflow.utils.session import create_session
from sqlalchemy import select

from harness.bridge.reference.clock import UTC, VirtualClock
from harness.bridge.reference.due import waiting
from harness.bridge.reference.history import RunHistory
from harness.bridge.reference.waits import NothingDue, Waits
from tests.differential.oracle_api import DirectTransport, client
from tests.differential.oracle_history import Snapshot, snapshot
from tests.differential.oracle_scheduler import load


def run_dag(folder: Path, dag_id: str, logical_date: str, now: str, conf: dict[str, Any] | None) -> RunHistory:
    """Run one Dag of a folder on a fresh database.

    Args:
        now: virtual instant at which the run begins.
    Raises: DagFilesError: a file that Airflow cannot import, or no such Dag.
    """
    with VirtualClock(dt.datetime.fromisoformat(now)) as clock:
        made = client(DirectTransport())
        waits = Waits(clock, Patience().next_date)
        with (
            waits.patched(),
            patch.object(InProcessTestSupervisor, "_api_client", staticmethod(lambda dag=None: made)),
            contextlib.suppress(NothingDue),
        ):
            dag = load(folder, [dag_id])[dag_id]
            clock.arrive(clock.now)
            dag.test(logical_date=dt.datetime.fromisoformat(logical_date), run_conf=conf)
        return _collected(dag_id)


class Patience:
    """How long ``dag.test()`` is left waiting, which itself would wait for ever."""

    def __init__(self) -> None:
        self.seen: Snapshot | None = None

    def next_date(self) -> dt.datetime | None:
        """The earliest retry or reschedule that is not past; the present while states still change; else None."""
        now = dt.datetime.now(UTC)
        with create_session(scoped=False) as session:
            due = min((date for date in waiting(session, DBDagBag()) if date >= now), default=None)
            before, self.seen = self.seen, snapshot(session)
        return now if due is None and self.seen != before else due


def _collected(dag_id: str) -> RunHistory:
    """The Dag's only run, from the database."""
    with create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.dag_id == dag_id)).one()
        own = {"dag_id": dag_id, "run_id": run.run_id}
        instances = session.scalars(select(TaskInstance).filter_by(**own)).all()
        columns = (XComModel.task_id, XComModel.map_index, XComModel.key, XComModel.value)
        return RunHistory(
            final={
                (ti.task_id, ti.map_index): (None if ti.state is None else str(ti.state), ti.try_number)
                for ti in sorted(instances, key=lambda ti: (ti.task_id, ti.map_index))
            },
            xcoms={
                (task_id, map_index, key): value
                for task_id, map_index, key, value in session.execute(
                    select(*columns).where(XComModel.dag_id == dag_id, XComModel.run_id == run.run_id)
                )
            },
            run_state=str(run.state),
        )
