"""A Dag's ``deadline=`` as plain data, and what only Airflow or the user's code can say of it.

Code of the user's that asks for a session is given a metadata database of the simulated runs, in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from harness.bridge.supervisor.datamodels import optional_datetime
from harness.bridge.supervisor.store import Store, facts
from harness.bridge.versions.names import deadline_reference_codec, deadlines_recalculated, run_type
from harness.bridge.versions.scheduling import averages_successes
from harness.kernel.instant import SECOND, Instant, Microseconds, span, to_datetime, to_instant
from harness.scheduler.model import (
    PENDING,
    AverageRuntime,
    Custom,
    DagRun,
    Deadline,
    DeadlineAlert,
    FixedDatetime,
    LogicalDate,
    QueuedAt,
    Reference,
)

if TYPE_CHECKING:
    from airflow.sdk import DAG

AIRFLOWS = ("airflow.sdk.definitions.deadline", "airflow.serialization.definitions.deadline", "airflow.models.deadline")
"""Modules whose references are Airflow's own. Source: ``encoders._BUILTIN_DEADLINE_MODULES`` (3.3.2)."""


def alerts_of(dag: DAG) -> tuple[DeadlineAlert, ...]:
    """The alerts of a Dag in their order."""
    return tuple(
        DeadlineAlert(_reference(alert.reference), _interval(alert.interval), place, getattr(alert, "name", None))
        for place, alert in enumerate(getattr(dag, "deadline", None) or ())
    )


def _reference(reference: Any) -> Reference:
    """Told by the class names: they are the same in ``airflow.models.deadline`` (3.1) and the SDK's module."""
    kind = type(reference).__name__ if type(reference).__module__ in AIRFLOWS else ""
    if kind == "DagRunQueuedAtDeadline":
        return QueuedAt()
    if kind == "DagRunLogicalDateDeadline":
        return LogicalDate()
    if kind == "FixedDatetimeDeadline":
        return FixedDatetime(to_instant(reference._datetime))
    if kind == "AverageRuntimeDeadline":
        return AverageRuntime(reference.max_runs, reference.min_runs or reference.max_runs, averages_successes())
    return Custom(type(reference).__name__)


def _interval(interval: Any) -> Microseconds | str:
    """A ``timedelta``, or a ``VariableInterval`` (3.3)."""
    return span(interval) if isinstance(interval, timedelta) else str(interval.key)


def interval_of(alert: DeadlineAlert, store: Store) -> Microseconds:
    """The alert's interval.

    Raises: ValueError: its Variable does not exist, or holds no whole number.
    Source: ``SerializedVariableInterval.resolve`` (3.3.2).
    """
    key = alert.interval
    if not isinstance(key, str):
        return key
    if key not in store.world.variables:
        raise ValueError(f"VariableInterval '{key}' not found")
    value = store.world.variables[key]
    try:
        return int(value) * SECOND
    except ValueError:
        raise ValueError(f"VariableInterval '{key}' must be an integer (seconds), got: {value!r}") from None


def custom_due(alert: DeadlineAlert, interval: Microseconds, run: DagRun, store: Store) -> Instant | None:
    """When a deadline is due whose reference is the user's own; the code is given a database of the simulated runs.

    Raises: whatever the reference raises, and what Airflow does when no plugin registers it.
    Source: ``encode_deadline_reference``, ``decode_deadline_reference``, ``SerializedCustomReference`` (3.3.2).
    """
    dag: Any = facts(run).dag
    reference = dag.deadline[alert.place].reference
    codec = deadline_reference_codec()
    if codec is None:  # it looks for the name among its own
        text = f"No reference class found with name: {reference.reference_name}"
        raise ValueError(f"{text} (Airflow 3.1 has no custom ones, its scheduler cannot read this Dag)")
    encode, decode = codec
    evaluated = decode(encode(reference))
    with session_of(store) as session:
        due = evaluated.evaluate_with(
            session=session,
            interval=timedelta(microseconds=interval),
            dag_id=run.dag.dag_id,
            run_id=run.run_id,
        )
    return None if due is None else to_instant(due)


def clearing_fails(run: DagRun, now: Instant) -> Exception | None:
    """What the installed Airflow raises when it moves the deadlines of a run that is cleared now; mostly None.

    Its own function is asked, with our deadlines in place of the database's rows.
    Source: ``_recalculate_dagrun_queued_at_deadlines`` (from 3.2 on; 3.3.2 cannot read the intervals it wrote, 3.4
    leaves alone what it cannot read).
    """
    pending = [one for one in run.deadlines if one.state == PENDING and isinstance(one.alert.reference, QueuedAt)]
    if not pending or not run.dag.policies.deadlines_move:
        return None
    recalculate = deadlines_recalculated()
    if recalculate is None:
        return None
    from airflow.serialization.encoders import encode_deadline_alert

    dag: Any = facts(run).dag
    rows = [
        (SimpleNamespace(id=None, deadline_time=None), SimpleNamespace(**encode_deadline_alert(alert)))
        for alert in (dag.deadline[one.alert.place] for one in pending)
    ]
    session = SimpleNamespace(execute=lambda _query: SimpleNamespace(all=lambda: rows))
    of = SimpleNamespace(id=0, dag_id=run.dag.dag_id, run_id=run.run_id)
    try:
        recalculate(of, to_datetime(now), session)
    except Exception as error:
        return error
    return None


def callback_of(deadline: Deadline, run: DagRun) -> Any:
    """The ``AsyncCallback`` or ``SyncCallback`` of a deadline."""
    dag: Any = facts(run).dag
    return dag.deadline[deadline.alert.place].callback


def simple_context(deadline: Deadline, run: DagRun) -> dict[str, Any]:
    """What a callback gets as ``context``. Source: ``Deadline.handle_miss`` (3.3.2)."""
    identity = uuid5(NAMESPACE_URL, f"{run.dag.dag_id}/{run.run_id}/deadline/{deadline.alert.place}")
    assert deadline.due is not None
    return {
        "dag_run": _dag_run(run),
        "deadline": {"id": str(identity), "deadline_time": to_datetime(deadline.due)},
    }


def _dag_run(run: DagRun) -> dict[str, Any]:
    """The run as the Core API would answer it (``DAGRunResponse``), in JSON's types."""
    from airflow.api_fastapi.core_api.datamodels.dag_run import DAGRunResponse
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunType

    start, end = run.start, run.end
    values = {
        "dag_id": run.dag.dag_id,
        "run_id": run.run_id,
        "logical_date": optional_datetime(run.logical_date),
        "queued_at": optional_datetime(run.queued_at),
        "start_date": optional_datetime(start),
        "end_date": optional_datetime(end),
        "duration": None if start is None or end is None else (end - start) / SECOND,
        "data_interval_start": optional_datetime(run.data_interval_start),
        "data_interval_end": optional_datetime(run.data_interval_end),
        "run_after": to_datetime(run.run_after),
        "last_scheduling_decision": optional_datetime(run.examined),
        "run_type": run_type(DagRunType, run.run_type),
        "state": DagRunState(run.state),
        "conf": dict(run.conf),
        "note": facts(run).note,
        "dag_versions": [],
        "dag_model": SimpleNamespace(dag_display_name=getattr(facts(run).dag, "dag_display_name", run.dag.dag_id)),
    }
    absent = dict.fromkeys(DAGRunResponse.model_fields)  # what the simulation does not know is None
    made: dict[str, Any] = DAGRunResponse.model_validate(SimpleNamespace(**{**absent, **values})).model_dump(
        mode="json"
    )
    return made


@contextmanager
def session_of(store: Store) -> Iterator[Any]:
    """A SQLAlchemy session in which ``DagRun`` is every run of the simulation as it is now; all other tables are empty.

    What is written there is forgotten after the block.
    """
    from sqlalchemy.orm import Session

    if store.database is None:
        store.database = _empty()
    with Session(store.database) as session:  # closed without a commit
        _write(store, session)
        yield session


def _empty() -> Any:
    """The engine of a database with Airflow's tables; all threads share its one connection."""
    from airflow.models import import_all_models
    from airflow.models.base import Base
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    import_all_models()
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine)
    return engine


def _write(store: Store, session: Any) -> None:
    from airflow.models import DagRun
    from airflow.utils.types import DagRunType
    from sqlalchemy import insert

    rows = [
        {
            "id": number,
            "dag_id": run.dag.dag_id,
            "run_id": run.run_id,
            "run_type": run_type(DagRunType, run.run_type).value,
            "state": run.state,
            "logical_date": optional_datetime(run.logical_date),
            "run_after": to_datetime(run.run_after),
            "queued_at": optional_datetime(run.queued_at),
            "start_date": optional_datetime(run.start),
            "end_date": optional_datetime(run.end),
            "data_interval_start": optional_datetime(run.data_interval_start),
            "data_interval_end": optional_datetime(run.data_interval_end),
            "conf": dict(run.conf),
        }
        for number, run in enumerate(store.runs.values(), 1)
    ]
    if rows:
        session.execute(insert(DagRun.__table__), rows)
