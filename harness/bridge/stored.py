"""A Dag as Airflow stores it, whether it comes back, and the error where it does not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.bridge.timetables import timetable_of
from harness.bridge.versions.names import dag_serializer
from harness.errors import Unserialisable

if TYPE_CHECKING:
    from airflow.sdk import DAG

_OURS = {"fileloc", "_processor_dags_folder"}
"""Fields that say where the file lies, here somewhere else than in production."""


@dataclass(frozen=True)
class Unserializable:
    """Why a Dag does not survive being stored.

    Attributes:
        task_id, field: whose fault it is, as far as single values tell.
    """

    message: str
    task_id: str | None = None
    field: str | None = None


def serialized(dag: DAG) -> dict[str, Any] | Unserializable:
    """A Dag as the Dag processor stores it, through JSON.

    Source: ``_serialize_dags`` (``dag_processing/processor.py``, 3.3.2).
    """
    serializer = dag_serializer()
    try:
        document: dict[str, Any] = json.loads(json.dumps(serializer.to_dict(dag)))
        return document
    except Exception as error:
        return _culprit(dag, serializer, error)


def loadable(document: dict[str, Any]) -> Unserializable | None:
    """Load a stored Dag as the scheduler does; None when that works.

    Source: ``SerializedDagModel.dag`` (3.3.2).
    """
    try:
        dag_serializer().from_dict(document)
    except Exception as error:
        return Unserializable(f"what is stored cannot be loaded again: {type(error).__name__}: {error}")
    return None


def comparable(document: dict[str, Any]) -> dict[str, Any]:
    """What Airflow takes the hash of, by which it knows a new version.

    Source: ``SerializedDagModel.hash`` and ``_sort_serialized_dag_dict`` (3.3.2).
    """
    from airflow.models.serialized_dag import SerializedDagModel

    data: dict[str, Any] = SerializedDagModel._sort_serialized_dag_dict(document)["dag"]
    return {name: value for name, value in data.items() if name not in _OURS}


def _culprit(dag: Any, serializer: Any, error: Exception) -> Unserializable:
    """Find the task and the field that fail by themselves."""
    cause = error.__cause__ or error
    message = str(cause).removeprefix(f"Failed to serialize DAG {dag.dag_id!r}: ")
    message = re.sub(r"unusual_prefix_[0-9a-f]{40}_", "", message).split(" or you have a top level")[0]
    field = next((field for words, field in _FIELDS.items() if words in message), None)
    if isinstance(cause, LookupError):  # its text is a key alone
        message = f"{type(cause).__name__}: {message}"
    if field is None and _fails(timetable_of, dag):
        field = "schedule"
    for task in dag.task_dict.values():
        if _fails(serializer.serialize, task):
            return Unserializable(message, task.task_id, field or _field(task, serializer))
    return Unserializable(message, None, field or _field(dag, serializer))


_FIELDS = {"Timetable class": "schedule", "priority strategy": "weight_rule", "deadline": "deadline"}
"""Words of Airflow's own -> the field that they are about."""


def _field(owner: Any, serializer: Any) -> str | None:
    """The first field of a Dag or a task that fails by itself."""
    from airflow.serialization.helpers import serialize_template_field

    for name in getattr(owner, "template_fields", ()):
        if _fails(partial(serialize_template_field, name=name), getattr(owner, name, None)):
            return str(name)
    names = (name for name in sorted(type(owner).get_serialized_fields()) if name not in ("tasks", "task_dict"))
    return next((name for name in names if _fails(serializer.serialize, getattr(owner, name, None))), None)


def _fails(serialize: Callable[[Any], Any], value: Any) -> bool:
    try:
        serialize(value)
    except Exception:
        return True
    return False


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
