"""Process-wide state of Airflow that belongs to one task at a time, swapped when processes take turns."""

from __future__ import annotations

import os
import sys
import time
from typing import Any


class CurrentContext:
    """The stack behind ``get_current_context``: one list for the whole process in Airflow."""

    def __init__(self) -> None:
        from airflow.sdk.definitions._internal.contextmanager import _CURRENT_CONTEXT

        self._stack = _CURRENT_CONTEXT

    def fresh(self) -> list[Any]:
        """No context: the task sets its own."""
        return []

    def swap(self, state: list[Any]) -> list[Any]:
        """Make these contexts current. Returns: the former ones."""
        former: list[Any] = self._stack[:]
        self._stack[:] = state
        return former


_ZONE = b"TZ"


class TaskEnvironment:
    """The ``AIRFLOW_CTX_*`` variables that ``_execute_task`` exports for subprocesses, and the local time zone.

    A worker has a process for each task; what one does to ``TZ``, no other sees.
    """

    def __init__(self) -> None:
        from airflow.sdk.execution_time.context import AIRFLOW_VAR_NAME_FORMAT_MAPPING

        names = sorted(each["env_var_format"] for each in AIRFLOW_VAR_NAME_FORMAT_MAPPING.values())
        self._names = [_ZONE, *(os.fsencode(name) for name in names)]  # in bytes nothing is encoded at each look
        self._exported = vars(os.environb).get("_data", os.environb)  # CPython's dictionary below
        self._zone = {name: value for name, value in os.environb.items() if name == _ZONE}

    def fresh(self) -> dict[bytes, bytes]:
        """The zone of the simulation: the task exports its own context."""
        return dict(self._zone)

    def swap(self, state: dict[bytes, bytes]) -> dict[bytes, bytes]:
        """Export these and no others. Returns: what was exported."""
        exported = self._exported
        former = {name: exported[name] for name in self._names if name in exported}
        for name in former:
            if name not in state:
                del os.environb[name]
        for name, value in state.items():
            if former.get(name) != value:
                os.environb[name] = value
        if former.get(_ZONE) != state.get(_ZONE):
            time.tzset()
        return former


class StandardStreams:
    """``sys.stdin``, ``stdout`` and ``stderr``: a task that replaces them does it for itself alone."""

    def __init__(self) -> None:
        self._first = (sys.stdin, sys.stdout, sys.stderr)

    def fresh(self) -> tuple[Any, Any, Any]:
        """Those of the simulation."""
        return self._first

    def swap(self, state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        """Make these current. Returns: the former ones."""
        former = (sys.stdin, sys.stdout, sys.stderr)
        sys.stdin, sys.stdout, sys.stderr = state
        return former
