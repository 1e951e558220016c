"""What makes runs quicker and nothing else, in one place: ``AIRFLOW_HARNESS_SHORTCUTS=off`` leaves all of it out.

With and without it a run is the same, byte for byte; where it ever is not, this is how to see which half is wrong.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import structlog

from harness.bridge.patches import Change
from harness.bridge.patches.caches import caches, templates_once

VARIABLE = "AIRFLOW_HARNESS_SHORTCUTS"


def off() -> bool:
    """Whether whoever runs this wants none of it."""
    return os.environ.get(VARIABLE, "").lower() in ("off", "0", "no", "false")


def shortcuts() -> Iterator[tuple[Any, str, Any]]:
    """What of Airflow to replace for the length of a simulation."""
    if not off():
        yield from caches()
        yield from templates_once()
        yield from unobserved()


def unobserved() -> Iterator[Change]:
    """What Airflow tells observers of every task, not told where there is none.

    Whether there is one is asked each time, by what the installed version itself goes by; what it would do for none is
    work without effect. As with `harness.bridge.patches.caches`, what does not fit the version is left as it is.

    * ``stats``: names and tags of metrics that nobody collects.
    * hooks of listeners that nobody implements.
    * spans of a trace that there is not, nine a task.
    * a logger for each copy of an operator, of which there is one an attempt.
    """
    from airflow.sdk.execution_time import task_runner

    stats = getattr(task_runner, "stats", None)  # before 3.3 a class
    if hasattr(stats, "_get_backend"):
        yield task_runner, "stats", _UncollectedStats(stats)
    yield from _hooks(task_runner.get_listener_manager())
    span: Any = getattr(task_runner, "detail_span", None)
    if hasattr(span, "_make_ctx"):
        level = getattr(sys.modules[span.__module__], "get_task_span_detail_level", None)
        if level is not None:
            yield span, "_make_ctx", _no_trace(span._make_ctx, level)
    for path in ("airflow.sdk._shared.dagnode.node", "airflow.sdk.definitions._internal.node"):
        node = sys.modules.get(path)
        if getattr(node, "structlog", None) is structlog:
            yield node, "structlog", _RememberedLoggers()


def _hooks(manager: Any) -> Iterator[Change]:
    """A hook that nobody implements is only told to the log, for those who debug."""
    plugins, log = manager.pm, import_module(type(manager).__module__).log
    is_enabled = getattr(log.bind() if hasattr(log, "bind") else log, "isEnabledFor", None)  # 3.1: one of ``logging``
    call = vars(plugins).get("_inner_hookexec")
    if call is not None and is_enabled is not None and not is_enabled(logging.DEBUG):

        def hookexec(name: str, implementations: Any, arguments: Any, first: bool) -> Any:
            return call(name, implementations, arguments, first) if implementations else None if first else []

        yield plugins, "_inner_hookexec", hookexec


def _no_trace(original: Callable[[Any], Any], level: Callable[..., int]) -> Callable[[Any], Any]:
    """Outside of any trace there is no span, and so none of the level that asks for details."""
    from opentelemetry.context import get_current
    from opentelemetry.trace import INVALID_SPAN, INVALID_SPAN_CONTEXT, NonRecordingSpan

    class NoSpan(NonRecordingSpan):
        """Nothing to end."""

        def __exit__(self, *_: object) -> None:
            pass

    if level(span=INVALID_SPAN) > 1:
        return original
    nothing = NoSpan(INVALID_SPAN_CONTEXT)
    return lambda span: original(span) if get_current() else nothing


class _RememberedLoggers:
    """The module ``structlog`` whose ``get_logger`` makes one logger of a name: every attempt copies its operator."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(structlog, name)

    def get_logger(self, *names: str, **values: Any) -> Any:
        """The logger of a name."""
        if len(names) != 1 or values:
            return structlog.get_logger(*names, **values)
        if names[0] not in self._known:
            self._known[names[0]] = structlog.get_logger(*names)
        return self._known[names[0]]


class _UncollectedStats:
    """The module of metrics, without the work of naming one that goes nowhere."""

    def __init__(self, stats: Any) -> None:
        self._stats = stats
        self._nobody = import_module(stats.__name__).NoStatsLogger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stats, name)

    def incr(self, *args: Any, **kwargs: Any) -> None:
        """Count, where somebody collects."""
        if type(self._stats._get_backend()) is not self._nobody:
            self._stats.incr(*args, **kwargs)

    def timing(self, *args: Any, **kwargs: Any) -> None:
        """Record a duration, where somebody collects."""
        if type(self._stats._get_backend()) is not self._nobody:
            self._stats.timing(*args, **kwargs)
