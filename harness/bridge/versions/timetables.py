"""What is asked of timetables, as the installed version has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.bridge.versions.names import attribute
from harness.project.installed import airflow_version

if TYPE_CHECKING:
    from airflow.sdk import DAG
    from airflow.timetables.base import Timetable


def core_timetable(dag: DAG) -> Timetable:
    """The scheduler's timetable of a Dag: from 3.2 on made of the SDK's; in 3.1 the Dag holds it itself.

    Source: ``encoders.coerce_to_core_timetable`` (3.2 and later).
    """
    try:
        from airflow.serialization.encoders import coerce_to_core_timetable
    except ImportError:
        return dag.timetable
    return coerce_to_core_timetable(dag.timetable)


def next_info(timetable: Any, last: Any, restriction: Any) -> Any:
    """The ``DagRunInfo`` after ``last``, or the first; None when a timetable has none.

    From 3.2 on timetables are asked by ``next_dagrun_info_v2``, before by the interval of the last run.
    Raises: whatever the timetable raises.
    """
    if hasattr(timetable, "next_dagrun_info_v2"):
        return timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=restriction)
    interval = None if last is None else last.data_interval
    return timetable.next_dagrun_info(last_automated_data_interval=interval, restriction=restriction)


def is_periodic(timetable: Any) -> bool:
    """Whether a schedule is one that can be backfilled.

    Before 3.3 Airflow refuses only Dags without a schedule. ``@continuous`` is refused here by all versions: in 3.1
    and 3.2 the request may never end.
    Source: ``_create_backfill``, ``Timetable.periodic`` (3.1.8, 3.3.2).
    """
    if airflow_version() >= (3, 3):
        return bool(timetable.periodic)
    return str(timetable.summary) != "None" and type(timetable).__name__ != "ContinuousTimetable"


def batches_events(timetable: Any) -> bool | None:
    """Whether asset events that wait make one run together; None where the version has it not as a choice.

    Source: ``Timetable.batch_asset_events`` (3.4.0b2).
    """
    found = attribute(timetable, "batch_asset_events")
    return None if found is None else bool(found)


def groups_events(timetable: Any) -> bool:
    """Whether a timetable groups asset events in a way of its own.

    Source: ``Timetable.group_asset_events`` (3.4.0b2).
    """
    from airflow.timetables.base import Timetable

    common = getattr(Timetable, "group_asset_events", None)
    return common is not None and type(timetable).group_asset_events is not common
