"""The asset condition of a Dag's schedule as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.bridge.timetables import timetable_of
from harness.scheduler.calendar import AllOf, AnyOf, Condition, OfAlias, OfAsset

if TYPE_CHECKING:
    from airflow.sdk import DAG


def asset_condition(dag: DAG) -> Condition | None:
    """What a Dag waits for when it is scheduled on assets, None when it is not.

    Source: ``Timetable.asset_condition``; only ``AssetTriggeredTimetable`` (and ``AssetOrTimeSchedule``, which is one)
    makes asset-triggered runs, as ``_create_dag_runs_asset_triggered`` asks (3.3.2).
    """
    from airflow.timetables.simple import AssetTriggeredTimetable

    timetable = timetable_of(dag)
    if not isinstance(timetable, AssetTriggeredTimetable) or getattr(timetable, "partitioned", False):
        return None
    return _condition(timetable.asset_condition)


def _condition(given: Any) -> Condition:
    """Told by the class names: the SDK's classes and their serialised twins share them."""
    kind = type(given).__name__.removeprefix("Serialized")
    if kind in ("AssetAll", "AssetAny"):
        parts = tuple(_condition(part) for part in given.objects)
        return AllOf(parts) if kind == "AssetAll" else AnyOf(parts)
    if kind == "AssetAlias":
        return OfAlias(given.name)
    return OfAsset(getattr(given, "name", None), getattr(given, "uri", None))
