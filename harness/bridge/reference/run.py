"""One Dag run by the installed Airflow's ``dag.test()``, whose waits take no time, and whose order is a fixed one.

Its Dag files are parsed and written to the metadata database as the Dag processor does it. The tasks' code runs in
Airflow's task runner. Triggers run in line, as ``dag.test()`` has it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.models import DagRun, TaskInstance
from airflow.models.dagbag import DBDagBag
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskreschedule import TaskReschedule
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from airflow.utils.state import TaskInstanceState
from sqlalchemy import func, select

from harness.bridge.patches import Change, replaced
from harness.bridge.reference import DagToRun, RunHistory
from harness.bridge.reference.clock import UTC, NothingDue, VirtualClock, VirtualSleeps
from harness.bridge.reference.home import BUNDLE
from harness.bridge.snapshot import topological
from harness.bridge.stored import serialized
from harness.bridge.versions.names import bag_of, bags, forget_bundles


class DagFilesError(Exception):
    """A folder does not hold the Dags asked for."""


def parsed(folder: Path, dag_ids: list[str], files: Sequence[str] | None = None, also: Collection[str] = ()) -> Any:
    """The ``DagBag`` of a folder, its Dags written.

    Args:
        files: those of the folder that are looked at, whatever the others hold; None for all, and all of their Dags.
        also: of ``files``, Dags that are written beside the wanted ones where Airflow can store them.
    Raises: DagFilesError: a file cannot be imported (when all of the folder is wanted), or a Dag is not there.
    """
    os.environ["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps(
        [
            {
                "name": BUNDLE,
                "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
                "kwargs": {"path": str(folder)},
            }
        ]
    )
    forget_bundles()
    manager = DagBundlesManager()
    with create_session() as session:
        manager.sync_bundles_to_db(session=session)
    bundle = manager.get_bundle(BUNDLE)
    bundle.initialize()
    bag = bag_of(bundle.path, bundle.name, collect_dags=files is None)
    for file in files or ():
        bag.process_file(file, only_if_updated=False)
    if files is not None:
        kept = {*dag_ids, *(name for name in also if name in bag.dags and isinstance(serialized(bag.dags[name]), dict))}
        bag.dags = {name: dag for name, dag in bag.dags.items() if name in kept}
    missing = sorted(set(dag_ids) - set(bag.dags))
    if missing:
        raise DagFilesError(f"{folder}: missing {missing}, import errors {bag.import_errors}")
    write(bag)
    return bag


def write(bag: Any) -> None:
    """Write what was parsed: new Dags, and for all of them what the scheduler keeps of their next run."""
    bags().sync_bag_to_db(bag, BUNDLE, None)
    _write_one_after_another()


def _write_one_after_another() -> None:
    """Give each serialised Dag a date of its own, as if written by a processor whose clock goes on.

    ``SerializedDagModel.get_latest_serialized_dags`` tells Dags apart by that date in 3.1.
    """
    with create_session() as session:
        written = session.scalars(select(SerializedDagModel).order_by(SerializedDagModel.dag_id)).all()
        for number, one in enumerate(written):
            one.created_at += dt.timedelta(microseconds=number - len(written))


States = dict[tuple[str, str, str, int], tuple[str | None, int]]
PLACE = "_place_in_turn"


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


def waiting(session: Any, dag_bag: Any) -> list[dt.datetime]:
    """When task instances that wait for a date go on."""
    return [*_retries(session, dag_bag), *_reschedules(session)]


def _retries(session: Any, dag_bag: Any) -> Iterator[dt.datetime]:
    """``TaskInstance.next_retry_datetime`` of those that wait."""
    for ti in session.scalars(select(TaskInstance).where(TaskInstance.state == TaskInstanceState.UP_FOR_RETRY)):
        ti.task = dag_bag.get_dag_for_run(dag_run=ti.dag_run, session=session).get_task(ti.task_id)
        yield ti.next_retry_datetime()


def _reschedules(session: Any) -> Iterator[dt.datetime]:
    """The last date that each instance asked for, as `ReadyToRescheduleDep` reads it."""
    waiting = select(TaskInstance.id).where(TaskInstance.state == TaskInstanceState.UP_FOR_RESCHEDULE)
    latest = select(func.max(TaskReschedule.id)).where(TaskReschedule.ti_id.in_(waiting)).group_by(TaskReschedule.ti_id)
    yield from session.scalars(select(TaskReschedule.reschedule_date).where(TaskReschedule.id.in_(latest)))


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


@contextmanager
def rows_in_dag_order() -> Iterator[None]:
    """Have the scheduler examine a run's instances in topological order, ties by name, then by map index.

    ``DagRun.get_task_instances`` has no ORDER BY. What maps over a task sees whether that was skipped in the same
    pass, if it is examined after it.
    """
    fetch = DagRun.get_task_instances
    known: dict[int, tuple[Any, dict[str, int]]] = {}

    def fetched(self: DagRun, *args: Any, **options: Any) -> list[TaskInstance]:
        found: list[TaskInstance] = fetch(self, *args, **options)
        if self.dag is None:
            return found
        if id(self.dag) not in known:
            known[id(self.dag)] = (self.dag, {task.task_id: n for n, task in enumerate(topological(self.dag))})
        places = known[id(self.dag)][1]
        return sorted(found, key=lambda ti: (places.get(ti.task_id, len(places)), ti.map_index))

    with patch.object(DagRun, "get_task_instances", fetched):
        yield


@contextmanager
def turns_in_queue_order(dag: Any) -> Iterator[None]:
    """Have ``dag.test()`` run what one pass scheduled as `harness.simulation.components.scheduler_loop` does.

    That is the order of the queue (weight, map index, definition), sensors last.

    It walks through a set of task instances, hashed by strings, so the order differs from process to process; who
    runs first decides who is skipped when a branch or ``fail_fast`` strikes. Here each instance is hashed by its place
    in the order, counted from 0 among those scheduled: a set of small numbers is walked through in their order.
    """
    definition = {task_id: (task._is_sensor, place) for place, (task_id, task) in enumerate(dag.task_dict.items())}
    fetch, by_name = DagRun.get_task_instances, TaskInstance.__hash__

    def place(ti: TaskInstance) -> tuple[bool, bool, int, int, int]:
        sensor, number = definition.get(ti.task_id, (False, -1))
        return (ti.state != "scheduled", sensor, -ti.priority_weight, ti.map_index, number)

    def fetched(self: DagRun, *args: Any, **options: Any) -> list[TaskInstance]:
        found: list[TaskInstance] = fetch(self, *args, **options)
        for number, ti in enumerate(sorted(found, key=place)):
            ti.__dict__[PLACE] = number
        return found

    def by_place(ti: TaskInstance) -> int:
        known: int | None = ti.__dict__.get(PLACE)
        return by_name(ti) if known is None else known

    with patch.object(DagRun, "get_task_instances", fetched), patch.object(TaskInstance, "__hash__", by_place):
        yield
