"""Dags that Airflow cannot store: it does not import them, so in production they are not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from harness.bridge.parsing.serialized import Unserializable, loadable, serialized
from harness.bridge.timetables import timetable_of
from harness.errors import Unserialisable

if TYPE_CHECKING:
    from airflow.sdk import DAG


def unstorable(dag: DAG) -> Unserialisable | None:
    """Why a Dag does not come back from the database as it was given, None when it does.

    Source: ``_serialize_dags`` of the Dag processor, ``SerializedDagModel.dag`` (3.3.2).
    """
    stored = serialized(dag)
    fault = stored if isinstance(stored, Unserializable) else loadable(stored)
    return None if fault is None else _error(dag, fault)


def unscheduled(dags: Iterable[DAG]) -> Iterator[tuple[DAG, Unserialisable]]:
    """The Dags whose timetable the scheduler cannot read, so that not even a simulation knows their dates."""
    for dag in dags:
        try:
            timetable_of(dag)
        except Exception as error:  # the timetable's own code, or what it lacks
            text = f"{type(error).__name__}: {error}"
            yield dag, unstorable(dag) or _error(dag, Unserializable(text, None, "schedule"))


def _error(dag: DAG, fault: Unserializable) -> Unserialisable:
    whose = f" of task {fault.task_id!r}" if fault.task_id else ""
    field = f"field {fault.field!r}{whose}" if fault.field else f"something{whose}"
    ids = f"dag_id={dag.dag_id}{f' task_id={fault.task_id}' if fault.task_id else ''}"
    return Unserialisable(
        f"Dag {dag.dag_id!r} cannot be serialised: {field}: {' '.join(fault.message.split())[:300]}",
        where=f"{dag.fileloc}  {ids}",
        why="Airflow does not import such a Dag: it is not in the list of Dags, and never runs",
        fix="give the field a value that Airflow can store; register a class of your own in a plugin",
    )
