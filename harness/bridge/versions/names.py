"""Names that moved between the supported versions of Airflow, or are not in all of them; and attributes likewise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any, get_args

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


def task_exception(name: str) -> Any:
    """An exception class of the Task SDK: ``airflow.sdk.exceptions`` from 3.2 on, before ``airflow.exceptions``."""
    from airflow.sdk import exceptions

    found = getattr(exceptions, name, None)
    if found is None:
        from airflow import exceptions as core

        found = getattr(core, name)
    return found


def secrets_masker() -> Any:
    """The module of the masker that tasks' logs go through: shared with the core from 3.2 on."""
    try:
        from airflow.sdk._shared import secrets_masker as found
    except ImportError:
        from airflow.sdk.execution_time import secrets_masker as found
    return found


def plugins_manager() -> Any:
    """The module that brings plugins into a worker: the SDK has its own from 3.2 on."""
    try:
        from airflow.sdk import plugins_manager as found
    except ImportError:
        from airflow import plugins_manager as found
    return found


def statsd_logger() -> Callable[[], Any]:
    """What makes a task's client of StatsD: the SDK has its own from 3.2 on; before, one is made for a class."""
    try:
        from airflow.sdk.observability.metrics.statsd_logger import get_statsd_logger as found
    except ImportError:
        from airflow.metrics.statsd_logger import get_statsd_logger as of_class

        return partial(of_class, None)
    made: Callable[[], Any] = found
    return made


def dag_serializer() -> Any:
    """What makes a Dag a document: ``DagSerialization``, in 3.1 still ``SerializedDAG``."""
    from airflow.serialization import serialized_objects

    return getattr(serialized_objects, "DagSerialization", None) or serialized_objects.SerializedDAG


def serde() -> Any:
    """``airflow.sdk.serde``, which writes arguments of triggers from 3.2 on; None before."""
    try:
        return import_module("airflow.sdk.serde")
    except ModuleNotFoundError:
        return None


def callback_trigger() -> Any:
    """The trigger that runs a deadline's callback: ``CallbackTrigger``, in 3.1 ``DeadlineCallbackTrigger``."""
    try:
        from airflow.triggers.callback import CallbackTrigger as Trigger
    except ImportError:
        from airflow.triggers.deadline import DeadlineCallbackTrigger as Trigger
    return Trigger


def loop_task_group() -> type | None:
    """The class of groups that are repeated until their gate stops them (``@task_group(…).loop``); None before 3.4."""
    try:
        from airflow.sdk.definitions._internal.loop import LoopTaskGroup
    except ImportError:
        return None
    found: type = LoopTaskGroup
    return found


def messages_of_callbacks() -> frozenset[str] | None:
    """Class names of the messages that a ``SyncCallback`` may send; None where the version does not say (3.2).

    Source: ``CallbackToSupervisor`` (3.3.2): connections and variables, and nothing of the run.
    """
    try:
        from airflow.sdk.execution_time.callback_supervisor import CallbackToSupervisor
    except ImportError:
        return None
    return frozenset(member.__name__ for member in get_args(get_args(CallbackToSupervisor)[0]))


def bags() -> Any:
    """The module of ``DagBag`` and ``sync_bag_to_db``: ``airflow.dag_processing`` has it from 3.2 on."""
    try:
        return import_module("airflow.dag_processing.dagbag")
    except ModuleNotFoundError:
        return import_module("airflow.models.dagbag")


def run_type(kinds: Any, name: str) -> Any:
    """The member of an enumeration of run types: before 3.2 a run that an operator triggers is a manual one."""
    try:
        return kinds(name)
    except ValueError:
        return kinds("manual")


def bag_of(folder: Any, bundle: str, collect_dags: bool) -> Any:
    """A ``DagBag`` of a bundle's folder, without examples, which from 3.3 on it has no word for."""
    kind = bags().DagBag
    options = {"include_examples": False, "bundle_path": folder, "bundle_name": bundle, "collect_dags": collect_dags}
    known = signature(kind.__init__).parameters
    return kind(dag_folder=folder, **{name: value for name, value in options.items() if name in known})


def forget_bundles() -> None:
    """Have Airflow read its configuration of bundles again, which it keeps from 3.4 on."""
    from airflow.dag_processing.bundles import manager

    kept = getattr(manager, "_load_bundle_config_snapshot", None)
    if kept is not None:
        kept.cache_clear()


def fresh_policies() -> None:
    """Give ``airflow.settings`` a policy manager that holds Airflow's own policies and those of installed packages.

    From 3.2 on it is made when it is first asked for. Source: ``initialize``, ``get_policy_plugin_manager`` (3.3.2).
    """
    from airflow import settings as found

    settings: Any = found
    make = getattr(settings, "get_policy_plugin_manager", None)
    if make is None:
        settings.configure_policy_plugin_manager()
        settings.load_policy_plugins(settings.POLICY_PLUGIN_MANAGER)
        return
    manager = make.__wrapped__()
    settings.load_policy_plugins(manager)
    settings.get_policy_plugin_manager = lambda: manager


def execute_callback() -> Callable[..., tuple[bool, str | None]] | None:
    """What runs a ``SyncCallback`` in a worker: whether it went well, and why not. None before 3.3.

    It is called with ``callback_path``, ``callback_kwargs``, ``log`` and the Dag's ``file``, which it imports anew
    where it takes one.
    Source: ``execute_callback`` of the callback supervisor (3.3.2).
    """
    try:
        from airflow.sdk.execution_time.callback_supervisor import execute_callback as execute
    except ImportError:
        return None
    execute_anew: Any = execute
    imports_anew = "dag_rel_path" in signature(execute).parameters

    def executed(*, file: Path, **arguments: Any) -> tuple[bool, str | None]:
        anew = {"dag_rel_path": file.name, "bundle_path": file.parent} if imports_anew else {}
        found: tuple[bool, str | None] = execute_anew(**arguments, **anew)
        return found

    return executed


def deadline_reference_codec() -> tuple[Callable[[Any], Any], Callable[[Any], Any]] | None:
    """What writes and what reads a deadline's reference, custom ones among them; None before 3.2, which has none."""
    try:
        from airflow.serialization.decoders import decode_deadline_reference
        from airflow.serialization.encoders import encode_deadline_reference
    except ImportError:
        return None
    return encode_deadline_reference, decode_deadline_reference


def deadlines_recalculated() -> Callable[..., None] | None:
    """What moves the deadlines of a run that is cleared, told when it is queued anew; None where it is not told (3.4).

    Source: ``_recalculate_dagrun_queued_at_deadlines`` (3.3.2).
    """
    from airflow.models import taskinstance

    found: Any = getattr(taskinstance, "_recalculate_dagrun_queued_at_deadlines", None)
    return found if found is not None and "new_queued_at" in signature(found).parameters else None


def new_task_instance(task: Any, dag_version_id: Any) -> dict[str, Any]:
    """What a new task instance of a stored task has, by attributes of ``TaskInstance`` and some that are no column.

    Source: ``TaskInstance.insert_mapping`` (3.3.2), to which 3.1 gives no run.
    """
    from airflow.models import DagRun, TaskInstance

    make: Any = TaskInstance.insert_mapping
    more = {"dag_run": DagRun()} if "dag_run" in signature(make).parameters else {}
    made: dict[str, Any] = make("", task, -1, dag_version_id=dag_version_id, **more)
    return made


def past_tries_table() -> Any:
    """Where tries are kept that others followed: a table of their own; from 3.4 on that of task instances."""
    try:
        from airflow.models.taskinstancehistory import TaskInstanceHistory as Model
    except ImportError:
        from airflow.models import TaskInstance as Model
    return Model.__table__


def xcom_table() -> Any:
    """Where XComs are written: by names, and from 3.4 on by the number of a try."""
    from airflow.models import xcom

    model: Any = getattr(xcom, "XComModelV2", None) or xcom.XComModel
    return model.__table__


def deadline_tables() -> tuple[Any, Any] | None:
    """The tables of deadlines and of their callbacks; None before 3.2, whose UI shows no deadline."""
    try:
        from airflow.models.callback import Callback
        from airflow.models.deadline import Deadline
    except ImportError:
        return None
    table: Any = Deadline.__table__
    return (table, Callback.__table__) if "deadline_alert_id" in table.c else None
