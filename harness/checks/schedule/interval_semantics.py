"""``interval-semantics``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from harness.bridge.parsing.schedule import first_run
from harness.checks.callables import callable_of
from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.checks.schedule import zone_of
from harness.checks.texts import called, literal, templates
from harness.results.finding import Problem

_START, _END = "data_interval_start", "data_interval_end"

_PRINTS = ("print", "debug", "info", "warning", "error", "exception", "log")


@check("interval-semantics")
def interval_semantics(context: DagContext) -> Iterator[Problem]:
    """A task that works from ``data_interval_start`` to ``data_interval_end`` in a Dag whose intervals have no width.

    Since Airflow 3 a cron text or a ``timedelta`` as schedule makes runs at points in time: both ends are the same
    instant (``scheduler.create_cron_data_intervals`` is off). What was a day of rows in Airflow 2 is none, and the task
    succeeds.

    Fix: ``schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC")``, or
    ``CronTriggerTimetable("0 0 * * *", timezone="UTC", interval=timedelta(days=1))``.
    """
    if not context.is_periodic:
        return
    found = [(task, *place) for task in context.tasks if (place := _reads_both(context, task))]
    if not found:
        return
    width = first_run(context.dag, context.timetable).width
    if width is None or width:
        return
    fix = f'schedule=CronDataIntervalTimetable("…", timezone="{zone_of(context.dag)}")'
    for task, where, line in found:
        said = f"task {task.task_id!r} reads {_START} and {_END} {where}, which are the same instant"
        yield Problem(f"{said}: schedule {context.timetable.summary} makes no intervals", task.task_id, line, fix=fix)


def _reads_both(context: DagContext, task: Any) -> tuple[str, int | None] | None:
    """Where a task takes both ends at once: in words, and the line in its source."""
    texts = [text for _, text in templates(task) if "data_interval_" in text]
    if any(_has(_START, text) for text in texts) and any(_has(_END, text) for text in texts):
        return "in its templates", None
    if _START not in context.file.source or _END not in context.file.source:
        return None
    function = callable_of(task)
    found = context.file.definitions.of(function) if function is not None else None
    if found is None or found.path != context.file.path:
        return None
    for node in ast.walk(found.node):
        if isinstance(node, (ast.Call, ast.Compare, ast.JoinedStr)) and not _prints(node):
            read = {_end_of(one) for one in ast.walk(node)}
            if {_START, _END} <= read:
                return f"in {function.__name__}()", node.lineno
    return None


def _has(name: str, text: str) -> bool:
    """Whether a text names it, and not ``prev_data_interval_start_success``."""
    return any(
        not (before[-1:].isalnum() or before[-1:] == "_") and not (after[:1].isalnum() or after[:1] == "_")
        for before, after in _around(name, text)
    )


def _around(name: str, text: str) -> Iterator[tuple[str, str]]:
    at = text.find(name)
    while at >= 0:
        yield text[:at], text[at + len(name) :]
        at = text.find(name, at + 1)


def _prints(node: ast.AST) -> bool:
    """Whether a call only shows what it is given."""
    return isinstance(node, ast.Call) and called(node) in _PRINTS


def _end_of(node: ast.AST) -> str | None:
    """The end of the interval that an expression is: a parameter, ``context["…"]``, an attribute."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return literal(node.slice) if isinstance(node, ast.Subscript) else None
