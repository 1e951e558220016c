"""Settings that Airflow reads when it is imported, made anew for a block: Airflow may have been imported before it.

``conf.get`` looks at the environment each time it is asked; what follows is asked once (3.1 to 3.3): the constants of
``sdk/definitions/_internal/abstractoperator.py`` with the defaults of ``BaseOperator.__init__`` made of them, the time
zone of naive dates, and the folders of ``airflow.settings``.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from types import CodeType
from typing import Any
from unittest.mock import patch

_CONSTANTS = "airflow.sdk.definitions._internal.abstractoperator"
_HOLDERS = (_CONSTANTS, "airflow.sdk.bases.operator", "airflow.sdk.definitions.mappedoperator")
_PARAMETERS = {
    "DEFAULT_OWNER": "owner",
    "DEFAULT_QUEUE": "queue",
    "DEFAULT_RETRIES": "retries",
    "DEFAULT_RETRY_DELAY": "retry_delay",
    "DEFAULT_WEIGHT_RULE": "weight_rule",
    "DEFAULT_TASK_EXECUTION_TIMEOUT": "execution_timeout",
    "DEFAULT_EMAIL_ON_FAILURE": "email_on_failure",
    "DEFAULT_EMAIL_ON_RETRY": "email_on_retry",
}
"""Constant -> the argument of an operator that it is the default of."""
_ZONES = ("airflow._shared.timezones.timezone", "airflow.sdk._shared.timezones.timezone")


@contextmanager
def bound_settings() -> Iterator[None]:
    """What stands in the environment now holds for all that Airflow bound at its import. Imports Airflow."""
    with ExitStack() as stack:
        for change in (*_operator_defaults(), *_zone(), *_folders()):
            stack.enter_context(change)
        yield


def _operator_defaults() -> Iterator[Any]:
    operator = importlib.import_module("airflow.sdk.bases.operator")
    module = importlib.import_module(_CONSTANTS)
    made: dict[str, Any] = {}
    for name, statement in _statements():
        value = eval(statement, vars(module))
        if value != getattr(module, name):
            made[name] = value
    if not made:
        return
    for holder in filter(None, map(sys.modules.get, _HOLDERS)):
        yield from (patch.object(holder, name, value) for name, value in made.items() if name in vars(holder))
    defaults = {_PARAMETERS[name]: value for name, value in made.items() if name in _PARAMETERS}
    yield patch.dict(operator.OPERATOR_DEFAULTS, defaults)
    init = inspect.unwrap(operator.BaseOperator.__init__)
    yield patch.dict(init.__kwdefaults__, {name: v for name, v in defaults.items() if name in init.__kwdefaults__})
    for name, value in defaults.items():
        if name in vars(operator.BaseOperator):
            yield patch.object(operator.BaseOperator, name, value)


@cache
def _statements() -> list[tuple[str, CodeType]]:
    """Name and expression of each constant that is taken from the settings, off the module's own source."""
    found = []
    for node in ast.parse(inspect.getsource(importlib.import_module(_CONSTANTS))).body:
        target = node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and isinstance(node, ast.AnnAssign) and node.value and _asks(node.value):
            found.append((target.id, compile(ast.Expression(node.value), _CONSTANTS, "eval")))
    return found


def _asks(expression: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "conf" for node in ast.walk(expression))


def _zone() -> Iterator[Any]:
    """Source: the head of ``airflow/settings.py``, where a zone that is none is UTC."""
    settings: Any = importlib.import_module("airflow.settings")
    name = settings.conf.get("core", "default_timezone", fallback="utc")
    try:
        zone = settings.local_timezone() if name == "system" else settings.parse_timezone(name)
    except Exception:
        zone = settings.utc
    if str(zone).upper() == str(settings.TIMEZONE).upper():
        return
    yield patch.object(settings, "TIMEZONE", zone)
    for holder in filter(None, map(sys.modules.get, _ZONES)):
        if hasattr(holder, "_Timezone"):
            yield patch.object(holder._Timezone, "initialized_timezone", zone)


def _folders() -> Iterator[Any]:
    """Source: ``airflow.settings.configure_vars``."""
    from airflow import configuration, settings

    home = os.environ["AIRFLOW_HOME"]
    folders = {
        "AIRFLOW_HOME": home,
        "DAGS_FOLDER": os.environ.get("AIRFLOW__CORE__DAGS_FOLDER") or f"{home}/dags",
        "PLUGINS_FOLDER": os.environ.get("AIRFLOW__CORE__PLUGINS_FOLDER") or f"{home}/plugins",
    }
    for name, folder in folders.items():
        yield patch.object(settings, name, folder)
    yield patch.object(configuration, "AIRFLOW_HOME", home)
