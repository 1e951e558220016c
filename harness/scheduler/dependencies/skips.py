"""Skips that a task decided for others: branches, short circuits, latest-only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.kernel.instant import Instant
from harness.scheduler.dependencies.context import DepContext
from harness.scheduler.dependencies.verdict import Verdict
from harness.scheduler.model import FAILED, FINISHED, RUNNING, SKIPPED, SUCCESS, DagRun, Task, TaskInstance

_KEPT = frozenset({RUNNING, SUCCESS, FAILED})


def previously_skipped(ti: TaskInstance, context: DepContext | None = None) -> Verdict:
    """Whether a finished upstream decided, in its ``skipmixin_key`` XCom, that ``ti`` is skipped.

    A mapped upstream decides for the same map index, any other for all; so a plain task in a mapped group,
    whose XCom carries its own index, is not found here, as in Airflow.
    Source: airflow/ti_deps/deps/not_previously_skipped_dep.py `NotPreviouslySkippedDep` (3.3.2; 3.1.8 looks
    for the same map index under an unmapped upstream too).
    """
    context = context or DepContext(ti.run)
    for_all = ti.run.dag.policies.branch_decides_for_all
    for parent in context.wiring[ti.task_id].skippers:
        decided = ti.run.skipmixin.get((parent.task_id, ti.map_index if parent.is_mapped or not for_all else -1))
        if decided is None or not _finished(parent, context) or not _excludes(decided, ti.task_id):
            continue
        if context.wait_for_past_depends_before_skipping and ti.key not in ti.run.past_depends_met:
            return Verdict(False, None, "would be skipped, but its past dependencies are not met")
        return Verdict(False, SKIPPED, f"'{parent.task_id}' chose to skip it")
    return Verdict(True, None, "no upstream chose to skip it")


def skip_downstream(
    run: DagRun, tasks: Iterable[str | tuple[str, int]], now: Instant, by: str | None = None
) -> list[TaskInstance]:
    """Skip instances a running task asked to skip, unless they run, succeeded or failed.

    Args:
        tasks: task ids, or (task_id, map_index); an id alone is the unmapped instance.
        by: the task that asked, for the reason.
    Returns: the instances now skipped, in the order asked; ``start`` and ``end`` are ``now`` even if they had some.
    Source: airflow/api_fastapi/execution_api/routes/task_instances.py `ti_skip_downstream` (3.3.2; 3.1.8
    overwrites any state).
    """
    skipped = []
    for key in dict.fromkeys((one, -1) if isinstance(one, str) else (one[0], one[1]) for one in tasks):
        ti = run.task_instances.get(key)
        if ti is not None and (ti.state not in _KEPT or not run.dag.policies.skips_spare_the_begun):
            ti.state, ti.start, ti.end, ti.due = SKIPPED, now, now, None
            ti.reason = f"'{by}' chose to skip it" if by else "an upstream task chose to skip it"
            skipped.append(ti)
    return skipped


def _finished(parent: Task, context: DepContext) -> bool:
    return any(state in FINISHED for state in context.tally(parent.task_id))


def _excludes(decided: Mapping[str, Any], task_id: str) -> bool:
    if "followed" in decided and task_id not in decided["followed"]:
        return True
    return task_id in decided.get("skipped", ())
