"""``pool-missing``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.checks.resources.used_names import pools
from harness.errors import nearest
from harness.results.finding import Problem


@check("pool-missing")
def pool_missing(context: DagContext) -> Iterator[Problem]:
    """A task, or a param's default, names a pool that the world does not declare.

    Airflow leaves a task of such a pool in ``scheduled`` for ever, without an error.

    Fix: declare the pool under ``pools:`` in the world file, as it is in production, or correct ``pool=``.
    """
    known = context.declared.pools
    for used in pools(context) if context.declared.file is not None else ():
        if used.name not in known:
            close = nearest(used.name, known)
            by_task = used.task_id is not None and used.by.startswith("task ")
            asks = f"{used.by} {'asks for' if by_task else 'names'} pool {used.name!r}, which does not exist"
            nearby = f"{'pool=' if by_task else ''}{close[0]!r}?" if close else None
            fix = nearby or f"declare it under pools: in {context.declared.file}"
            yield Problem(asks, task_id=used.task_id, fix=fix)
