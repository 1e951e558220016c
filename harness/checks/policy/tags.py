"""``tags``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("tags", severity="off")
def tags(context: DagContext) -> Iterator[Problem]:
    """A Dag without tags.

    Among hundreds of Dags it is found by its tags.

    Fix: ``tags=["team", "domain"]``.
    """
    if not context.dag.tags:
        yield Problem(f"Dag {context.dag_id!r} has no tags", fix='tags=["…"]')
