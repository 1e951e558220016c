"""``setup-teardown``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.bridge.operators import argument, fails_the_run
from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("setup-teardown", severity="warning")
def setup_teardown(context: DagContext) -> Iterator[Problem]:
    """A teardown that no setup is tied to, or whose failure nobody is told of.

    Without its setup directly before it, a teardown runs also where nothing was set up, and clearing a task does not
    clear the pair. And unless it says otherwise, a teardown that fails leaves the run a success: the cluster it was to
    take down stays up. On a mapped task ``as_teardown(on_failure_fail_dagrun=True)`` has no effect; ``@teardown`` has.

    Fix: ``teardown.as_teardown(setups=create)``; ``on_failure_fail_dagrun=True`` or an ``on_failure_callback``.
    """
    for task in context.tasks:
        if not task.is_teardown:
            continue
        if not any(context.dag.task_dict[name].is_setup for name in task.upstream_task_ids):
            yield Problem(
                f"teardown {task.task_id!r} has no setup directly before it",
                task_id=task.task_id,
                fix=f"{task.task_id}.as_teardown(setups=…), or an ordinary task with trigger_rule='all_done'",
            )
        elif not fails_the_run(task) and not _reported(task):
            yield Problem(
                f"teardown {task.task_id!r} fails unseen: the run succeeds all the same, and nobody is told",
                task_id=task.task_id,
                fix="on_failure_fail_dagrun=True, or an on_failure_callback",
            )


def _reported(task: Any) -> bool:
    mails = argument(task, "email") and argument(task, "email_on_failure") is not False
    return bool(argument(task, "on_failure_callback") or mails)
