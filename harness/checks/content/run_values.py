"""Which expressions of a task's function hold what only a run knows: XComs, params, conf, rows of tables."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from harness.bridge.operators import arguments
from harness.checks.callables import Node, callable_of, plain, returned
from harness.checks.content.bindings import Bindings
from harness.checks.texts import called, literal

_FETCHES = {
    *("xcom_pull", "axcom_pull", "get_records", "get_first", "get_df", "get_pandas_df", "fetchall", "fetchone"),
    *("fetchmany", "json"),
}
_SAFE = {
    *("bool", "count", "date", "float", "hash", "hexdigest", "index", "int", "isoformat", "len", "mogrify", "round"),
    *("strftime", "sum", "timestamp", "total_seconds", "Decimal", "UUID", "Identifier", "Literal", "literal", "SQL"),
}
_KEEPS = {
    *("dict", "enumerate", "filter", "iter", "list", "map", "max", "min", "next", "reversed", "set", "sorted", "str"),
    *("tuple", "zip", "repr", "format"),
}
_NUMBERS = {"boolean", "integer", "null", "number"}
_FORMATS = {"date", "date-time", "time", "uuid"}
_NO_TEXT = {"bool", "date", "datetime", "Decimal", "float", "int", "UUID"}
_FORMS = {"isalnum", "isalpha", "isdecimal", "isdigit", "isidentifier", "isnumeric"}
_VALIDATES = re.compile(r"valid|check|ensure|assert|saniti|allow|verify", re.IGNORECASE)
_RUN = re.compile(
    r"\{[{%].*?\b(?:ti|task_instance)\.|\{[{%].*?\b(?:params|dag_run\.conf|var\.(?:value|json))\b", re.DOTALL
)


def given_in_runs(task: Any, numbers: Callable[[str, str], bool] = lambda *_: False) -> frozenset[str]:
    """The parameters of a task's function whose values only a run knows.

    Args:
        numbers: whether a task's XCom of a key is no text.
    """
    given = arguments(task)
    named = dict(given.get("op_kwargs") or {}) if isinstance(given.get("op_kwargs"), dict) else {}
    code = getattr(callable_of(task), "__code__", None)
    order = code.co_varnames[: code.co_argcount] if code is not None else ()
    positional = given.get("op_args")
    if isinstance(positional, (list, tuple)):
        named.update(zip(order, positional, strict=False))
    found = {name for name, value in named.items() if _of_run(value) and not _is_number(value, numbers)}
    if getattr(task, "is_mapped", False):
        expanded = getattr(task._get_specified_expand_input(), "value", None)
        found |= {str(name) for name in expanded} if isinstance(expanded, dict) else set(order)
    return frozenset(found - _annotated(callable_of(task)))


def _is_number(value: Any, numbers: Callable[[str, str], bool]) -> bool:
    """Whether it is the output of a task that makes no text."""
    producer, key = getattr(value, "operator", None), getattr(value, "key", None)
    return producer is not None and isinstance(key, str) and numbers(producer.task_id, key)


def makes_no_text(function: Any, node: Node | None, key: str) -> bool:
    """Whether what a task's function returns, or has for a key in it, is a number, a date or the like: never a text."""
    kind = getattr(plain(function), "__annotations__", {}).get("return")
    if key == "return_value" and getattr(kind, "__name__", kind) in _NO_TEXT:
        return True
    values = returned(node) if node is not None else []
    if key != "return_value":
        values = [_entry(one, key) for one in values]
    return bool(values) and all(_is_no_text(one) for one in values)


def _entry(node: ast.expr | None, key: str) -> ast.expr | None:
    pairs = zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ()
    return next((value for name, value in pairs if name is not None and literal(name) == key), None)


def _is_no_text(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (int, float))
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return all(map(_is_no_text, node.elts))
    if isinstance(node, (ast.ListComp, ast.SetComp)):
        return _is_no_text(node.elt)
    if isinstance(node, ast.IfExp):
        return _is_no_text(node.body) and _is_no_text(node.orelse)
    return isinstance(node, ast.Call) and called(node) in _SAFE


def checked(node: ast.AST) -> Iterator[ast.expr]:
    """Expressions that a node looks at for what they are: whether they are among others, numbers, of a form."""
    if isinstance(node, (ast.If, ast.IfExp, ast.While, ast.Assert)):
        for one in ast.walk(node.test):
            if isinstance(one, ast.Compare) and isinstance(one.ops[0], (ast.In, ast.NotIn, ast.Eq, ast.NotEq)):
                yield one.left
            elif isinstance(one, ast.Call):
                yield from _looked_at(one)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        name = called(node.value)
        if name in _NO_TEXT or _VALIDATES.search(name):
            yield from node.value.args


def _looked_at(call: ast.Call) -> Iterator[ast.expr]:
    name = called(call)
    if isinstance(call.func, ast.Attribute) and name in _FORMS:
        yield call.func.value
    if name in ("fullmatch", "match", "isinstance") or _VALIDATES.search(name):
        yield from call.args


def _annotated(function: Any) -> set[str]:
    """Parameters that are said to be no text."""
    given = getattr(plain(function), "__annotations__", {})
    return {name for name, kind in given.items() if getattr(kind, "__name__", kind) in _NO_TEXT}


def harmless_params(dag: Any, task: Any) -> frozenset[str]:
    """Params of a task that cannot hold any text: numbers, one of several values, dates."""
    found: dict[str, Any] = {**dict(dag.params.items()), **dict((task.params or {}).items())}
    return frozenset(name for name, param in found.items() if _is_harmless(getattr(param, "schema", None) or {}))


def _is_harmless(schema: dict[str, Any]) -> bool:
    kinds = schema.get("type", "string")
    numbers = {kinds} if isinstance(kinds, str) else set(kinds)
    return numbers <= _NUMBERS or not schema.keys().isdisjoint(("enum", "const")) or schema.get("format") in _FORMATS


def _of_run(value: Any) -> bool:
    if isinstance(value, str):
        return _RUN.search(value) is not None
    if isinstance(value, (list, tuple)):
        return any(map(_of_run, value))
    if isinstance(value, dict):
        return any(map(_of_run, value.values()))
    return hasattr(value, "resolve") and hasattr(value, "iter_references")


class RunValues:
    """Says which expressions of a function hold such values.

    Args:
        parameters: those that do.
        harmless: names of params that do not.
        numbers: whether a task's XCom of a key is no text.
    """

    def __init__(
        self,
        bindings: Bindings,
        parameters: frozenset[str],
        harmless: frozenset[str] = frozenset(),
        numbers: Callable[[str, str], bool] = lambda *_: False,
    ) -> None:
        self._bindings, self._parameters, self._harmless = bindings, parameters, harmless
        self._names: dict[str, str | None] = {}
        self._numbers = numbers

    @cached_property
    def _checked(self) -> set[str]:
        return {ast.dump(one) for node in self._bindings.nodes for one in checked(node)}

    def of(self, node: ast.AST | None) -> str | None:
        """What of the run is in an expression, in words; None where nothing is for sure."""
        if isinstance(node, (ast.Name, ast.Subscript, ast.Attribute)) and ast.dump(node) in self._checked:
            return None
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, (ast.Subscript, ast.Attribute)):
            return self._part(node)
        if isinstance(node, ast.JoinedStr):
            return self._first(*(one.value for one in node.values if isinstance(one, ast.FormattedValue)))
        if isinstance(node, ast.BinOp):
            return None if isinstance(node.op, (ast.Sub, ast.Pow)) else self._first(node.left, node.right)
        if isinstance(node, ast.BoolOp):
            return self._first(*node.values)
        if isinstance(node, ast.IfExp):
            return self._first(node.body, node.orelse)
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return self._first(*node.elts)
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
            return self.of(node.elt)
        if isinstance(node, (ast.Await, ast.Starred, ast.NamedExpr, ast.FormattedValue)):
            return self.of(node.value)
        return None

    def _first(self, *nodes: ast.AST) -> str | None:
        return next((found for node in nodes if (found := self.of(node)) is not None), None)

    def _name(self, name: str) -> str | None:
        if name in self._names:
            return self._names[name]
        self._names[name] = None  # while it is looked for
        bindings = self._bindings
        values = bindings.assigned.get(name, [])
        parts = bindings.iterated.get(name, [])
        if name in bindings.parameters:
            found: str | None = repr(name) if name in self._parameters and not values and not parts else None
        elif name in bindings.assigned and not parts:
            found_in = [self.of(value) for value in values]
            found = found_in[0] if all(found_in) else None
        else:
            found = self._first(*parts) if not values else None
        self._names[name] = found
        return found

    def _part(self, node: ast.Subscript | ast.Attribute) -> str | None:
        """``params["x"]``, ``context["params"]["x"]``, ``dag_run.conf["x"]``, a part of something known."""
        found = self.of(node.value)
        if isinstance(node, ast.Subscript) and literal(node.slice) in self._harmless:
            return found if found not in (None, "a param") else None
        if found is not None:
            return found
        if isinstance(node, ast.Attribute):
            return "dag_run.conf" if node.attr == "conf" and self._is_run(node.value) else None
        if isinstance(node.value, ast.Name) and node.value.id == "params" and self._injected("params"):
            return "a param"
        key = node.slice
        is_key = isinstance(key, ast.Constant) and key.value == "params" and self._is_context(node.value)
        return "a param" if is_key else None

    def _is_run(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Name):
            return node.id == "dag_run" and self._injected("dag_run")
        if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant):
            return False
        return node.slice.value == "dag_run" and self._is_context(node.value)

    def _injected(self, name: str) -> bool:
        """Whether a parameter is filled from the context."""
        return name in self._bindings.parameters and name not in self._bindings.assigned

    def _is_context(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id in ("context", "kwargs") and node.id in self._bindings.parameters

    def _is_number(self, node: ast.Call) -> bool:
        given = {one.arg: literal(one.value) for one in node.keywords}
        task_id = given.get("task_ids", literal(node.args[0]) if node.args else None)
        return isinstance(task_id, str) and self._numbers(task_id, str(given.get("key") or "return_value"))

    def _call(self, node: ast.Call) -> str | None:
        function = node.func
        if isinstance(function, ast.Attribute):
            name = function.attr
            if name in _SAFE:
                return None
            if name in ("xcom_pull", "axcom_pull") and self._is_number(node):
                return None
            if name in _FETCHES:
                return "an XCom" if "xcom" in name else "what another system answers" if name == "json" else "a row"
            if name == "get" and isinstance(function.value, ast.Name) and function.value.id == "params":
                harmless = bool(node.args) and literal(node.args[0]) in self._harmless
                return "a param" if self._injected("params") and not harmless else self.of(function.value)
            if name == "join" and node.args:
                return self.of(node.args[0])
            return self.of(function.value) or (self._first(*node.args) if name == "format" else None)
        if isinstance(function, ast.Name) and function.id in _KEEPS and not self._bindings.is_local(function.id):
            return self._first(*node.args)
        return None
