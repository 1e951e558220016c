"""``execution-timeout``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import DagContext
from harness.checks.policy import does_work
from harness.checks.registry import check
from harness.results.finding import Problem


@check("execution-timeout", severity="off")
def execution_timeout(context: DagContext) -> Iterator[Problem]:
    """A task that may run for ever.

    One that hangs keeps its slot until somebody looks.

    Fix: ``default_args={"execution_timeout": timedelta(hours=1)}``; tasks that do nothing themselves are left out.
    """
    for task in context.tasks:
        if task.execution_timeout is None and does_work(task):
            yield Problem(
                f"task {task.task_id!r} has no execution_timeout",
                task_id=task.task_id,
                fix="execution_timeout=timedelta(hours=1)",
            )
