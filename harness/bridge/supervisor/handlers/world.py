"""Connections and variables, answered from the world."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from harness.bridge.masking import mask
from harness.bridge.supervisor.handlers import ApiServer, Handler, error_response, ok_response
from harness.bridge.supervisor.task_context import TaskContext
from harness.world.secrets import connection_secrets


def _connection(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    """Source: ``request_handlers.handle_get_connection``; secrets are masked as there."""
    from airflow.sdk.execution_time.comms import ConnectionResult

    found = api.store.world.connections.get(msg.conn_id)
    if found is None:
        api.observe(who, "missing", ("connections", msg.conn_id))
        return error_response("CONNECTION_NOT_FOUND", {"conn_id": msg.conn_id})
    for secret in connection_secrets(found):
        mask(secret)
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


def _variable(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    """Source: ``request_handlers.handle_get_variable``."""
    from airflow.sdk.execution_time.comms import VariableResult

    variables = api.store.world.variables
    if msg.key not in variables:
        if not _has_default():
            api.observe(who, "missing", ("variables", msg.key))
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


def _variable_keys(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import VariableKeysResult

    keys = sorted(k for k in api.store.world.variables if k.startswith(msg.prefix or ""))
    return VariableKeysResult(keys=keys[msg.offset : msg.offset + msg.limit], total_entries=len(keys))


def _put_variable(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    api.store.world.variables[msg.key] = msg.value if msg.value is not None else ""
    if msg.value:
        mask(msg.value, msg.key)
    api.observe(who, "variable", {"verb": "set", "key": msg.key, "value": msg.value})
    return ok_response()


def _delete_variable(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    api.store.world.variables.pop(msg.key, None)
    api.observe(who, "variable", {"verb": "delete", "key": msg.key, "value": None})
    return ok_response()


HANDLERS: dict[str, Handler] = {
    "GetConnection": _connection,
    "GetVariable": _variable,
    "GetVariableKeys": _variable_keys,
    "PutVariable": _put_variable,
    "DeleteVariable": _delete_variable,
}
