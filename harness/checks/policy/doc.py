"""``doc``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("doc", severity="off")
def doc(context: DagContext) -> Iterator[Problem]:
    """A Dag that says nowhere what it is for.

    Whoever is called at night reads its page first.

    Fix: ``doc_md=__doc__`` or ``description="…"``.
    """
    if not context.dag.doc_md and not context.dag.description:
        yield Problem(f"Dag {context.dag_id!r} has neither doc_md nor a description", fix="doc_md=__doc__")
