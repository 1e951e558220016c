"""A history written into a migrated metadata database, with the models of the installed Airflow.

Dags go the way of the Dag processor. What a new row of a task instance has, Airflow says, once for each task; rows of a
ledger are copies of that with what happened put in, inserted many at a time: a model's constructor takes two
milliseconds, and ten thousand instances are to take seconds. Columns are those of the installed version's tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from airflow.dag_processing.collection import update_dag_parsing_results_in_db
from airflow.models import DagModel, DagRun, Pool, TaskInstance
from airflow.models.dag_version import DagVersion
from airflow.models.dagrun import DagRunNote
from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.models.tasklog import LogTemplate
from airflow.serialization.serialized_objects import LazyDeserializedDAG
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import select, update

from harness.bridge.reference.home import BUNDLE
from harness.bridge.ui.dags import ShownDag
from harness.bridge.ui.history import Instance, LedgerHistory, Run, Try
from harness.bridge.ui.logs import FILENAMES
from harness.bridge.ui.origins import write_asset_events, write_backfill_dates, write_backfills, write_deadlines
from harness.bridge.ui.rows import Row, insert_rows, moment
from harness.bridge.versions.names import dag_serializer, new_task_instance, past_tries_table, run_type, xcom_table

_LONGEST_NOTE = 1000
_TRIGGERED_BY = {"scheduled": "TIMETABLE", "asset_triggered": "ASSET", "backfill": "BACKFILL"}
_NEXT_RUN = (
    "next_dagrun",
    "next_dagrun_data_interval_start",
    "next_dagrun_data_interval_end",
    "next_dagrun_create_after",
)


@dataclass(frozen=True)
class Counts:
    """How many rows were written."""

    runs: int = 0
    instances: int = 0
    xcoms: int = 0
    asset_events: int = 0


def write(history: LedgerHistory, dags: Sequence[ShownDag]) -> Counts:
    """Write all that a ledger tells into the database of this process's environment.

    Raises: ValueError: Airflow refuses to store one of the Dags.
    """
    with create_session() as session:
        _write_dags(session, dags)
        _write_pools(session, history)
        session.execute(update(LogTemplate).values(filename=FILENAMES))
    with create_session() as session:
        counts = _Writer(session, history, dags).write()
        gone = {name: None for name in _NEXT_RUN if name in DagModel.__table__.c}
        session.execute(update(DagModel).values(gone))  # nobody makes further runs of a ledger
    return counts


def _write_dags(session: Any, dags: Sequence[ShownDag]) -> None:
    """As the Dag processor does it: versions, code, tags, owners, assets."""
    errors: dict[tuple[str, str], str] = {}
    update_dag_parsing_results_in_db(
        bundle_name=BUNDLE,
        bundle_version=None,
        dags=[LazyDeserializedDAG(data=dag.document) for dag in dags],
        import_errors=errors,
        parse_duration=None,
        warnings=set(),
        session=session,
    )
    if errors:
        raise ValueError("; ".join(errors.values()))


def _write_pools(session: Any, history: LedgerHistory) -> None:
    present = {pool.pool: pool for pool in session.scalars(select(Pool))}
    for told in history.pools:
        pool = present.get(told["pool"])
        if pool is None:
            pool = Pool(pool=told["pool"])
            session.add(pool)
        slots = told["slots"]
        pool.slots = -1 if slots is None else slots
        pool.include_deferred = told["include_deferred"]


class _Writer:
    """Rows of runs and of what belongs to them.

    A row has what any version has a column for; `insert_rows` takes what the installed one has.
    """

    def __init__(self, session: Any, history: LedgerHistory, dags: Sequence[ShownDag]) -> None:
        self.session, self.history = session, history
        self.past_table = past_tries_table()
        self.numbers = {key: number for number, key in enumerate(history.runs, start=1)}
        self.versions = dict(session.execute(select(DagVersion.dag_id, DagVersion.id)).all())
        self.prototypes = {dag.dag_id: _prototypes(dag, self.versions[dag.dag_id]) for dag in dags}
        self.new_id = TaskInstance.__table__.c.id.default.arg
        self.ids = {_place(key, instance): self.new_id(None) for key, _, instance in self._each()}

    def write(self) -> Counts:
        """All of them, in the order of their foreign keys."""
        runs = self.history.runs
        write_backfills(self.session, self.history)
        self.session.add_all(self._run(key, run) for key, run in runs.items())
        self.session.flush()
        instances = insert_rows(self.session, TaskInstance.__table__, self._instances())
        insert_rows(self.session, self.past_table, self._past())
        insert_rows(self.session, RenderedTaskInstanceFields.__table__, self._rendered())
        insert_rows(self.session, DagRunNote.__table__, self._notes())
        xcoms = insert_rows(self.session, xcom_table(), self._xcoms())
        events = write_asset_events(self.session, self.history, self.numbers)
        write_backfill_dates(self.session, self.history, self.numbers)
        write_deadlines(self.session, self.history, self.numbers)
        return Counts(len(runs), instances, xcoms, events)

    def _run(self, key: tuple[str, str], run: Run) -> DagRun:
        dag_id, run_id = key
        told = run.told
        logical_date = moment(told["logical_date"])
        interval = (moment(told["data_interval_start"]), moment(told["data_interval_end"]))
        row: Any = DagRun(
            dag_id,
            run_id,
            queued_at=moment(told["at"] or told["run_after"]),
            logical_date=logical_date,
            run_after=moment(told["run_after"]),
            start_date=moment(run.start or _first(run)),
            conf=told["conf"],
            state=run.state,
            run_type=run_type(DagRunType, run.run_type),
            data_interval=interval if logical_date and all(interval) else None,
            triggered_by=_triggered_by(run),
        )
        row.id = self.numbers[key]
        row.end_date = moment(run.end)
        row.backfill_id = run.backfill
        row.created_dag_version_id = self.versions[dag_id]
        return row

    def _each(self) -> Iterator[tuple[tuple[str, str], Run, Instance]]:
        for key, run in self.history.runs.items():
            for instance in run.instances.values():
                yield key, run, instance

    def _instances(self) -> Iterator[Row]:
        for key, _, instance in self._each():
            row = self._happened(key, instance, instance.present)
            if self.past_table is TaskInstance.__table__ and instance.present in instance.past:
                row["try_number"] += 1  # what is left to do is a row of its own there
            yield {**row, "id": self.ids[_place(key, instance)], "state": instance.state}

    def _past(self) -> Iterator[Row]:
        """Source: ``TaskInstanceHistory.record_ti`` (3.3.2): what had not finished is kept as failed."""
        for key, _, instance in self._each():
            for one in instance.past:
                row = self._happened(key, instance, one)
                state = one.state if one.state in ("success", "failed", "skipped") else "failed"
                number = self.new_id(None)
                apart = {"id": number, "task_instance_id": number, "working_set": None, "archived_reason": "retry"}
                yield {**row, **apart, "state": state}

    def _happened(self, key: tuple[str, str], instance: Instance, one: Try) -> Row:
        """A row of a task instance at one of its tries."""
        dag_id, run_id = key
        prototype = self.prototypes[dag_id][instance.task_id]
        start, end = moment(one.start), moment(one.end)
        return {
            **prototype,
            "run_id": run_id,
            **_index(instance.map_index),
            "try_number": one.number,
            "max_tries": max(prototype["max_tries"] or 0, one.number - 1),
            "scheduled_dttm": moment(one.scheduled),
            "queued_dttm": moment(one.queued),
            "start_date": start,
            "end_date": end if one.state != "running" else None,
            "duration": (end - start).total_seconds() if start is not None and end is not None else None,
            "updated_at": end or start,
        }

    def _rendered(self) -> Iterator[Row]:
        for key, _, instance in self._each():
            if instance.rendered is not None:
                yield {**self._whose(key, instance), "rendered_fields": instance.rendered}

    def _whose(self, key: tuple[str, str], instance: Instance) -> Row:
        """What says whose something is, in one version or another."""
        dag_id, run_id = key
        named = {"dag_id": dag_id, "run_id": run_id, "task_id": instance.task_id, **_index(instance.map_index)}
        return {**named, "task_instance_id": self.ids[_place(key, instance)]}

    def _notes(self) -> Iterator[Row]:
        """What was found of a run stands in its note."""
        for key, run in self.history.runs.items():
            if run.findings:
                text = "\n\n".join(run.findings)
                yield {"dag_run_id": self.numbers[key], "content": text[:_LONGEST_NOTE]}

    def _xcoms(self) -> Iterator[Row]:
        for key, run in self.history.runs.items():
            for (task_id, map_index, name), xcom in run.xcoms.items():
                instance = run.instances.get((task_id, map_index))
                if instance is None:  # given to a run that leaves its task out
                    continue
                yield {
                    **self._whose(key, instance),
                    "dag_run_id": self.numbers[key],
                    "key": name,
                    "value": xcom.value,
                    "timestamp": moment(xcom.at),
                }


def _prototypes(dag: ShownDag, version: Any) -> dict[str, Row]:
    """Task id -> the columns of a new task instance, as the scheduler inserts it."""
    stored = dag_serializer().from_dict(dag.document)
    columns = dict(_attributes(TaskInstance))
    found = {}
    for task_id, task in stored.task_dict.items():
        made = new_task_instance(task, version)
        found[task_id] = {columns[name].name: value for name, value in made.items() if name in columns}
    return found


def _attributes(model: Any) -> Iterator[tuple[str, Any]]:
    """The attributes of a model that are columns, with their columns."""
    for attribute in model.__mapper__.column_attrs:
        yield attribute.key, attribute.columns[0]


def _index(map_index: int) -> Row:
    return {"map_index": map_index, "region_index": map_index}


def _place(key: tuple[str, str], instance: Instance) -> tuple[str, str, str, int]:
    return (*key, instance.task_id, instance.map_index)


def _first(run: Run) -> str | None:
    """When a run's first task began, for one of which no record says when it did."""
    return min((one.start for ti in run.instances.values() for one in ti.tries.values() if one.start), default=None)


def _triggered_by(run: Run) -> Any:
    is_asked = run.triggered and run.backfill is None
    name = "OPERATOR" if is_asked else _TRIGGERED_BY.get(run.run_type, "TEST")
    return DagRunTriggeredByType[name]
