"""A metadata database of the simulated runs, in memory, for code of the user's that is given a session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.bridge.supervisor.datamodels import optional_datetime
from harness.bridge.supervisor.store import Store
from harness.bridge.versions.names import run_type
from harness.kernel.instant import to_datetime


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
