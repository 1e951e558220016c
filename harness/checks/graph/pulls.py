"""Which XComs tasks pull: in templates and in the source of their functions. No check of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.bridge.operators import class_of
from harness.checks.callables import Definition, callable_of
from harness.checks.context import DagContext
from harness.checks.graph.handled import in_function, in_template
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
