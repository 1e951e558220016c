"""``pool-missing``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.finding import Problem
from harness.checks.look import DagLook
from harness.checks.registry import check
from harness.errors import nearest


@check("pool-missing")
def pool_missing(look: DagLook) -> Iterator[Problem]:
    """A task asks for a pool that the world does not declare.

    Airflow leaves such a task in ``scheduled`` for ever, without an error.

    Fix: declare the pool under ``pools:`` in the world file, as it is in production, or correct ``pool=``.
    """
    known = look.declared.pools
    for task in look.tasks:
        if look.declared.file is not None and task.pool not in known:
            close = nearest(task.pool, known)
            yield Problem(
                f"task {task.task_id!r} asks for pool {task.pool!r}, which does not exist",
                task_id=task.task_id,
                fix=f"pool={close[0]!r}?" if close else f"declare it under pools: in {look.declared.file}",
            )
