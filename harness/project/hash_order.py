"""Whether what a file makes may depend on the order of a set, read off its text: it is another one in every process.

Python orders texts in a set by their hashes, whose seed is set when a process starts. A Dag on which that order has an
effect has to be parsed under two seeds to see it. What only tests membership, counts or sorts has no order; what a task
does when it runs makes no Dag.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeGuard

_NAMES = frozenset({"set", "frozenset", "hash", "id", "eval", "exec"})
_METHODS = frozenset(
    {
        *("union", "intersection", "difference", "symmetric_difference", "__hash__", "__dir__"),
        *("upstream_task_ids", "downstream_task_ids", "upstream_list", "downstream_list", "tags", "used_group_ids"),
        *("get_direct_relative_ids", "get_direct_relatives", "get_flat_relative_ids", "get_flat_relatives"),
        *("get_roots", "get_leaves", "iterdescendants"),
    }
)
"""Names that give sets, or lists made from sets; of Airflow, and of Python."""
_ORDERLESS = frozenset({"sorted", "len", "min", "max", "any", "all", "isinstance"})
_VIEWS = frozenset({"keys", "items"})
_OF_TASKS = re.compile(
    r"^from airflow(?:\.sdk|\.decorators)? import .*\btask\b|^from airflow\.(?:sdk|decorators)", re.M
)
_TELLS = re.compile(r"[{&^]|\b(?:" + "|".join(sorted(_NAMES | _METHODS | _VIEWS)) + r")\b")
_SetMaker = (ast.Set, ast.SetComp)


@lru_cache(maxsize=256)
def depends_on_hashes(text: str) -> bool:
    """Whether a module's text has to do with the order of sets, hashes or addresses; True for what is no Python.

    It errs on the side of yes. What it cannot see is a set inside an installed library.
    """
    if not _TELLS.search(text):
        return False
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return any(_orders(node) for node in _at_import(tree, bool(_OF_TASKS.search(text))))


def _at_import(tree: ast.Module, tasks: bool) -> Iterator[ast.AST]:
    """Nodes of what may be at work while the Dag is made, without sets of which nobody sees the order.

    Args:
        tasks: ``@task`` is Airflow's.
    """
    rest: list[ast.AST] = [tree]
    while rest:
        node = rest.pop()
        yield node
        below = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.Compare) and all(isinstance(one, (ast.In, ast.NotIn)) for one in node.ops):
            below = [node.left, *(part for one in node.comparators for part in _inside(one))]
        elif _has_no_order(node):
            below = [part for one in node.args for part in _inside(one)]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            made = [*node.decorator_list, *node.args.defaults, *(one for one in node.args.kw_defaults if one)]
            below = made + ([] if tasks and any(map(_is_task, node.decorator_list)) else list(node.body))
        elif isinstance(node, ast.AnnAssign):
            below = [node.target, *([node.value] if node.value else [])]
        rest += below


def _has_no_order(node: ast.AST) -> TypeGuard[ast.Call]:
    """``sorted(…)`` and its like; with a ``key`` what is alike stays in the order it came in."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in _ORDERLESS
        and not node.keywords
    )


def _inside(node: ast.AST) -> list[ast.AST]:
    """What is left to look at of a set that has no order where it stands: its elements."""
    if isinstance(node, (ast.Set, ast.SetComp)):
        return list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("set", "frozenset"):
        return [*node.args]
    return [node]


def _is_task(decorator: ast.expr) -> bool:
    """``@task``, ``@task.branch``, ``@task(…)``."""
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id == "task"


def _orders(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id in _NAMES
    if isinstance(node, ast.Attribute):
        return node.attr in _METHODS
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitXor)):
        return True
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitOr, ast.Sub)):
        return any(map(_is_view, (node.left, node.right)))
    if isinstance(node, (ast.Assign, ast.NamedExpr, ast.Return)) and node.value is not None:
        return _is_view(node.value)
    return isinstance(node, _SetMaker)


def _is_view(node: ast.AST) -> bool:
    """``….keys()``: of a dict, which is a set to operators."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _VIEWS
