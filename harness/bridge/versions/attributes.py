"""Attributes of Airflow's objects, and fields of its messages, that are not there in all versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_COMMS = "airflow.sdk.execution_time.comms"
_EVENTS = (f"{_COMMS}.GetAssetEventByAsset", f"{_COMMS}.GetAssetEventByAssetAlias")
_TIMETABLE = ("airflow.timetables.base.Timetable",)
_DAG = ("airflow.sdk.DAG",)


@dataclass(frozen=True)
class Attribute:
    """An attribute and who has it.

    Attributes:
        since: the version from which on it is there.
        of: dotted names of its classes.
        absent: what stands for it before.
    """

    since: tuple[int, int]
    of: tuple[str, ...]
    absent: Any = None


ATTRIBUTES: Mapping[str, Attribute] = {
    "after": Attribute((3, 2), _EVENTS),
    "allowed_run_types": Attribute((3, 2), _DAG),
    "ascending": Attribute((3, 2), _EVENTS, absent=True),
    "asset_gated": Attribute((3, 4), _TIMETABLE, absent=False),
    "batch_asset_events": Attribute((3, 4), _TIMETABLE),
    "before": Attribute((3, 2), _EVENTS),
    "extra": Attribute((3, 4), _EVENTS),
    "limit": Attribute((3, 2), _EVENTS),
    "partition_key": Attribute((3, 4), _EVENTS),
    "partition_key_regexp_pattern": Attribute((3, 4), _EVENTS),
    "partitioned": Attribute((3, 2), _TIMETABLE, absent=False),
    "render_template_fields": Attribute((3, 3), ("airflow.triggers.base.BaseTrigger",)),
    "rerun_with_latest_version": Attribute((3, 3), _DAG),
    "run_after": Attribute((3, 3), (f"{_COMMS}.TriggerDagRun",)),
}
"""By name. A test looks at each of the classes as it is installed."""


def attribute(of: Any, name: str) -> Any:
    """An attribute that the installed version has, else what stands for it.

    Raises: KeyError: ``ATTRIBUTES`` has no such name.
    """
    return getattr(of, name, ATTRIBUTES[name].absent)
