"""Our records as the Execution API's data models, for the tasks that read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from harness.bridge.patches.shortcuts import off
from harness.bridge.supervisor.store import AssetEvent, facts
from harness.bridge.versions.names import run_type
from harness.kernel.instant import Instant, to_datetime
from harness.scheduler.model import DagRun

_PLAIN = (type(None), str, int, float, tuple, Enum, datetime)
_set = object.__setattr__
_message_schemas: dict[type, _MessageSchema] = {}
"""One for the process: what is kept of a class depends on nothing but that class of the installed Airflow."""


@dataclass(frozen=True, slots=True)
class _MessageSchema:
    """An instance of a model that nobody has used, and the fields that each copy is given."""

    instance: Any
    given: frozenset[str]
    fields: tuple[str, ...]


def constructed(model: Any, values: dict[str, Any]) -> Any:
    """``model_construct`` of a pydantic model, which goes through all its fields in Python: once, then by copies.

    Args:
        values: fields that the installed version does not have are left out.
    """
    message_schema = None if off() else _message_schemas.get(model)
    if message_schema is None or values.keys() != message_schema.given:
        known = {name: value for name, value in values.items() if name in model.model_fields}
        made = model.model_construct(**known)
        if _copies_are_independent(made, known):
            unused = copied(made)
            vars(unused).update(dict.fromkeys(known))
            _message_schemas[model] = _MessageSchema(unused, frozenset(values), tuple(known))
        return made
    made = copied(message_schema.instance)
    vars(made).update({name: values[name] for name in message_schema.fields})
    return made


def copied(instance: Any) -> Any:
    """A shallow copy of a model without extra fields. Source: ``BaseModel.__copy__`` (pydantic 2.11)."""
    made, private = object.__new__(type(instance)), instance.__pydantic_private__
    _set(made, "__dict__", vars(instance).copy())
    _set(made, "__pydantic_extra__", None)
    _set(made, "__pydantic_fields_set__", instance.__pydantic_fields_set__.copy())
    _set(made, "__pydantic_private__", None if private is None else private.copy())
    return made


def _copies_are_independent(made: Any, values: dict[str, Any]) -> bool:
    """Whether nothing that a model was not given could be changed in one copy and seen in another."""
    defaults = [value for name, value in vars(made).items() if name not in values]
    return all(isinstance(value, _PLAIN) for value in (*defaults, *(made.__pydantic_private__ or {}).values()))


def optional_datetime(at: Instant | None) -> datetime | None:
    """`to_datetime`, None kept."""
    return None if at is None else to_datetime(at)


def dag_run_model(run: DagRun) -> Any:
    """The ``DagRun`` that a task's context holds (``dag_run``), as the run is now.

    Source: ``airflow.sdk.api.datamodels._generated.DagRun``; fields that the version does not have are left out.
    """
    from airflow.sdk.api.datamodels._generated import DagRun as Model

    found = facts(run)
    now = (run.state, run.start, run.end, run.clear_number, found.note)
    if found.model is None or found.model[0] != now:
        found.model = (now, constructed(Model, _fields(run)))
    made = copied(found.model[1])
    vars(made)["conf"] = dict(run.conf)
    vars(made)["consumed_asset_events"] = [asset_event_model(event) for event in found.consumed]
    return made


def _fields(run: DagRun) -> dict[str, Any]:
    from airflow.sdk.api.datamodels._generated import DagRunState, DagRunType

    return {
        "dag_id": run.dag.dag_id,
        "run_id": run.run_id,
        "logical_date": optional_datetime(run.logical_date),
        "data_interval_start": optional_datetime(run.data_interval_start),
        "data_interval_end": optional_datetime(run.data_interval_end),
        "run_after": to_datetime(run.run_after),
        "start_date": optional_datetime(run.start if run.start is not None else run.run_after),
        "end_date": optional_datetime(run.end),
        "clear_number": run.clear_number,
        "run_type": run_type(DagRunType, run.run_type),
        "state": DagRunState(run.state),
        "conf": None,  # both given to each copy
        "triggering_user_name": None,
        "consumed_asset_events": None,
        "partition_key": None,
        "partition_date": None,
        "note": facts(run).note,
        "team_name": None,
    }


def asset_event_model(event: AssetEvent) -> Any:
    """An asset event as ``dag_run.consumed_asset_events`` holds it."""
    from airflow.sdk.api.datamodels import _generated as models

    values = {
        "asset": models.AssetReferenceAssetEventDagRun(name=event.name, uri=event.uri, extra={}),
        "extra": event.extra,
        "source_task_id": event.task_id,
        "source_dag_id": event.dag_id,
        "source_run_id": event.run_id,
        "source_map_index": event.map_index,
        "source_aliases": [models.AssetAliasReferenceAssetEventDagRun(name=name) for name in event.aliases],
        "timestamp": to_datetime(event.at),
    }
    return models.AssetEventDagRunReference(**values)
