"""``owner``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("owner", severity="off")
def owner(context: DagContext) -> Iterator[Problem]:
    """A task without an owner of its own, which leaves Airflow's default, ``airflow``.

    When it fails at night nobody knows whom to call.

    Fix: ``default_args={"owner": "team"}``.
    """
    ownerless = [task.task_id for task in context.tasks if task.owner in ("", "airflow")]
    if ownerless:
        yield Problem(
            f"{len(ownerless)} of {len(context.tasks)} tasks have no owner, {ownerless[0]!r} for one",
            task_id=ownerless[0],
            fix='default_args={"owner": "…"}',
        )
