"""What Dags note of themselves and of other Dags they wait for or trigger. No check of its own."""

from __future__ import annotations

from typing import Any

from harness.checks.context import DagContext

_SENSOR, _TRIGGER = "ExternalTaskSensor", "TriggerDagRunOperator"


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
        "tasks": [one for one in tasks if isinstance(one, str) and "{{" not in one],
        "group": getattr(task, "external_task_group_id", None),
        "delta_s": delta.total_seconds() if delta is not None else 0.0,
        "dated": getattr(task, "execution_date_fn", None) is None,
        "holds": not getattr(task, "deferrable", False) and getattr(task, "mode", "poke") == "poke",
        "pool": [task.pool, task.pool_slots],
    }


def _wait_of(task: Any, context: DagContext, dag_id: Any) -> dict[str, Any]:
    path, line = context.place(task.task_id) or (context.file.path, context.line)
    known = isinstance(dag_id, str) and "{{" not in dag_id
    return {"task_id": task.task_id, "path": path, "line": line, "dag_id": dag_id if known else None}
