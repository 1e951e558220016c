"""What a Dag may hold that the harness does not simulate, told by the classes of the installed Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.bridge.timetables import timetable_of
from harness.bridge.versions.attributes import attribute
from harness.bridge.versions.names import loop_task_group
from harness.bridge.versions.timetables import groups_events

if TYPE_CHECKING:
    from airflow.sdk import DAG


def loops(dag: DAG) -> list[str]:
    """Groups whose tasks Airflow repeats until their gate stops them (3.4, ``@task_group(…).loop``), by group_id."""
    kind = loop_task_group()
    if kind is None:
        return []
    groups = dag.task_group.get_task_group_dict()
    return sorted(str(name) for name, group in groups.items() if isinstance(group, kind))


def unknown_schedule(dag: DAG) -> str | None:
    """Why runs of a Dag's schedule are not made as Airflow makes them; None where they are.

    Source: ``Timetable.asset_gated`` and ``Timetable.group_asset_events`` (3.4.0b2).
    """
    timetable = timetable_of(dag)
    kind = type(timetable).__name__
    if attribute(timetable, "asset_gated"):
        return f"its timetable ({kind}) has scheduled runs wait for assets, here they do not"
    if groups_events(timetable):
        return f"its timetable ({kind}) groups asset events in a way of its own"
    return None
