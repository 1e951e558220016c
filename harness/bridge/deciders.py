"""Which tasks of a Dag decide whether others run, and what they can choose.

What a function may return is read off its source, where that is plain.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any

from harness.bridge.operators import argument, class_of, roots
from harness.exploration.outcomes import Decider

if TYPE_CHECKING:
    from airflow.sdk import DAG

FEW = 3
"""With no more branches than this, every two are also followed together, and all."""


def deciders_of(dag: DAG) -> dict[str, Decider]:
    """task_id -> what a branching task or a short circuit may choose.

    What a branching function may return is read off its source where that is plain; otherwise each task directly
    downstream may be followed, several of few, and none.
    Source: airflow/sdk/bases/branch.py `BaseBranchOperator`, airflow/providers/standard/operators
    (`ShortCircuitOperator`, `LatestOnlyOperator`, ``follow_task_ids_if_true``).
    """
    return {task.task_id: _decider(dag, task) for task in dag.tasks if task.inherits_from_skipmixin}


def _decider(dag: DAG, task: Any) -> Decider:
    classes = {each.__name__ for each in class_of(task).__mro__}
    if "ShortCircuitOperator" in classes:
        return Decider(skips=short_circuited(task))
    below = tuple(sorted(task.downstream_task_ids))
    if "LatestOnlyOperator" in classes:
        return Decider(options=(below, ()))
    sides = [argument(task, f"follow_task_ids_if_{side}") for side in ("true", "false")]
    if None not in sides:
        return Decider(options=_known(dag, [_texts(side) for side in sides]))
    function = _function_of(task, classes)
    branches = branches_of(function) if function is not None else None
    if branches is not None:
        return Decider(options=_known(dag, branches) or ((),))
    return Decider(options=_any(below, one=function is not None and names_one(function)))


def _any(below: tuple[str, ...], one: bool) -> tuple[tuple[str, ...], ...]:
    """One branch at a time; unless it is always one, also several and none."""
    options: list[tuple[str, ...]] = [(name,) for name in below]
    if not one or not below:
        several = range(2, len(below) + 1) if len(below) <= FEW else ()
        options += [chosen for size in several for chosen in combinations(below, size)]
        options.append(())
    return tuple(options)


def short_circuited(task: Any) -> tuple[str, ...]:
    """Task ids that a short circuit skips when it is false. Source: ``ShortCircuitOperator.execute``."""
    ignores = argument(task, "ignore_downstream_trigger_rules")
    every = ignores is None or ignores is True
    skipped = task.get_flat_relatives(upstream=False) if every else task.get_direct_relatives(upstream=False)
    return tuple(sorted({other.task_id for other in skipped if not other.is_teardown}))


def _known(dag: DAG, branches: Iterable[Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """Branches as task ids, groups as their roots; one that names what is not in the Dag fails and is no branch.

    Source: ``BranchMixIn._expand_task_group_roots``.
    """
    found: list[tuple[str, ...]] = []
    for branch in branches:
        names = list(branch)
        if all(name in dag.task_dict or name in dag.task_group_dict for name in names):
            found.append(tuple(dict.fromkeys(task_id for name in names for task_id in roots(dag, name))))
    return tuple(dict.fromkeys(found))


def _function_of(task: Any, classes: set[str]) -> Callable[..., Any] | None:
    """The user's function that chooses: the callable of a Python branch, or an operator's own ``choose_branch``."""
    if "BranchPythonOperator" in classes:
        function: Callable[..., Any] | None = argument(task, "python_callable")
        return function
    return getattr(class_of(task), "choose_branch", None)


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


Branch = tuple[str, ...]
"""The task or task group ids that one return value names; empty for none."""


def branches_of(function: Callable[..., Any]) -> list[Branch] | None:
    """The branches that a function returns, in the order of its source; None when it cannot be told.

    It can when every ``return`` is of text, of lists of text or of None, also behind a conditional expression.
    """
    found = _definition(function)
    if found is None or _contains(found, (ast.Yield, ast.YieldFrom)):
        return None
    branches: list[Branch] = []
    for statement in _returns(found):
        named = [()] if statement.value is None else _values(statement.value)
        if named is None:
            return None
        branches += named
    if _falls_off(found.body):
        branches.append(())
    return list(dict.fromkeys(branches))


def names_one(function: Callable[..., Any]) -> bool:
    """Whether a function is annotated to return one id, never several and never None."""
    try:
        return inspect.signature(function).return_annotation in (str, "str")
    except (TypeError, ValueError):
        return False


def _definition(function: Callable[..., Any]) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    try:
        module = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):  # no source, or a lambda in the middle of a line
        return None
    first = module.body[0] if module.body else None
    return first if isinstance(first, (ast.FunctionDef, ast.AsyncFunctionDef)) else None


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below one, without those of functions and classes defined there."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield from _own(child)


def _returns(function: ast.AST) -> list[ast.Return]:
    return [node for node in _own(function) if isinstance(node, ast.Return)]


def _contains(function: ast.AST, kinds: tuple[type[ast.AST], ...]) -> bool:
    return any(isinstance(node, kinds) for node in _own(function))


def _values(node: ast.expr) -> list[Branch] | None:
    if isinstance(node, ast.IfExp):
        one, other = _values(node.body), _values(node.orelse)
        return None if one is None or other is None else [*one, *other]
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, str)):
        return [() if node.value is None else (node.value,)]
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        texts = [item.value for item in node.elts if isinstance(item, ast.Constant) and isinstance(item.value, str)]
        return [tuple(texts)] if len(texts) == len(node.elts) else None
    return None


def _falls_off(body: list[ast.stmt]) -> bool:
    """Whether the end of a body may be reached, and None be returned; yes where it is not plain."""
    last = body[-1]
    if isinstance(last, (ast.Return, ast.Raise)):
        return False
    if isinstance(last, ast.If):
        return _falls_off(last.body) or not last.orelse or _falls_off(last.orelse)
    if isinstance(last, (ast.With, ast.AsyncWith)):
        return _falls_off(last.body)
    if isinstance(last, ast.Try):
        bodies = [last.orelse or last.body, *(handler.body for handler in last.handlers)]
        return not (last.finalbody and not _falls_off(last.finalbody)) and any(map(_falls_off, bodies))
    return True
