"""One Dag run by the installed Airflow's ``dag.test()``, whose waits take no time.

The tasks' code runs in Airflow's task runner. Triggers run in line, as ``dag.test()`` has it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path
from typing import Any

from airflow.models import DagRun, TaskInstance
from airflow.models.dagbag import DBDagBag
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import select

from harness.bridge.patches.replaced import Change, replaced
from harness.bridge.reference.clock import UTC, VirtualClock
from harness.bridge.reference.dag_to_run import DagToRun
from harness.bridge.reference.dags import parsed
from harness.bridge.reference.due import waiting
from harness.bridge.reference.history import RunHistory
from harness.bridge.reference.order import rows_in_dag_order, turns_in_queue_order
from harness.bridge.reference.waits import NothingDue, VirtualSleeps
from harness.bridge.versions.names import bags

States = dict[tuple[str, str, str, int], tuple[str | None, int]]


def tested(
    folder: Path, dag_to_run: DagToRun, logical_date: dt.datetime, conf: dict[str, Any] | None, clock: VirtualClock
) -> RunHistory:
    """Run a Dag of a folder, from the clock's present instant on.

    Raises: DagFilesError: no such Dag.
    """
    waits = VirtualSleeps(clock, Patience().next_date)
    with waits.patched(), contextlib.suppress(NothingDue):  # patched first: Dag files import ``sleep`` by name
        dag = parsed(folder, [dag_to_run.dag_id], dag_to_run.files, dag_to_run.also).dags[dag_to_run.dag_id]
        clock.arrive(clock.now)
        with rows_in_dag_order(), turns_in_queue_order(dag), replaced(_not_again(dag_to_run)):
            dag.test(logical_date=logical_date, run_conf=conf)
    return _collected(dag_to_run.dag_id)


def _not_again(dag_to_run: DagToRun) -> list[Change]:
    """Keep ``dag.test()`` from parsing and writing the whole folder, where only some files of it were asked for.

    From 3.3 on it does so at every call, and one Dag of the folder that cannot be stored would fail the run of another.
    """
    if dag_to_run.files is None:
        return []
    module = bags()
    return [(module, "BundleDagBag", lambda *_, **__: None), (module, "sync_bag_to_db", lambda *_, **__: None)]


class Patience:
    """How long ``dag.test()`` is left waiting, which itself would wait for ever."""

    def __init__(self) -> None:
        self.seen: States | None = None

    def next_date(self) -> dt.datetime | None:
        """The present while states still change; then the earliest retry or reschedule that is not past; else None."""
        now = dt.datetime.now(UTC)
        with create_session(scoped=False) as session:
            due = min((date for date in waiting(session, DBDagBag()) if date >= now), default=None)
            before, self.seen = self.seen, _states(session)
        return now if self.seen != before else due


def _states(session: Any) -> States:
    columns = (TaskInstance.dag_id, TaskInstance.run_id, TaskInstance.task_id, TaskInstance.map_index)
    rows = session.execute(select(*columns, TaskInstance.state, TaskInstance.try_number))
    return {(dag, run, task, index): (state, tries) for dag, run, task, index, state, tries in rows}


def _collected(dag_id: str) -> RunHistory:
    """The Dag's only run that ``dag.test()`` made, from the database."""
    with create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.dag_id == dag_id).order_by(DagRun.id)).first()
        assert run is not None
        own = {"dag_id": dag_id, "run_id": run.run_id}
        instances = session.scalars(select(TaskInstance).filter_by(**own)).all()
        columns = (XComModel.task_id, XComModel.map_index, XComModel.key, XComModel.value)
        xcoms = session.execute(select(*columns).where(XComModel.dag_id == dag_id, XComModel.run_id == run.run_id))
        return RunHistory(
            final={
                (ti.task_id, ti.map_index): (None if ti.state is None else str(ti.state), ti.try_number)
                for ti in sorted(instances, key=lambda ti: (ti.task_id, ti.map_index))
            },
            xcoms={(task_id, index, key): value for task_id, index, key, value in xcoms},
            run_state=str(run.state),
        )
