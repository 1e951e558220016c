"""``start-date``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from harness.bridge.parsing.schedule import clock_change, now
from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.checks.schedule import default_zone_of, zone_of
from harness.checks.texts import dotted, keyword, literal
from harness.results.finding import Problem

_MOVING = {"now", "utcnow", "today", "yesterday", "tomorrow", "days_ago"}
_UTC = {"UTC", "ETC/UTC", "Z", "+00:00"}
_JUST_NOW = timedelta(minutes=2)
_LONG = timedelta(hours=1)


@check("start-date", severity="warning")
def start_date(context: DagContext) -> Iterator[Problem]:
    """A ``start_date`` that moves, has no time zone or is missing where it counts; a cron in an hour that clocks skip.

    A date made by ``now()`` is another one at every parse: the first run is never due, and every parse makes a new
    version of the Dag. A date without time zone is read in the project's ``core.default_timezone``: it is
    told beside a schedule of another zone, where the first run is not the one meant.
    With a ``timedelta`` as schedule the runs count from ``start_date``; without one, from whenever the scheduler first
    saw the Dag. And a cron of a local zone that names an hour of the clock change runs at another time that day.

    Fix: a date that stays, ``pendulum.datetime(2025, 1, 1, tz="Europe/Berlin")``; for the clock change another hour, or
    UTC.
    """
    dag = context.dag
    if not context.is_periodic:
        return
    if dag.start_date is not None and (how := _moves(context)):
        yield Problem(f"start_date moves: it is made by {how} at every parse", fix="a date that stays")
    elif context.has_naive_start and dag.start_date is not None and (zone := _other_zone(context)):
        said = f"start_date has no time zone, and is read as one of {zone}"
        yield Problem(said, fix=f"pendulum.datetime(…, tz={zone.split(',')[0]!r})")
    elif dag.start_date is None and not any(task.start_date for task in context.tasks) and _is_long(context.timetable):
        every = context.timetable.summary
        said = f"start_date is missing: runs every {every} count from when the scheduler first sees the Dag"
        yield Problem(said, fix="start_date=")
    if str(getattr(dag.timetable, "timezone", getattr(dag.timetable, "_timezone", None))) != "UTC":
        for timetable in getattr(context.timetable, "_timetables", [context.timetable]):
            yield from _clock_change(context, timetable)


def _other_zone(context: DagContext) -> str:
    """The zone that a date without one is read in, and that of the schedule where it is another; else empty."""
    zone, own = default_zone_of(context.dag), zone_of(context.dag)
    same = own == zone or {own.upper(), zone.upper()} <= _UTC
    return "" if same else f"{zone}, while the schedule is in {own}"


def _clock_change(context: DagContext, timetable: Any) -> Iterator[Problem]:
    try:
        change = clock_change(context.dag, timetable)
    except Exception:
        return  # another check tells
    if change is not None:
        how = "does not exist" if change.kind == "gap" else "comes twice"
        said = f"schedule {timetable.summary} names {change.planned}, which {how} on {change.day}"
        yield Problem(f"{said}: the run starts at {change.runs}", fix="another hour, or a schedule in UTC")


def _is_long(timetable: Any) -> bool:
    delta = getattr(timetable, "_delta", None)
    return isinstance(delta, timedelta) and delta >= _LONG


def _moves(context: DagContext) -> str:
    """What makes the date, where it is made anew at every parse; empty where that is not plain."""
    given = _written(context)
    called = _moving_call(given) if given is not None else ""
    start = context.dag.start_date
    if called or start is None:
        return called
    age = now() - start
    return "a clock" if start.microsecond and timedelta() <= age < _JUST_NOW else ""


def _moving_call(node: ast.AST) -> str:
    for one in ast.walk(node):
        name = dotted(one.func) if isinstance(one, ast.Call) else ""
        if name.split(".")[-1] in _MOVING and (len(name.split(".")) > 1 or name == "days_ago"):
            return f"{name}()"
    return ""


def _written(context: DagContext) -> ast.AST | None:
    """The expression of ``start_date`` in the Dag's own file, names of the module looked up."""
    if context.line is None or not any(f"{word}(" in context.file.source for word in _MOVING):
        return None
    tree = context.file.tree
    for call in _calls_at(tree, context.line):
        given = keyword(call, "start_date")
        defaults = _looked_up(keyword(call, "default_args"), tree)
        if given is None and isinstance(defaults, ast.Dict):
            pairs = zip(defaults.keys, defaults.values, strict=True)
            given = next((value for key, value in pairs if key and literal(key) == "start_date"), None)
        if given is not None:
            return _looked_up(given, tree)
    return None


def _calls_at(tree: ast.Module, line: int) -> Iterator[ast.Call]:
    """Calls of a line, and of the decorators of functions that are called there (``@dag``)."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or node.lineno):
            yield node
            for function in functions:
                if function.name == dotted(node.func):
                    yield from (one for one in function.decorator_list if isinstance(one, ast.Call))


def _looked_up(node: ast.AST | None, tree: ast.Module) -> ast.AST | None:
    """What a name of the module was set to, when it was set once; other expressions as they are."""
    if not isinstance(node, ast.Name):
        return node
    values = [
        one.value
        for one in tree.body
        if isinstance(one, ast.Assign) and any(isinstance(t, ast.Name) and t.id == node.id for t in one.targets)
    ]
    return values[0] if len(values) == 1 else None
