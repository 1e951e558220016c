"""``pool-too-small``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("pool-too-small")
def pool_too_small(context: DagContext) -> Iterator[Problem]:
    """A task asks for more slots than its pool has.

    The scheduler passes it over at every turn: the task stays in ``scheduled`` for ever, with no more than a warning
    in the scheduler's log.

    Fix: lower ``pool_slots=``, or enlarge the pool in production and in the world file.
    """
    for task in context.tasks:
        size = context.declared.pools.get(task.pool)
        if size is not None and 0 <= size < task.pool_slots:
            yield Problem(
                f"task {task.task_id!r} asks for {task.pool_slots} slots of pool {task.pool!r}, which has {size}",
                task_id=task.task_id,
                fix=f"pool_slots={size} at most, or a larger pool",
            )
