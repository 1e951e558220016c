"""Names that moved between the supported versions of Airflow, or are not in all of them."""

from __future__ import annotations

from importlib import import_module
from typing import Any, get_args


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
