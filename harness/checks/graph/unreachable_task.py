"""``unreachable-task``, and which states tasks may end in, whatever their code does: a bound from above, cheap.

Each task is given the set of states it may end in, from the sets of its upstreams and its trigger rule. A branch is
followed one way at a time; all other tasks may do what they like. So what is found impossible is impossible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.checks.context import DagContext
from harness.checks.graph.branch_target import choices, is_branch
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


SUCCESS, FAILED, UPSTREAM_FAILED, SKIPPED = 1, 2, 4, 8
"""States, to be added up to sets."""
BAD = FAILED | UPSTREAM_FAILED

_EARLY = {"one_success", "one_failed", "one_done", "always"}
"""Rules by which a task may have run before a branch above it decides."""
_ANY_END = SUCCESS | BAD | SKIPPED
_SKIPS = {
    "all_success": SKIPPED,
    "all_failed": SUCCESS | SKIPPED,
    "all_skipped": SUCCESS | BAD,
    "one_success": SKIPPED,
    "one_failed": _ANY_END,
    "one_done": _ANY_END,
    "none_failed": 0,
    "none_failed_min_one_success": SKIPPED,
    "none_skipped": SKIPPED,
    "all_done": 0,
    "all_done_min_one_success": SKIPPED,
    "all_done_setup_success": SKIPPED,
}
"""By rule, states of an upstream by which it may skip a task."""
_FAILS = {
    "all_success": BAD,
    "all_failed": 0,
    "all_skipped": 0,
    "one_success": _ANY_END,
    "one_failed": 0,
    "one_done": 0,
    "none_failed": BAD,
    "none_failed_min_one_success": BAD,
    "none_skipped": 0,
    "all_done": 0,
    "all_done_min_one_success": BAD,
    "all_done_setup_success": BAD,
}
"""By rule, states of an upstream by which it may set a task to upstream_failed."""


@dataclass(frozen=True)
class Node:
    """What is asked of a task.

    Attributes:
        rule: trigger rule.
        upstream: direct ones.
        setups: indirect setups whose success it needs.
        ends: states it may end in when it runs.
        may_be_skipped: something above it, that is no trigger rule, may skip it.
    """

    rule: str
    upstream: tuple[str, ...]
    setups: tuple[str, ...] = ()
    is_setup: bool = False
    ends: int = SUCCESS | FAILED | SKIPPED
    may_be_skipped: bool = False


@dataclass(frozen=True)
class Branch:
    """A branch of which it is known that it goes one way at a time.

    Attributes:
        below: tasks downstream of it that are judged, each after its upstreams.
        ways: each the tasks directly downstream that are not skipped.
    """

    below: tuple[str, ...]
    ways: tuple[frozenset[str], ...]


Sets = Mapping[str, int]
"""task id -> the states it may end in."""


def unreachable(
    nodes: Mapping[str, Node], order: Iterable[str], branches: Mapping[str, Branch]
) -> dict[str, str | None]:
    """Tasks that never run, whatever tasks do: task id -> the branch that keeps them from it, None without one.

    Args:
        order: task ids, each after its upstreams.
        branches: by task id; other tasks may skip what they like of those marked ``may_be_skipped``.
    """
    sets, runs = outcomes(nodes, order)
    dead: dict[str, str | None] = {task_id: None for task_id in sets if task_id not in runs}
    for name, branch in branches.items():
        if name in runs and sets[name] & SUCCESS:
            never = set(branch.below) - reached(nodes, branch, sets, name)
            dead.update({task_id: name for task_id in branch.below if task_id in never and task_id not in dead})
    return dead


def outcomes(nodes: Mapping[str, Node], order: Iterable[str]) -> tuple[dict[str, int], set[str]]:
    """The states every task may end in, and those that may run, with branches that may go any way.

    Args:
        order: task ids, each after its upstreams.
    """
    sets: dict[str, int] = {}
    runs: set[str] = set()
    for task_id in order:
        _settle(task_id, nodes, sets, runs)
    return sets, runs


def reached(nodes: Mapping[str, Node], branch: Branch, sets: Sets, name: str) -> set[str]:
    """Tasks below a branch that may run in one of the ways it can go, or when it does not end well.

    Args:
        sets: of `outcomes`.
        name: of the branch.
    """
    every, ways = branch.below, branch.ways
    children = {task_id for task_id in every if name in nodes[task_id].upstream}
    runs: set[str] = set()
    for way in ways:
        tried = {**sets, name: SUCCESS}
        for task_id in every:
            if task_id in children and task_id not in way:
                tried[name] = 0  # not ended yet, where it runs at all
                may_run = nodes[task_id].rule in _EARLY and met(nodes[task_id], nodes, tried)
                tried[name], tried[task_id] = SUCCESS, SKIPPED | (nodes[task_id].ends if may_run else 0)
                runs |= {task_id} if may_run else set()
            else:
                _settle(task_id, nodes, tried, runs)
    tried = {**sets, name: sets[name] & ~SUCCESS}
    for task_id in every:
        _settle(task_id, nodes, tried, runs)
    return runs


def _settle(task_id: str, nodes: Mapping[str, Node], sets: dict[str, int], runs: set[str]) -> None:
    node = nodes[task_id]
    found = 0
    if met(node, nodes, sets):
        runs.add(task_id)
        found = node.ends
    if node.upstream and node.rule != "always":
        direct, setups = _union(node.upstream, sets), _union(node.setups, sets)
        skips = direct & _SKIPS.get(node.rule, _ANY_END) or setups & SKIPPED or node.may_be_skipped
        fails = direct & _FAILS.get(node.rule, _ANY_END) or setups & BAD
        found |= (SKIPPED if skips else 0) | (UPSTREAM_FAILED if fails else 0)
    elif node.may_be_skipped:
        found |= SKIPPED
    sets[task_id] = found or SKIPPED | UPSTREAM_FAILED


def _union(task_ids: Iterable[str], sets: Sets) -> int:
    found = 0
    for task_id in task_ids:
        found |= sets[task_id]
    return found


def met(node: Node, nodes: Mapping[str, Node], sets: Sets) -> bool:
    """Whether a trigger rule may be met, with the states that upstreams may end in.

    Source: airflow/ti_deps/deps/trigger_rule_dep.py `TriggerRuleDep._evaluate_trigger_rule` (3.3.2); removed
    instances are of mapped tasks, which may succeed just as well.
    """
    if not node.upstream or node.rule == "always":
        return True
    if not all(sets[name] & SUCCESS for name in node.setups):
        return False
    above = [sets[name] for name in node.upstream]
    rule = node.rule
    if rule in _ALL:
        wanted = _ALL[rule]
        return all(one & wanted for one in above) and (rule not in _MIN_ONE or any(one & SUCCESS for one in above))
    if rule in _ANY:
        return any(one & _ANY[rule] for one in above)
    if rule == "all_done_setup_success":
        setups = [sets[name] for name in node.upstream if nodes[name].is_setup]
        return not setups or any(one & SUCCESS for one in setups)
    return True  # all_done, and rules of a later Airflow


_ALL = {
    "all_success": SUCCESS,
    "all_failed": BAD,
    "all_skipped": SKIPPED,
    "none_failed": SUCCESS | SKIPPED,
    "none_failed_min_one_success": SUCCESS | SKIPPED,
    "none_skipped": SUCCESS | BAD,
    "all_done_min_one_success": SUCCESS | BAD,
}
_MIN_ONE = {"none_failed_min_one_success", "all_done_min_one_success"}
_ANY = {"one_success": SUCCESS, "one_failed": BAD, "one_done": SUCCESS | FAILED}
