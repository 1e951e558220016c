"""``branch-target``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.checks.context import DagContext
from harness.checks.graph.branches import Named, chooser, followed, is_branch, named, valid
from harness.checks.registry import check
from harness.errors import nearest
from harness.results.finding import Problem


@check("branch-target")
def branch_target(context: DagContext) -> Iterator[Problem]:
    """A branch that names what is not directly downstream of it.

    An id that is not in the Dag fails the branch when it is chosen, which may be months after the deploy; most often it
    lacks the prefix of its task group. An id further down skips all that comes directly after the branch. Only literals
    are looked at: what the branching function returns, ``follow_task_ids_if_true=`` and the options of a person. Ids of
    task groups are as good as those of tasks.

    Fix: return ids of tasks or task groups that the branch is tied to with ``>>``.
    """
    for task in context.tasks:
        if is_branch(task):
            for one in {(found.value, found.line): found for found in named(context, task)[0]}.values():
                problem = _problem(context, task, one)
                if problem is not None and not _goes_elsewhere(context, one):
                    yield problem


def _goes_elsewhere(context: DagContext, one: Named) -> bool:
    """Whether a function is shared with a branch that may follow the id, in any Dag of the file."""
    if one.function is None:
        return False
    for other in context.file.dags:
        for task in filter(is_branch, other.tasks):
            found = chooser(other, task)
            if found is not None and found.node is one.function and _problem(other, task, one) is None:
                return True
    return False


def _problem(context: DagContext, task: Any, one: Named) -> Problem | None:
    who, below = f"branch {task.task_id!r}", sorted(task.downstream_task_ids)
    if not isinstance(one.value, str):
        return Problem(
            f"{who} names {one.value!r}, which is no id: it fails", task.task_id, one.line, one.path, "return task ids"
        )
    if not valid(context, one.value):
        meant = [task_id for task_id in context.dag.task_dict if task_id.endswith(f".{one.value}")]
        meant = meant or nearest(one.value, [*context.dag.task_dict, *filter(None, context.dag.task_group_dict)])
        said = f"{who} names {one.value!r}, which is neither a task nor a task group of this Dag: it fails"
        return Problem(said, task.task_id, one.line, one.path, f"{meant[0]!r}?" if meant else "return ids of the Dag")
    if followed(context, task, [one.value]):
        return None
    said = f"{who} names {one.value!r}, which is not directly downstream of it"
    said += f": {', '.join(map(repr, below))} would be skipped" if below else ": it follows and skips nothing"
    return Problem(said, task.task_id, one.line, one.path, f"tie it: {task.task_id} >> {one.value}")
