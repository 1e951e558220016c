"""``orphan-task``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.bridge.operators import class_of
from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("orphan-task", severity="warning")
def orphan_task(context: DagContext) -> Iterator[Problem]:
    """A task that nothing comes before and nothing comes after, in a Dag whose other tasks are tied.

    It starts with the run and waits for nobody: most often a ``>>`` that was forgotten, or a result handed on in a
    text, which ties nothing. It is told only where all others hang together: a Dag of several parts is taken to mean
    them, a task with assets is tied by those, and where there is a sensor, it may be what the sensor waits for. Tasks
    that a loop, a factory or another module makes are what their data says; they are not told where the same line makes
    one that is tied.

    Fix: tie it with ``>>``, or give it a Dag of its own.
    """
    tasks = context.tasks
    lone = [task for task in tasks if not task.upstream_task_ids and not task.downstream_task_ids]
    if not lone or len(lone) * _SEVERAL > len(tasks) - len(lone) or _parts(context) > 1:
        return
    if any(hasattr(class_of(task), "poke") for task in tasks):
        return
    for task in lone:
        if not _has_assets(task) and not _is_made_by_data(context, task):
            yield Problem(
                f"task {task.task_id!r} is tied to none of the Dag's {len(tasks) - 1} other tasks",
                task_id=task.task_id,
                fix="tie it with >>, or give it a Dag of its own",
            )


_SEVERAL = 3
"""So many tied tasks for each that is not."""


def _parts(context: DagContext) -> int:
    """How many groups of tasks there are that hang together, single tasks left out."""
    shape, parts = context.shape, 0
    seen: set[str] = set()
    for task_id in shape.upstream:
        rest = [task_id] if task_id not in seen and (shape.upstream[task_id] or shape.downstream[task_id]) else []
        parts += len(rest)
        while rest:
            one = rest.pop()
            if one not in seen:
                seen.add(one)
                rest += [*shape.upstream[one], *shape.downstream[one]]
    return parts


def _is_made_by_data(context: DagContext, task: Any) -> bool:
    """Whether the line that makes a task makes others too, or stands in another file: no arrow was forgotten there."""
    place = context.place(task.task_id)
    if place is not None and place[0] != context.file.path:
        return True
    for dag in context.file.dags:
        for other in dag.tasks:
            if dag.place(other.task_id) == place and place is not None:
                tied = bool(other.upstream_task_ids or other.downstream_task_ids)
                if tied or (dag is context and other is not task):
                    return True
    return False


def _has_assets(task: Any) -> bool:
    partial = getattr(task, "partial_kwargs", {})
    return any(getattr(task, name, None) or partial.get(name) for name in ("inlets", "outlets"))
