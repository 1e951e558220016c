"""``dagrun-timeout``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("dagrun-timeout", severity="off")
def dagrun_timeout(context: DagContext) -> Iterator[Problem]:
    """A scheduled Dag whose runs may last for ever.

    Runs that hang add up to ``max_active_runs``, and the schedule stands still.

    Fix: ``dagrun_timeout=timedelta(hours=6)``.
    """
    if context.dag.dagrun_timeout is None and context.is_periodic:
        yield Problem(f"Dag {context.dag_id!r} has no dagrun_timeout", fix="dagrun_timeout=timedelta(hours=6)")
