"""Connections and variables, answered from the world."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from harness.bridge.masking import mask
from harness.bridge.supervisor.conversation import Supervisor, TaskContext, answers, error_response
from harness.world.secrets import basic_auth


@answers("GetConnection")
def _connection(supervisor: Supervisor, msg: Any, who: TaskContext) -> Any:
    """Source: ``request_handlers.handle_get_connection``; secrets are masked as there."""
    from airflow.sdk.execution_time.comms import ConnectionResult

    found = supervisor.store.world.connections.get(msg.conn_id)
    if found is None:
        supervisor.observe(who, "missing", ("connections", msg.conn_id))
        return error_response("CONNECTION_NOT_FOUND", {"conn_id": msg.conn_id})
    if found.password:
        mask(found.password)
        mask(basic_auth(found.login, found.password))
    if found.extra:
        mask(found.extra)
    return ConnectionResult(
        conn_id=msg.conn_id,
        conn_type=found.conn_type,
        host=found.host,
        schema=found.schema,
        login=found.login,
        password=found.password,
        port=found.port,
        extra=found.extra,
    )


@answers("GetVariable")
def _variable(supervisor: Supervisor, msg: Any, who: TaskContext) -> Any:
    """Source: ``request_handlers.handle_get_variable``."""
    from airflow.sdk.execution_time.comms import VariableResult

    variables = supervisor.store.world.variables
    if msg.key not in variables:
        if not _has_default():
            supervisor.observe(who, "missing", ("variables", msg.key))
        return error_response("VARIABLE_NOT_FOUND", {"key": msg.key})
    value = variables[msg.key]
    if value:
        mask(value, msg.key)
    return VariableResult(key=msg.key, value=value)


def _has_default() -> bool:
    """Whether who asks for a variable says what holds without it: ``Variable.get``, ``var.value.get`` (3.3.2)."""
    from airflow.sdk.definitions._internal.types import NOTSET

    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_name == "get" and str(frame.f_globals.get("__name__", "")).startswith("airflow."):
            for name in ("default", "default_var"):
                if frame.f_locals.get(name, NOTSET) is not NOTSET:
                    return True
        frame = frame.f_back
    return False


@answers("GetVariableKeys")
def _variable_keys(supervisor: Supervisor, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import VariableKeysResult

    keys = sorted(k for k in supervisor.store.world.variables if k.startswith(msg.prefix or ""))
    return VariableKeysResult(keys=keys[msg.offset : msg.offset + msg.limit], total_entries=len(keys))


@answers("PutVariable")
def _put_variable(supervisor: Supervisor, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import OKResponse

    supervisor.store.world.variables[msg.key] = msg.value if msg.value is not None else ""
    supervisor.observe(who, "variable", {"key": msg.key})
    return OKResponse(ok=True)


@answers("DeleteVariable")
def _delete_variable(supervisor: Supervisor, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import OKResponse

    supervisor.store.world.variables.pop(msg.key, None)
    return OKResponse(ok=True)
