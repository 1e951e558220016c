"""Process-wide state of Airflow that belongs to one task at a time, swapped when processes take turns."""

from __future__ import annotations

import os
from typing import Any


class CurrentContext:
    """The stack behind ``get_current_context``: one list for the whole process in Airflow."""

    def __init__(self) -> None:
        from airflow.sdk.definitions._internal.contextmanager import _CURRENT_CONTEXT

        self._stack = _CURRENT_CONTEXT

    def fresh(self) -> list[Any]:
        """No context: the task sets its own."""
        return []

    def capture(self) -> list[Any]:
        """The contexts of whoever runs."""
        contexts: list[Any] = self._stack[:]
        return contexts

    def restore(self, state: list[Any]) -> None:
        """Make them current again."""
        self._stack[:] = state


class TaskEnvironment:
    """The ``AIRFLOW_CTX_*`` variables that ``_execute_task`` exports for subprocesses."""

    def __init__(self) -> None:
        from airflow.sdk.execution_time.context import AIRFLOW_VAR_NAME_FORMAT_MAPPING

        self._names = sorted(each["env_var_format"] for each in AIRFLOW_VAR_NAME_FORMAT_MAPPING.values())

    def fresh(self) -> dict[str, str]:
        """None: the task exports its own."""
        return {}

    def capture(self) -> dict[str, str]:
        """The exported variables of whoever runs."""
        environment = os.environ
        return {name: environment[name] for name in self._names if name in environment}

    def restore(self, state: dict[str, str]) -> None:
        """Export these and no others."""
        for name in self._names:
            if name in state:
                os.environ[name] = state[name]
            elif name in os.environ:
                del os.environ[name]
