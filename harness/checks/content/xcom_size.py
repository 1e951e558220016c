"""``xcom-size``."""

from __future__ import annotations

import ast
import dis
import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from harness.bridge.operators import arguments
from harness.bridge.patches.roundtrip import Trouble, trouble_of_literal
from harness.checks.callables import callable_of, plain, returned
from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem

_UNKNOWN: Any = object()
_LONG = 1000
_MOST = 64 * 1024 * 1024


@check("xcom-size", severity="warning")
def xcom_size(context: DagContext) -> Iterator[Problem]:
    """An XCom that is too big, that is no JSON, or that does not come back as it was.

    Every XCom is a row of Airflow's metadata database, written through the API server and read by every task that pulls
    it: above 48 KiB (the limit ``xcom-bytes``) a folder of Dags fills the database and slows the scheduler. Airflow
    serialises more than JSON, but not everything: bytes fail the task, keys that are numbers come back as text, a named
    tuple without its names, NaN is refused by PostgreSQL.

    Before a run this is known of literals only. ``run``, ``simulate`` and the fixtures tell it of every value that a
    task pushes, once for each key, with the limit of the project; where the check is off they do not.

    Fix: write big data to a file or a table and return its name; return what JSON knows, with keys that are text.
    """
    for task in context.tasks:
        function = plain(callable_of(task))
        if not isinstance(function, FunctionType) or not _pushes(task) or not _may_be_odd(function, context):
            continue
        definition = context.file.definitions.of(function)
        for node in returned(definition.node) if definition is not None else ():
            trouble_of = _trouble_of(node, context.limit("xcom-bytes"))
            if trouble_of is not None and definition is not None:
                said = f"what task {task.task_id!r} returns {trouble_of.reason}"
                yield Problem(said, task.task_id, node.lineno if node else None, definition.path, trouble_of.fix)


def _pushes(task: Any) -> bool:
    return bool(arguments(task).get("do_xcom_push", True))


def _may_be_odd(function: FunctionType, context: DagContext) -> bool:
    """Whether a function's constants are such that what it returns is worth a look."""
    if not context.file.users.own(function.__code__.co_filename) or inspect.isgeneratorfunction(function):
        return False
    code = function.__code__
    if any(map(_is_odd, code.co_consts)):
        return True
    if not any(one.__class__ in (int, float, tuple) for one in code.co_consts):
        return False
    return not _DICTS.isdisjoint(code.co_code[::2])


_DICTS = {dis.opmap[name] for name in ("BUILD_MAP", "BUILD_CONST_KEY_MAP") if name in dis.opmap}
_PLAIN = (bool, float, int, str, type(None))


def _is_odd(constant: Any) -> bool:
    if isinstance(constant, tuple):
        return len(constant) > _LONG or any(not isinstance(one, _PLAIN) or _is_odd(one) for one in constant)
    if isinstance(constant, CodeType):
        return constant.co_name in ("<lambda>", "<genexpr>")
    if isinstance(constant, str):
        return len(constant) > _LONG
    return isinstance(constant, (bytes, complex)) or (isinstance(constant, int) and constant > _LONG)


def _trouble_of(node: ast.expr | None, most_bytes: float) -> Trouble | None:
    if isinstance(node, ast.GeneratorExp):
        return Trouble("is a generator, which cannot be an XCom", "a list: […] in place of (…)")
    if isinstance(node, ast.Lambda):
        return Trouble("is a function, which cannot be an XCom", "return what it returns")
    value = _value(node)
    if value is _UNKNOWN:
        return None
    return trouble_of_literal(value, most_bytes)


def _value(node: ast.AST | None) -> Any:
    """The value of a literal, or of one that is multiplied."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        left, right = _value(node.left), _value(node.right)
        if isinstance(right, int) and isinstance(left, (str, bytes, list)) and len(left) * right <= _MOST:
            return left * right
        return _UNKNOWN
    try:
        return ast.literal_eval(node) if isinstance(node, ast.expr) else _UNKNOWN
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _UNKNOWN
