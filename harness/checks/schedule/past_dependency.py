"""``past-dependency``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.bridge.operators import argument
from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("past-dependency", severity="warning")
def past_dependency(context: DagContext) -> Iterator[Problem]:
    """A task that depends on the past and can never begin, or that a ``dagrun_timeout`` lets through out of order.

    A task that starts later than its Dag finds a run before its first one in which it was not there, and waits for
    ever: ``ignore_first_depends_on_past`` is False unless the task says otherwise, whatever the configuration says.
    With ``dagrun_timeout``, a run that waits for the one before it, which failed, times out; its tasks are set to
    skipped, skipped counts as done, and the run after it goes ahead over the gap. With ``max_active_runs`` above 1
    several runs wait, and time out, at once.

    Fix: ``ignore_first_depends_on_past=True``; ``execution_timeout`` on the tasks instead of
    ``dagrun_timeout``, and ``max_active_runs=1``.
    """
    waiting = [
        task for task in context.tasks if argument(task, "depends_on_past") or argument(task, "wait_for_downstream")
    ]
    for task in waiting:
        if _never_begins(task, context.dag):
            said = f"task {task.task_id!r} can never begin: it depends on the run before its first, which it is not in"
            yield Problem(said, task.task_id, fix="ignore_first_depends_on_past=True")
    if waiting and context.dag.dagrun_timeout is not None and context.is_periodic:
        task, runs = waiting[0], context.dag.max_active_runs
        at_once = f", up to {runs} at once" if runs > 1 else ""
        name = "wait_for_downstream" if argument(task, "wait_for_downstream") else "depends_on_past"
        said = f"task {task.task_id!r} has {name}, and dagrun_timeout ends runs that wait for the past{at_once}"
        yield Problem(
            f"{said}: the run after them goes ahead", task.task_id, fix="execution_timeout on the tasks instead"
        )


def _never_begins(task: Any, dag: Any) -> bool:
    """Source: airflow/ti_deps/deps/prev_dagrun_dep.py `PrevDagrunDep._get_dep_statuses` (3.3.2)."""
    later = task.start_date is not None and dag.start_date is not None and task.start_date > dag.start_date
    return later and not dag.catchup and not argument(task, "ignore_first_depends_on_past")
