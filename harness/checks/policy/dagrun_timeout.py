"""``dagrun-timeout``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("dagrun-timeout", severity="off")
def dagrun_timeout(look: DagContext) -> Iterator[Problem]:
    """A scheduled Dag whose runs may last for ever.

    Runs that hang add up to ``max_active_runs``, and the schedule stands still.

    Fix: ``dagrun_timeout=timedelta(hours=6)``.
    """
    if look.dag.dagrun_timeout is None and look.is_periodic:
        yield Problem(f"Dag {look.dag_id!r} has no dagrun_timeout", fix="dagrun_timeout=timedelta(hours=6)")
