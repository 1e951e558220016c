"""``late-binding``: functions made in loops, and the names that they share with the loop."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from harness.bridge.operators import arguments
from harness.bridge.parsing.trials.callbacks import OF_TASKS
from harness.checks.callables import Node, own, plain
from harness.checks.content.reached import free_names
from harness.checks.context import DagContext, FileContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("late-binding", level="file")
def late_binding(file: FileContext) -> Iterator[Problem]:
    """A function of a task, made in a loop, that reads the loop's variable when it runs.

    By then the loop is over: all the tasks work on the last table, with the last Dag, and all of them succeed. Looked
    at are the functions of tasks, sensors and callbacks that a loop made more than once. (ruff's B023 looks at any
    function in a loop.)

    Fix: bind the value when the function is made, ``def load(table=table)``; better, give it as an argument,
    ``load(table)``, ``op_kwargs={"table": table}``, or make the tasks in a function that takes it.
    """
    made: dict[tuple[str, int, str], list[tuple[DagContext, Any, FunctionType]]] = {}
    for context in file.dags:
        for task in context.tasks:
            for function in _functions(task):
                code = function.__code__
                if file.users.own(code.co_filename):
                    key = (code.co_filename, code.co_firstlineno, code.co_name)
                    made.setdefault(key, []).append((context, task, function))
    for (path, line, _), those in made.items():
        context, task, function = those[0]
        if len({id(one) for _, _, one in those}) < 2 or (definition := file.definitions.of(function)) is None:
            continue
        late = shared_names(file.definitions.tree(path), definition.node) & free_names(function)
        if late:
            names = ", ".join(map(repr, sorted(late)))
            said = f"{function.__name__}() of {len(those)} tasks reads {names} of the loop that made it"
            fix = f"bind it when it is made: {sorted(late)[0]}={sorted(late)[0]} among the parameters, or op_kwargs="
            message = f"{said}: when they run, all of them have the last value"
            yield Problem(message, task.task_id, line, path, fix, context.dag_id)


def _functions(task: Any) -> Iterator[FunctionType]:
    """Functions that a task was given: its callable, those that sensors ask, callbacks."""
    for name, value in list(arguments(task).items()):
        if name[0] == "_":
            continue
        if callable(value) and isinstance(function := plain(value), FunctionType):
            yield function
        elif name in OF_TASKS and isinstance(value, (list, tuple)):
            yield from (one for one in map(plain, value) if isinstance(one, FunctionType))


_LOOPS = (ast.For, ast.AsyncFor)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def shared_names(tree: ast.Module, node: Node) -> set[str]:
    """Names that the loops around a function's definition give another value each time round.

    A function between the loop and the definition has names of its own, so loops around that one do not count.
    """
    found: set[str] = set()
    for outer in _around(tree, node):
        if isinstance(outer, _LOOPS):
            found |= _changing(outer)
        elif isinstance(outer, _COMPREHENSIONS):
            found |= {name for one in outer.generators for name in _stored(one.target)}
    return found


def _around(tree: ast.Module, node: Node) -> list[ast.AST]:
    """What surrounds a definition, as far as the function that it stands in."""
    chain: list[ast.AST] = []
    found: ast.AST | None = tree
    while found is not None and found is not node:
        chain = [] if isinstance(found, _FUNCTIONS) else [*chain, found]
        found = next((child for child in ast.iter_child_nodes(found) if _holds(child, node)), None)
    return chain


def _holds(outer: ast.AST, node: Node) -> bool:
    if outer is node:
        return True
    first, last = getattr(outer, "lineno", None), getattr(outer, "end_lineno", None)
    if first is None or last is None:
        return any(_holds(child, node) for child in ast.iter_child_nodes(outer))
    decorators = getattr(outer, "decorator_list", [])
    first = min([first, *(one.lineno for one in decorators)])
    return first <= node.lineno <= (node.end_lineno or 0) <= last and any(one is node for one in ast.walk(outer))


def _changing(loop: ast.For | ast.AsyncFor) -> set[str]:
    """The loop's variables, and what its body makes of them."""
    found = set(_stored(loop.target))
    nodes = own(loop)
    while True:
        more = {name for node in nodes for name in _made(node, found)} - found
        if not more:
            return found
        found |= more


def _made(node: ast.AST, changing: set[str]) -> Iterator[str]:
    """Names that a statement gives a value which depends on changing ones."""
    if isinstance(node, ast.Assign) and _reads(node.value, changing):
        for target in node.targets:
            yield from _stored(target)
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)) and node.value is not None:
        yield from _stored(node.target) if _reads(node.value, changing) else ()
    elif isinstance(node, (ast.For, ast.AsyncFor)) and _reads(node.iter, changing):
        yield from _stored(node.target)
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        for item in node.items:
            if item.optional_vars is not None and _reads(item.context_expr, changing):
                yield from _stored(item.optional_vars)
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _reads_freely(node, changing):
        yield node.name


def _reads(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(one, ast.Name) and one.id in names for one in ast.walk(node))


def _reads_freely(node: Node, names: set[str]) -> bool:
    """Whether a function reads one of these names, and neither takes it as a parameter nor sets it."""
    arguments = node.args
    bound = {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    bound |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    body = node.body if isinstance(node.body, list) else [node.body]
    return any(_reads(one, names - bound) for one in body)


def _stored(target: ast.AST) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
