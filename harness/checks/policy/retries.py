"""``retries``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import DagContext
from harness.checks.policy import does_work
from harness.checks.registry import check
from harness.results.finding import Problem


@check("retries", severity="off")
def retries(context: DagContext) -> Iterator[Problem]:
    """A task that is not tried again when it fails.

    A moment's fault of the network ends the whole run.

    Fix: ``default_args={"retries": 2}``; tasks that do nothing themselves are left out.
    """
    for task in context.tasks:
        if not task.retries and does_work(task):
            yield Problem(f"task {task.task_id!r} has no retries", task_id=task.task_id, fix="retries=2")
