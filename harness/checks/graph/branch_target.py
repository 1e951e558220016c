"""``branch-target``, and what branching tasks may follow, read off their source where that is plain."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.bridge.operators import argument, class_of, roots
from harness.checks.callables import Definition, Node, callable_of, own, returned
from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.errors import nearest
from harness.results.finding import Problem

_TEXT_METHODS = {"format", "join", "lower", "upper", "strip", "replace", "removeprefix", "removesuffix", "title"}
_ONE = {"str", "str | None", "None | str", "Optional[str]", "typing.Optional[str]"}


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
            for one in {(found.value, found.line): found for found in _named(context, task)[0]}.values():
                problem = _problem(context, task, one)
                if problem is not None and not _goes_elsewhere(context, one):
                    yield problem


def _goes_elsewhere(context: DagContext, one: _Named) -> bool:
    """Whether a function is shared with a branch that may follow the id, in any Dag of the file."""
    if one.function is None:
        return False
    for other in context.file.dags:
        for task in filter(is_branch, other.tasks):
            found = _chooser(other, task)
            if found is not None and found.node is one.function and _problem(other, task, one) is None:
                return True
    return False


def _problem(context: DagContext, task: Any, one: _Named) -> Problem | None:
    who, below = f"branch {task.task_id!r}", sorted(task.downstream_task_ids)
    if not isinstance(one.value, str):
        return Problem(
            f"{who} names {one.value!r}, which is no id: it fails", task.task_id, one.line, one.path, "return task ids"
        )
    if not _valid(context, one.value):
        meant = [task_id for task_id in context.dag.task_dict if task_id.endswith(f".{one.value}")]
        meant = meant or nearest(one.value, [*context.dag.task_dict, *filter(None, context.dag.task_group_dict)])
        said = f"{who} names {one.value!r}, which is neither a task nor a task group of this Dag: it fails"
        return Problem(said, task.task_id, one.line, one.path, f"{meant[0]!r}?" if meant else "return ids of the Dag")
    if followed(context, task, [one.value]):
        return None
    said = f"{who} names {one.value!r}, which is not directly downstream of it"
    said += f": {', '.join(map(repr, below))} would be skipped" if below else ": it follows and skips nothing"
    return Problem(said, task.task_id, one.line, one.path, f"tie it: {task.task_id} >> {one.value}")


@dataclass(frozen=True)
class _Named:
    """Something that a branching task names as a literal.

    Attributes:
        value: an id; what is no text cannot be followed.
        path, line: of the literal; None where it is an argument of the task.
        function: that it stands in, which other tasks may share.
    """

    value: Any
    path: str | None = None
    line: int | None = None
    function: Node | None = None


def is_branch(task: Any) -> bool:
    """Whether a task follows some of those directly downstream and skips the others."""
    return bool(task.inherits_from_skipmixin) and any("BranchMixIn" in base.__name__ for base in class_of(task).__mro__)


def _named(context: DagContext, task: Any) -> tuple[list[_Named], bool]:
    """The literals that a branching task names, and whether these are all it may ever name."""
    given = _arguments(task)
    if given is not None:
        return [_Named(value) for branch in given for value in branch], True
    found = _chooser(context, task)
    if found is None or _yields(found.node):
        return [], False
    literals: list[_Named] = []
    complete = True
    for value in returned(found.node):
        known = _literals(value)
        literals += [_Named(one.value, found.path, one.lineno, found.node) for one in known[0]]
        complete = complete and known[1]
    return literals, complete


def _chooser(context: DagContext, task: Any) -> Definition | None:
    """The user's function that chooses: the callable of a Python branch, or an operator's own ``choose_branch``.

    None also for what may change what it returns: a wrapper around the callable, an operator derived from Airflow's.
    """
    function = callable_of(task)
    if function is None:
        function = getattr(class_of(task), "choose_branch", None)
    elif hasattr(function, "__wrapped__") or not class_of(task).__module__.startswith("airflow."):
        return None
    return context.file.definitions.of(function) if function is not None else None


def choices(context: DagContext, task: Any) -> list[frozenset[str]] | None:
    """The sets of tasks directly downstream that a branching task may let go on; None when that cannot be told."""
    literals, complete = _named(context, task)
    if any(not _valid(context, one.value) for one in literals):
        return None  # another check tells
    branches = _arguments(task)
    found = _chooser(context, task) if branches is None else None
    if branches is not None and argument(task, "multiple"):
        return None
    if found is not None and complete:
        branches = [ids for value in returned(found.node) for ids in _ids(value)]
    elif found is not None and chooses_one(found.node):
        below = task.downstream_task_ids
        groups = [name for name in context.dag.task_group_dict if name and below & set(roots(context.dag, name))]
        branches = [[name] for name in sorted([*below, *groups])]
    if branches is None:
        return None
    return [frozenset(), *(followed(context, task, ids) for ids in branches)]


def _valid(context: DagContext, value: Any) -> bool:
    """Whether Airflow takes an id: a task's, or a task group's. Source: ``SkipMixin.skip_all_except`` (3.3.2)."""
    return isinstance(value, str) and (value in context.dag.task_dict or value in context.dag.task_group_dict)


def followed(context: DagContext, task: Any, ids: Iterable[str]) -> frozenset[str]:
    """Those directly downstream that are not skipped when a branch names these ids.

    Also what is directly downstream and behind an id goes on. Source: ``SkipMixin.skip_all_except`` (3.3.2).
    """
    kept: set[str] = set()
    for name in ids:
        for task_id in roots(context.dag, name):
            kept |= {task_id, *context.shape.below(task_id)}
    return frozenset(kept & task.downstream_task_ids)


def chooses_one(node: Node) -> bool:
    """Whether a function surely names one id at most at a time, never several."""
    if not isinstance(node, ast.Lambda) and node.returns is not None:
        written = ast.unparse(node.returns).strip("'\"")
        if written in _ONE or written.startswith("Literal["):
            return True
    if _yields(node):
        return False
    names = {} if isinstance(node, ast.Lambda) else _assigned(node)
    return all(value is None or _is_one(value, names) for value in returned(node))


def _arguments(task: Any) -> list[list[Any]] | None:
    """Branches that an operator is told as arguments: ``follow_task_ids_if_true``, the options of a person."""
    sides = [argument(task, f"follow_task_ids_if_{side}") for side in ("true", "false")]
    if None not in sides:
        return [[side] if isinstance(side, str) else list(side) for side in sides]
    options = argument(task, "options")
    if any(base.__name__ == "HITLBranchOperator" for base in class_of(task).__mro__) and isinstance(options, list):
        mapping = argument(task, "options_mapping") or {}
        return [[mapping.get(option, option)] for option in options]
    return None


def _literals(value: ast.expr | None) -> tuple[list[ast.Constant], bool]:
    """Literals in a returned expression, and whether it can be nothing else."""
    if value is None or (isinstance(value, ast.Constant) and value.value is None):
        return [], True
    if isinstance(value, ast.Constant):
        return [value], True
    if isinstance(value, ast.IfExp):
        parts = [_literals(value.body), _literals(value.orelse)]
    elif isinstance(value, (ast.List, ast.Tuple, ast.Set)):
        parts = [([one], True) if isinstance(one, ast.Constant) else _literals(one) for one in value.elts]
        parts += [([], False)] if any(not isinstance(one, ast.Constant) for one in value.elts) else []
    elif isinstance(value, ast.BoolOp):
        parts = [*map(_literals, value.values), ([], False)]
    else:
        return [], False
    return [one for found, _ in parts for one in found], all(complete for _, complete in parts)


def _ids(value: ast.expr | None) -> Iterator[list[Any]]:
    """The ids of each branch of an expression that is all literals."""
    if isinstance(value, ast.IfExp):
        yield from _ids(value.body)
        yield from _ids(value.orelse)
    else:
        yield [one.value for one in _literals(value)[0]]


def _yields(node: Node) -> bool:
    return any(isinstance(one, (ast.Yield, ast.YieldFrom)) for one in own(node))


def _assigned(node: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, list[ast.expr]]:
    """By name, what a function assigns to it; a name that gets its value in another way is left out."""
    found: dict[str, list[ast.expr]] = {}
    stores: dict[str, int] = {}
    for one in own(node):
        if isinstance(one, (ast.Assign, ast.AnnAssign)) and one.value is not None:
            for target in one.targets if isinstance(one, ast.Assign) else [one.target]:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(one.value)
        if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load):
            stores[one.id] = stores.get(one.id, 0) + 1
    parameters = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
    return {name: values for name, values in found.items() if stores[name] == len(values) and name not in parameters}


def _is_one(value: ast.expr, names: dict[str, list[ast.expr]], depth: int = 0) -> bool:
    """Whether an expression is surely one text, or None."""
    if depth > 9:
        return False
    if isinstance(value, ast.Constant):
        return value.value is None or isinstance(value.value, str)
    if isinstance(value, ast.JoinedStr):
        return True
    if isinstance(value, ast.Name):
        known = names.get(value.id)
        return known is not None and all(_is_one(one, names, depth + 1) for one in known)
    if isinstance(value, ast.BinOp):
        texts = [_is_text(side) for side in (value.left, value.right)]
        return texts[0] or (isinstance(value.op, ast.Add) and texts[1])
    if isinstance(value, ast.Call):
        return _calls_one(value, names, depth)
    parts: list[ast.expr] = []
    if isinstance(value, ast.IfExp):
        parts = [value.body, value.orelse]
    elif isinstance(value, ast.BoolOp):
        parts = value.values
    elif isinstance(value, ast.Subscript) and isinstance(value.value, ast.Dict):
        parts = value.value.values
    return bool(parts) and all(_is_one(one, names, depth + 1) for one in parts)


def _is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Constant) and isinstance(value.value, str))


def _calls_one(call: ast.Call, names: dict[str, list[ast.expr]], depth: int) -> bool:
    function = call.func
    if isinstance(function, ast.Name):
        return function.id == "str"
    if not isinstance(function, ast.Attribute):
        return False
    if function.attr in _TEXT_METHODS:
        return _is_one(function.value, names, depth + 1)
    if function.attr == "get" and isinstance(function.value, ast.Dict):
        return all(_is_one(one, names, depth + 1) for one in [*function.value.values, *call.args[1:]])
    if function.attr == "choice" and call.args and isinstance(call.args[0], (ast.List, ast.Tuple)):
        return all(_is_text(one) for one in call.args[0].elts)
    return False
