"""``mapping-bound``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem

if TYPE_CHECKING:
    from harness.scheduler.model import Length

SHARED_POOL = "default_pool"
AIRFLOWS_OWN = 16
"""``core.max_active_tasks_per_dag`` as it is shipped: what is not above it need not be compared with the configured."""


@check("mapping-bound", severity="warning")
def mapping_bound(context: DagContext) -> Iterator[Problem]:
    """A mapped task or task group with more instances than Airflow is made for.

    ``expand`` over a literal longer than the limit ``mapping-length`` (``core.max_map_length``, 1024) is not refused,
    as a task's result of that length is: it fills the metadata database, and the grid cannot be read. ``expand`` over
    what another task returns may be of any length: where the Dag's ``max_active_tasks`` was raised above Airflow's
    default, it floods the pool that all Dags share.

    Fix: batches instead of single items; ``max_active_tis_per_dag=`` or a pool of its own.
    """
    for group in context.dag.task_group.get_task_group_dict().values():
        expanded = getattr(group, "_expand_input", None)
        if expanded is not None and (most := _too_long(_length_of(expanded), context)):
            first = next(iter(group), None)
            yield Problem(
                f"task group {group.group_id!r} is mapped over {most}", getattr(first, "task_id", None), fix=_BATCHES
            )
    for task in context.tasks:
        if not getattr(task, "is_mapped", False):
            continue
        length = _length_of(task._get_specified_expand_input())
        if most := _too_long(length, context):
            yield Problem(f"task {task.task_id!r} is mapped over {most}", task.task_id, fix=_BATCHES)
        elif _run_time(length) and _unbounded(task, context):
            yield Problem(
                f"task {task.task_id!r} is mapped over what a task returns, and up to {context.dag.max_active_tasks} "
                f"instances run at once in {SHARED_POOL}",
                task_id=task.task_id,
                fix="max_active_tis_per_dag=…, or a pool of its own",
            )


_BATCHES = "map over batches of items"


def _length_of(expand_input: Any) -> Length | None:
    """How long mapped arguments are; None for what has no length."""
    from harness.bridge.snapshot import length_of  # not where checks are only named

    try:
        return length_of(expand_input)
    except (TypeError, AttributeError):
        return None


def _too_long(length: Length | None, context: DagContext) -> str:
    """In words, how long it is for sure; empty when that is within the limit."""
    known, most = _at_least(length), context.limit("mapping-length")
    return f"{known:,} items, more than {most:g}" if known > most else ""


def _at_least(length: Length | None) -> int:
    """What is known of a length; a task's result counts as one item."""
    from harness.scheduler.model import Concat, KnownLength, OfTask, Product

    if isinstance(length, KnownLength):
        return length.length
    if length is None or isinstance(length, OfTask):
        return 1
    parts = [_at_least(part) for part in length.parts]
    if isinstance(length, Product):
        return math.prod(parts) if parts else 0
    if isinstance(length, Concat):
        return sum(parts)
    return max(parts, default=0) if length.longest else min(parts, default=0)


def _run_time(length: Length | None) -> bool:
    from harness.scheduler.model import Concat, OfTask, Product, Zip

    if isinstance(length, (Product, Concat, Zip)):
        return any(map(_run_time, length.parts))
    return isinstance(length, OfTask)


def _unbounded(task: Any, context: DagContext) -> bool:
    from harness.bridge.snapshot import default_max_active_tasks

    limited = task.max_active_tis_per_dag is not None or task.max_active_tis_per_dagrun is not None
    most = context.dag.max_active_tasks
    return not limited and task.pool == SHARED_POOL and most > AIRFLOWS_OWN and most > default_max_active_tasks()
