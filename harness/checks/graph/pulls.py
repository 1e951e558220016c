"""Which XComs tasks pull, in templates and in the source of their functions, and whether code goes on without one.

No check of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.bridge.operators import class_of
from harness.checks.callables import Definition, callable_of
from harness.checks.context import DagContext
from harness.checks.texts import templates

if TYPE_CHECKING:
    from jinja2 import nodes


RETURN_VALUE = "return_value"
_NAMES = ("task_ids", "dag_id", "key", "include_prior_dates")
_METHODS = {"xcom_pull", "axcom_pull"}
_UNKNOWN: Any = object()


@dataclass(frozen=True)
class Pull:
    """One literal pull out of the run and the Dag that the task is in.

    Attributes:
        task_ids: None without: the task's own.
        key: None where it is not a literal.
        where: in words.
        path, line: of the call; None in a template.
        handled: it is asked whether there is one before it is used.
        code: of the function that it stands in, which other tasks may share.
    """

    task_ids: tuple[str, ...] | None
    key: str | None
    where: str
    path: str | None = None
    line: int | None = None
    code: Any = None
    handled: bool = False


def in_templates(context: DagContext, task: Any) -> Iterator[Pull]:
    """Pulls in the rendered fields of a task."""
    for field, text in templates(task):
        if "xcom_pull" in text:
            for given, handled in _template_calls(text):
                pull = _pull(dict(given), f"template of {field}", context)
                if pull is not None:
                    yield replace(pull, handled=handled)


def in_source(context: DagContext, task: Any) -> Iterator[Pull]:
    """Pulls in the function of a task that the Dag's own file defines; modules may be shared by Dags elsewhere."""
    if "xcom_pull" not in context.file.source:
        return
    for function, found in functions(context, task):
        for node in ast.walk(found.node):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
                given = _arguments(node) if _is_task_instance(node.func.value) else None
                pull = _pull(given, f"{function.__name__}()", context) if given is not None else None
                if pull is not None:
                    handled = in_function(found.node, node)
                    place = {"path": found.path, "line": node.lineno, "code": function.__code__}
                    yield replace(pull, **place, handled=handled)


def functions(context: DagContext, task: Any) -> Iterator[tuple[Any, Definition]]:
    """What a task runs, as far as it is defined in the Dag's own file: its callable, and its class's ``execute``."""
    for function in (callable_of(task), getattr(class_of(task), "execute", None)):
        code = getattr(function, "__code__", None)
        if code is not None and code.co_filename == context.file.path:
            found = context.file.definitions.of(function)
            if found is not None:
                yield function, found


def _pull(given: dict[str, Any] | None, where: str, context: DagContext) -> Pull | None:
    """The pull that literal arguments make; None for one from elsewhere, from other runs or of computed ids."""
    if given is None or given.get("include_prior_dates", False) is not False or given.get("run_id") is not None:
        return None
    if given.get("dag_id") not in (None, context.dag_id):
        return None
    ids = given.get("task_ids")
    if isinstance(ids, str):
        ids = (ids,)
    elif ids is not None and not (isinstance(ids, tuple) and all(isinstance(one, str) for one in ids)):
        return None
    key = given.get("key", RETURN_VALUE)
    return Pull(ids, key if isinstance(key, str) else None, where)


def _arguments(call: ast.Call) -> dict[str, Any] | None:
    if any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords):
        return None
    given = {name: _value(one) for name, one in zip(_NAMES, call.args, strict=False)}
    return given | {str(one.arg): _value(one.value) for one in call.keywords}


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return tuple(_value(one) for one in node.elts)
    return _UNKNOWN


def _is_task_instance(node: ast.expr) -> bool:
    """A name, ``context["ti"]`` or ``context.get("ti")``."""
    if isinstance(node, ast.Name):
        return True
    if isinstance(node, ast.Subscript):
        return _names_it(node.slice)
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get"
    return called and isinstance(node, ast.Call) and bool(node.args) and _names_it(node.args[0])


def _names_it(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in ("ti", "task_instance")


@lru_cache(maxsize=4096)
def _template_calls(text: str) -> tuple[tuple[tuple[tuple[str, Any], ...], bool], ...]:
    """The arguments of each pull in a template that has no syntax error, and whether None is handled."""
    from jinja2 import TemplateError, nodes

    try:
        tree = _jinja().parse(text)
    except TemplateError:
        return ()
    found = []
    for call in tree.find_all(nodes.Call):
        target = call.node
        if not isinstance(target, nodes.Getattr) or target.attr not in _METHODS:
            continue
        ours = isinstance(target.node, nodes.Name) and target.node.name in ("ti", "task_instance")
        if ours and call.dyn_args is None and call.dyn_kwargs is None:
            given = {name: _const(one) for name, one in zip(_NAMES, call.args, strict=False)}
            given |= {one.key: _const(one.value) for one in call.kwargs}
            found.append((tuple(given.items()), in_template(tree, call)))
    return tuple(found)


def _const(node: nodes.Expr) -> Any:
    from jinja2 import nodes as kinds

    if isinstance(node, kinds.Const):
        return node.value
    if isinstance(node, (kinds.List, kinds.Tuple)):
        return tuple(_const(one) for one in node.items)
    return _UNKNOWN


@lru_cache(maxsize=1)
def _jinja() -> Any:
    from jinja2 import Environment

    return Environment(extensions=["jinja2.ext.do"], autoescape=False)


_ASKS = {"all", "any", "bool", "filter", "isinstance"}
_CATCHES = {"Exception", "BaseException", "TypeError", "AttributeError", "KeyError", "LookupError", "ValueError"}


def in_function(function: ast.AST, call: ast.Call) -> bool:
    """Whether a function asks if what a call of its returns is there, or catches what comes of it."""
    above = {id(child): node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
    if _asked(call, above) or _caught(call, above):
        return True
    names = set(_names(call, above))
    uses = (node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id in names)
    return any(isinstance(use.ctx, ast.Load) and (_asked(use, above) or _caught(use, above)) for use in uses)


def _asked(node: ast.AST, above: dict[int, ast.AST]) -> bool:
    """Whether an expression is looked at for whether it is there."""
    parent = above.get(id(node))
    if isinstance(parent, (ast.NamedExpr, ast.Await)):
        return _asked(parent, above)
    if isinstance(parent, ast.BoolOp):
        return parent.values[-1] is not node or _asked(parent, above)
    if isinstance(parent, ast.UnaryOp):
        return isinstance(parent.op, ast.Not)
    if isinstance(parent, ast.Compare):
        return all(isinstance(one, (ast.Is, ast.IsNot, ast.Eq, ast.NotEq, ast.In, ast.NotIn)) for one in parent.ops)
    if isinstance(parent, (ast.If, ast.While, ast.IfExp, ast.Assert)):
        return parent.test is node
    if isinstance(parent, ast.comprehension):
        return any(one is node for one in parent.ifs)
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Name) and parent.func.id in _ASKS
    return isinstance(parent, ast.Match) and parent.subject is node


def _caught(node: ast.AST, above: dict[int, ast.AST]) -> bool:
    """Whether it stands in a ``try`` that catches what None is good for."""
    child, parent = node, above.get(id(node))
    while parent is not None:
        if isinstance(parent, ast.Try) and any(one is child for one in parent.body):
            kinds = [one for handler in parent.handlers for one in ast.walk(handler.type or ast.Name("Exception"))]
            if any(isinstance(one, ast.Name) and one.id in _CATCHES for one in kinds):
                return True
        child, parent = parent, above.get(id(parent))
    return False


def _names(call: ast.AST, above: dict[int, ast.AST]) -> Iterator[str]:
    """Names that get what a call returns, or a part of it."""
    parent = above.get(id(call))
    targets: list[ast.AST] = []
    if isinstance(parent, ast.Await):
        yield from _names(parent, above)
    elif isinstance(parent, ast.Assign):
        targets = list(parent.targets)
    elif isinstance(parent, (ast.AnnAssign, ast.NamedExpr, ast.For, ast.comprehension)):
        targets = [parent.target]
    for target in targets:
        yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))


def in_template(tree: nodes.Template, call: nodes.Call) -> bool:
    """The same of a template; ``default(…)`` helps against None with ``true`` as its second argument only."""
    from jinja2 import nodes as kinds

    above = {id(child): node for node in _all(tree) for child in node.iter_child_nodes()}
    setting: list[Any] = list(tree.find_all((kinds.Assign, kinds.For)))
    names = {
        target.name
        for node in setting
        if (node.node if isinstance(node, kinds.Assign) else node.iter) is call
        for target in _all(node.target)
        if isinstance(target, kinds.Name)
    }
    uses = [call, *(node for node in tree.find_all(kinds.Name) if node.name in names and node.ctx == "load")]
    return any(_asked_in_template(use, above) for use in uses)


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all(child)


def _asked_in_template(node: nodes.Node, above: dict[int, nodes.Node]) -> bool:
    from jinja2 import nodes as kinds

    parent = above.get(id(node))
    if isinstance(parent, (kinds.Or, kinds.And)):
        return parent.left is node or _asked_in_template(parent, above)
    if isinstance(parent, (kinds.If, kinds.CondExpr)):
        return parent.test is node
    if isinstance(parent, kinds.Filter):
        given = [*parent.args[1:2], *(one.value for one in parent.kwargs if one.key == "boolean")]
        return parent.name in ("default", "d") and any(isinstance(one, kinds.Const) and one.value for one in given)
    return isinstance(parent, (kinds.Not, kinds.Test, kinds.Compare))
