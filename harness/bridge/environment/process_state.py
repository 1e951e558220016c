"""What a worker's process has for its one task, and tasks share here: of the process, of Airflow, of client libraries.

What belongs to one task at a time is swapped when processes of the simulation take turns. What client libraries keep
for the whole process is one for all tasks, and the owner finds their own afterwards: ``S3FileSystem()`` is the object
that was made first, whatever the variables of the environment say that its endpoint and keys were read from; so is
boto3's default session, and a store of Airflow's.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

STORES = "airflow.sdk.io.store"


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


@dataclass
class _Kept:
    """The default session of boto3, fsspec's file systems by class, its event loop and the thread of that."""

    session: Any = None
    file_systems: dict[type, dict[str, Any]] = field(default_factory=dict)
    loop: Any = None
    thread: Any = None


_tasks = _Kept()
"""Of the process's simulation before: a session takes 250 ms to make, and the thread of a loop never ends."""
_environment: dict[str, str] = {}
"""What the process's environment said of AWS then."""


@contextmanager
def clients_of_tasks() -> Iterator[None]:
    """Tasks find what tasks of a simulation in the same environment left, or nothing; the owner theirs afterwards."""
    global _tasks, _environment
    environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    if environment != _environment:
        _tasks, _environment = _Kept(loop=_tasks.loop, thread=_tasks.thread), environment
    stores = _stores()
    owners = _swapped(_tasks)
    try:
        yield
    finally:
        _tasks = _swapped(owners)
        _forget_stores(stores)


def _swapped(kept: _Kept) -> _Kept:
    """Put what is kept into the libraries that are imported. Returns: what was there."""
    former = _Kept()
    boto3, asyn, spec = (sys.modules.get(name) for name in ("boto3", "fsspec.asyn", "fsspec.spec"))
    if boto3 is not None:
        former.session, vars(boto3)["DEFAULT_SESSION"] = boto3.DEFAULT_SESSION, kept.session
    if asyn is not None:
        former.loop, former.thread = asyn.loop[0], asyn.iothread[0]
        asyn.loop[0], asyn.iothread[0] = kept.loop, kept.thread
    classes = [] if spec is None else [spec.AbstractFileSystem]
    for each in classes:
        classes += each.__subclasses__()
        instances: dict[str, Any] = vars(each)["_cache"]
        former.file_systems[each] = dict(instances)
        instances.clear()
        instances.update(kept.file_systems.get(each, {}))
    return former


def _stores() -> dict[str, tuple[Any, bool]]:
    """Airflow's stores by alias, and whether each has a file system already: one that it was given, or has made."""
    module = sys.modules.get(STORES)
    return {} if module is None else {name: (one, "fs" in vars(one)) for name, one in module._STORE_CACHE.items()}


def _forget_stores(former: dict[str, tuple[Any, bool]]) -> None:
    """Leave those that were there before, without the file systems that tasks made of their connections."""
    module = sys.modules.get(STORES)
    if module is None:
        return
    module._STORE_CACHE.clear()
    for name, (store, had_one) in former.items():
        module._STORE_CACHE[name] = store
        if not had_one:
            vars(store).pop("fs", None)
