"""``retry-delay``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("retry-delay", severity="off")
def retry_delay(context: DagContext) -> Iterator[Problem]:
    """A task that is tried again sooner than after the limit ``retry-delay-s``.

    Retries that follow at once meet the fault that is still there.

    Fix: ``retry_delay=timedelta(minutes=5)``.
    """
    least = context.limit("retry-delay-s")
    for task in context.tasks:
        delay = task.retry_delay
        if task.retries and isinstance(delay, timedelta) and delay.total_seconds() < least:
            yield Problem(
                f"task {task.task_id!r} is tried again after {delay.total_seconds():g} s, less than {least:g} s",
                task_id=task.task_id,
                fix=f"retry_delay=timedelta(seconds={least:g})",
            )
