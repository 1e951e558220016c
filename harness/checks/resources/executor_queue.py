"""``executor-queue``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.errors import nearest
from harness.results.finding import Problem


@check("executor-queue")
def executor_queue(context: DagContext) -> Iterator[Problem]:
    """A task asks for a queue or an executor that the world does not declare.

    A queue nobody serves leaves the task in ``queued`` until the scheduler gives it up; an executor that is not
    configured fails it, or the whole file.

    Fix: declare it under ``executor:`` in the world file, as it is in production, or correct ``queue=``/``executor=``.
    """
    for what, known in (("queue", context.declared.queues), ("executor", context.declared.executors)):
        for task in context.tasks if known is not None else ():
            given = getattr(task, what, None)
            if isinstance(given, str) and known is not None and given not in known:
                close = nearest(given, known)
                yield Problem(
                    f"task {task.task_id!r} asks for {what} {given!r}, which does not exist",
                    task_id=task.task_id,
                    fix=f"{what}={close[0]!r}?" if close else f"declare it under executor: in {context.declared.file}",
                )
