"""The asset condition of a Dag's schedule as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness.bridge.timetables import timetable_of
from harness.bridge.versions.attributes import attribute
from harness.bridge.versions.timetables import batches_events
from harness.scheduler.dag_runs.calendar import AllOf, AnyOf, AssetPolicy, Condition, OfAlias, OfAsset

if TYPE_CHECKING:
    from airflow.sdk import DAG


def asset_condition(dag: DAG) -> Condition | None:
    """What a Dag waits for when it is scheduled on assets, None when it is not.

    Source: ``Timetable.asset_condition``; only ``AssetTriggeredTimetable`` (and ``AssetOrTimeSchedule``, which is one)
    makes asset-triggered runs, as ``_create_dag_runs_asset_triggered`` asks (3.3.2).
    """
    from airflow.timetables.simple import AssetTriggeredTimetable

    timetable = timetable_of(dag)
    if not isinstance(timetable, AssetTriggeredTimetable) or attribute(timetable, "partitioned"):
        return None
    return _condition(timetable.asset_condition)


def asset_policy(dag: DAG) -> AssetPolicy:
    """How the Dag's asset events become runs: its timetable says it from 3.4 on (``[scheduler] batch_asset_events``).

    Source: ``Timetable.batch_asset_events``, ``DagModel.NUM_DAGS_PER_DAGRUN_QUERY`` (3.4.0b2).
    """
    from airflow.configuration import conf

    batch = batches_events(timetable_of(dag))
    if batch is None:
        return AssetPolicy()
    runs_a_loop = conf.getint("scheduler", "max_dagruns_to_create_per_loop", fallback=10)
    return AssetPolicy("batch" if batch else "each", bool(dag.catchup), runs_a_loop)


def _condition(asset: Any) -> Condition:
    """Told by the class names: the SDK's classes and their serialised counterparts share them."""
    kind = type(asset).__name__.removeprefix("Serialized")
    if kind in ("AssetAll", "AssetAny"):
        parts = tuple(_condition(part) for part in asset.objects)
        return AllOf(parts) if kind == "AssetAll" else AnyOf(parts)
    if kind == "AssetAlias":
        return OfAlias(asset.name)
    return OfAsset(getattr(asset, "name", None), getattr(asset, "uri", None))


def watched_assets(dag: DAG) -> list[str]:
    """Names of the assets in a Dag's schedule that watchers listen for, sorted.

    Asked of the Dag's own timetable: what the scheduler keeps of it has no watchers.
    Source: ``AssetModelOperation.add_asset_trigger_references`` (3.3.2).
    """
    return sorted({str(asset.name) for asset in _assets_in(getattr(dag.timetable, "asset_condition", None))})


def _assets_in(condition: Any) -> Iterator[Any]:
    for part in getattr(condition, "objects", ()):
        yield from _assets_in(part)
    if getattr(condition, "watchers", None):
        yield condition
