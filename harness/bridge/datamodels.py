"""Our records as the Execution API's data models, for the tasks that read them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from harness.bridge.store import AssetEvent, facts
from harness.kernel.instant import Instant, to_datetime
from harness.scheduler.model import DagRun


def optional_datetime(at: Instant | None) -> datetime | None:
    """`to_datetime`, None kept."""
    return None if at is None else to_datetime(at)


def dag_run_model(run: DagRun) -> Any:
    """The ``DagRun`` that a task's context holds (``dag_run``), as the run is now.

    Source: ``airflow.sdk.api.datamodels._generated.DagRun``; fields that the version does not have are left out.
    """
    from airflow.sdk.api.datamodels._generated import DagRun as Model
    from airflow.sdk.api.datamodels._generated import DagRunState, DagRunType

    values = {
        "dag_id": run.dag.dag_id,
        "run_id": run.run_id,
        "logical_date": optional_datetime(run.logical_date),
        "data_interval_start": optional_datetime(run.data_interval_start),
        "data_interval_end": optional_datetime(run.data_interval_end),
        "run_after": to_datetime(run.run_after),
        "start_date": optional_datetime(run.start if run.start is not None else run.run_after),
        "end_date": optional_datetime(run.end),
        "clear_number": run.clear_number,
        "run_type": run_type_of(DagRunType, run.run_type),
        "state": DagRunState(run.state),
        "conf": dict(run.conf),
        "triggering_user_name": None,
        "consumed_asset_events": [asset_event_model(event) for event in facts(run).consumed],
        "partition_key": None,
        "partition_date": None,
        "note": facts(run).note,
        "team_name": None,
    }
    return Model.model_construct(**{name: value for name, value in values.items() if name in Model.model_fields})


def run_type_of(kinds: Any, run_type: str) -> Any:
    """``operator_triggered`` exists from 3.2 on; before it such a run is a manual one."""
    try:
        return kinds(run_type)
    except ValueError:
        return kinds("manual")


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
