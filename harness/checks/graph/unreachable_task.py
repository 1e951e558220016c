"""``unreachable-task``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.checks.context import DagContext
from harness.checks.graph.branches import choices, is_branch
from harness.checks.graph.reach import FAILED, SKIPPED, SUCCESS, Branch, Node, unreachable
from harness.checks.registry import check
from harness.results.finding import Problem

_PLAIN = {"all_success", "all_done", "none_failed", "always"}


@check("unreachable-task")
def unreachable_task(context: DagContext) -> Iterator[Problem]:
    """A task that can never run, whatever happens: its trigger rule cannot be met, or a branch always skips it.

    The usual one is a join below a branch with the default rule ``all_success``: the side that was not followed is
    skipped, and so is the join, with all that comes after it. The run is a success, and nobody notices.

    Only what is plain is judged: a branch of which it cannot be told that it follows one way at a time is taken to
    follow any.

    Fix: ``trigger_rule="none_failed_min_one_success"`` for a join; for a task that the branch never names, name it.
    """
    branching = [task for task in context.tasks if is_branch(task) and not getattr(task, "is_mapped", False)]
    ways = {task.task_id: found for task in branching if (found := choices(context, task)) is not None}
    if not ways and all(_rule(task) in _PLAIN for task in context.tasks):
        return
    nodes = _nodes(context)
    branches = {task_id: Branch(tuple(_judged(context, task_id)), tuple(every)) for task_id, every in ways.items()}
    dead = unreachable(nodes, context.shape.order, branches)
    for task_id in context.shape.order:
        if task_id in dead and not context.dag.task_dict[task_id].upstream_task_ids & dead.keys():
            yield _problem(context, task_id, nodes[task_id], dead[task_id])


def _judged(context: DagContext, branch: str) -> list[str]:
    """Tasks below a branch for which it goes one way at a time.

    In a mapped task group it may go another way in every instance, so only its own group's tasks are judged.
    """
    tasks, below = context.dag.task_dict, context.shape.below(branch)
    groups = list(tasks[branch].iter_mapped_task_groups())
    judged = [task_id for task_id in context.shape.order if task_id in below]
    if not groups:
        return judged
    return [task_id for task_id in judged if list(tasks[task_id].iter_mapped_task_groups()) == groups]


def _rule(task: Any) -> str:
    return str(getattr(task.trigger_rule, "value", task.trigger_rule))


def _nodes(context: DagContext) -> dict[str, Node]:
    tasks = context.tasks
    skippers = [task.task_id for task in tasks if task.inherits_from_skipmixin]
    skipped = frozenset().union(*map(context.shape.below, skippers))
    setups = any(task.is_setup for task in tasks)
    return {task.task_id: _node(task, task.task_id in skipped, setups) for task in tasks}


def _node(task: Any, may_be_skipped: bool, setups: bool) -> Node:
    indirect: tuple[str, ...] = ()
    if setups and not task.is_teardown:
        required = {setup.task_id for setup in task.get_upstreams_only_setups()}
        indirect = tuple(sorted(required - task.upstream_task_ids))
    return Node(
        rule=_rule(task),
        upstream=tuple(sorted(task.upstream_task_ids)),
        setups=indirect,
        is_setup=bool(task.is_setup),
        ends=SUCCESS if _only_succeeds(task) else SUCCESS | FAILED | SKIPPED,
        may_be_skipped=may_be_skipped or task.get_needs_expansion(),
    )


def _only_succeeds(task: Any) -> bool:
    """Set to success by the scheduler, without a worker. Source: ``TaskInstance.is_task_schedulable`` (3.3.2)."""
    return bool(task.inherits_from_empty_operator) and not (
        task.has_on_execute_callback or task.has_on_success_callback or task.outlets or task.inlets
    )


def _problem(context: DagContext, task_id: str, node: Node, branch: str | None) -> Problem:
    if branch is None:
        said = f"task {task_id!r} can never run: its trigger rule {node.rule} cannot be met by {_names(node.upstream)}"
        return Problem(said, task_id, fix="another trigger_rule")
    if branch in node.upstream:
        said = f"task {task_id!r} is always skipped: branch {branch!r} never follows it"
        return Problem(said, task_id, fix=f"return {task_id!r} from {branch!r}, or take the edge away")
    sides = context.shape.below(branch)
    wanted = [name for name in node.upstream if name in sides] or list(node.upstream)
    said = f"task {task_id!r} can never run: its trigger rule {node.rule} wants {_names(wanted)}"
    said += f", and branch {branch!r} never follows {'both' if len(wanted) == 2 else 'all'}"
    join = node.rule in ("all_success", "none_skipped", "all_done_min_one_success")
    return Problem(said, task_id, fix='trigger_rule="none_failed_min_one_success"' if join else "another trigger_rule")


def _names(task_ids: Any) -> str:
    shown = [repr(name) for name in task_ids]
    return ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")
