"""``external-dag``, and what Dags note of themselves and of other Dags that they wait for or trigger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from harness.bridge.operators import is_template
from harness.checks.context import DagContext, Judgement, Note
from harness.checks.registry import check
from harness.errors import known_names, nearest
from harness.results.finding import Problem

_SENSOR, _TRIGGER = "ExternalTaskSensor", "TriggerDagRunOperator"

_DATES = 60
_SINCE = datetime(2025, 1, 1)  # noqa: DTZ001 - given a zone below


def awaited(context: DagContext) -> dict[str, Any]:
    """A Dag's tasks, groups, schedule and pools, and what it says of other Dags, as JSON."""
    return {
        "tasks": {task.task_id: [task.pool, task.pool_slots, sorted(task.upstream_task_ids)] for task in context.tasks},
        "groups": sorted(group for group in context.dag.task_group.get_task_group_dict() if group),
        "cron": _cron(context.timetable),
        "refs": [ref for task in context.tasks if (ref := _reference(task, context)) is not None],
    }


def _cron(timetable: Any) -> list[str] | None:
    """Cron expression and time zone, of a schedule that is one."""
    expression, zone = getattr(timetable, "_expression", None), getattr(timetable, "_timezone", None)
    return None if not isinstance(expression, str) else [expression, str(getattr(zone, "name", None) or zone or "UTC")]


def _reference(task: Any, context: DagContext) -> dict[str, Any] | None:
    kinds = {base.__name__ for base in type(task).__mro__}
    if getattr(task, "partial_kwargs", None) is not None:
        return None  # mapped: known when it runs
    if _TRIGGER in kinds:
        return _wait_of(task, context, task.trigger_dag_id)
    if _SENSOR not in kinds:
        return None
    delta = getattr(task, "execution_delta", None)
    tasks = task.external_task_ids or ([task.external_task_id] if getattr(task, "external_task_id", None) else [])
    return _wait_of(task, context, task.external_dag_id) | {
        "tasks": [one for one in tasks if isinstance(one, str) and not is_template(one)],
        "group": getattr(task, "external_task_group_id", None),
        "delta_s": delta.total_seconds() if delta is not None else 0.0,
        "dated": getattr(task, "execution_date_fn", None) is None,
        "holds": not getattr(task, "deferrable", False) and getattr(task, "mode", "poke") == "poke",
        "pool": [task.pool, task.pool_slots],
    }


def _wait_of(task: Any, context: DagContext, dag_id: Any) -> dict[str, Any]:
    path, line = context.place(task.task_id) or (context.file.path, context.line)
    known = isinstance(dag_id, str) and not is_template(dag_id)
    return {"task_id": task.task_id, "path": path, "line": line, "dag_id": dag_id if known else None}


@check("external-dag", level="repository", gather=awaited)
def external_dag(notes: list[Note], judgement: Judgement) -> Iterator[Problem]:
    """A sensor or trigger towards a Dag or task that does not exist, or whose dates never meet.

    An ``ExternalTaskSensor`` waits until its timeout, seven days by default, for a task instance that will never be
    there; a ``TriggerDagRunOperator`` fails. Dates never meet when the two schedules and ``execution_delta`` have no
    logical date in common. Nothing is said of unknown Dags where a file of the repository did not load.

    Fix: correct the id, or ``execution_delta``.
    """
    dags = {note.dag_id: note.value for note in notes}
    for note in notes:
        for ref in note.value["refs"]:
            said = _said(ref, note, dags, judgement)
            if said is not None:
                yield Problem(said[0], ref["task_id"], ref["line"], ref["path"] or note.path, said[1], note.dag_id)


def _said(ref: dict[str, Any], note: Note, dags: dict[str, Any], judgement: Judgement) -> tuple[str, str | None] | None:
    target, who = ref["dag_id"], f"task {ref['task_id']!r}"
    if target is None:
        return None
    if target not in judgement.dag_ids:
        close = nearest(target, judgement.dag_ids)
        return None if judgement.partial else (f"{who} names Dag {target!r}, which does not exist", _meant(close))
    other = dags.get(target)
    if other is None or "tasks" not in ref:
        return None
    for task_id in ref["tasks"]:
        if task_id not in other["tasks"]:
            known = known_names(task_id, other["tasks"])
            return f"{who} waits for task {task_id!r} of Dag {target!r}, which has none of that id", f"one of: {known}"
    if ref["group"] is not None and ref["group"] not in other["groups"]:
        return f"{who} waits for task group {ref['group']!r} of Dag {target!r}, which has none of that id", None
    if ref["dated"] and _never_meet(note.value["cron"], other["cron"], ref["delta_s"]):
        ours, theirs = note.value["cron"][0], other["cron"][0]
        fact = f"{who} waits for runs of Dag {target!r} ({theirs}) at dates it never has: {ours}, less execution_delta"
        return fact, "execution_delta= is how much earlier the other Dag's logical date is"
    return None


def _meant(close: list[str]) -> str | None:
    return f"{close[0]!r}?" if close else None


def _never_meet(ours: list[str] | None, theirs: list[str] | None, delta_s: float) -> bool:
    """Whether none of our next dates, so much earlier, is one of theirs."""
    if ours is None or theirs is None:
        return False
    from zoneinfo import ZoneInfo

    from croniter import croniter

    try:
        begin = _SINCE.replace(tzinfo=ZoneInfo(ours[1]))
        dates = croniter(ours[0], begin, ret_type=datetime)
        wanted = (dates.get_next() - timedelta(seconds=delta_s) for _ in range(_DATES))
        return not any(croniter.match(theirs[0], one.astimezone(ZoneInfo(theirs[1]))) for one in wanted)
    except (ValueError, KeyError, OSError):
        return False  # an expression or a zone that another check tells
