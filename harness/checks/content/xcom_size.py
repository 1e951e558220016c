"""``xcom-size``."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from harness.bridge.roundtrip import REMEDY, trouble_of_literal
from harness.checks.callables import callable_of, plain, returned
from harness.checks.finding import Problem
from harness.checks.look import DagLook
from harness.checks.registry import check

_UNKNOWN: Any = object()
_LONG = 1000
_MOST = 64 * 1024 * 1024
_MADE = {ast.Lambda: "a function", ast.GeneratorExp: "a generator"}


@check("xcom-size", severity="warning")
def xcom_size(look: DagLook) -> Iterator[Problem]:
    """An XCom that is too big, that is no JSON, or that does not come back as it was.

    Every XCom is a row of Airflow's metadata database, written through the API server and read by every task that pulls
    it: above 48 KiB (the limit ``xcom-bytes``) a folder of Dags fills the database and slows the scheduler. Airflow
    serialises more than JSON, but not everything: bytes fail the task, keys that are numbers come back as text, a named
    tuple without its names, NaN is refused by PostgreSQL.

    Before a run this is known of literals only. ``run``, ``simulate`` and the fixtures tell it of every value that a
    task pushes, once for each key.

    Fix: write big data to a file or a table and return its name.
    """
    for task in look.tasks:
        function = plain(callable_of(task))
        if not isinstance(function, FunctionType) or not _pushes(task) or not _may_be_odd(function, look):
            continue
        definition = look.file.definitions.of(function)
        for node in returned(definition.node) if definition is not None else ():
            why = _why(node, look.limit("xcom-bytes"))
            if why is not None and definition is not None:
                said = f"what task {task.task_id!r} returns {why}"
                yield Problem(said, task.task_id, node.lineno if node else None, definition.path, REMEDY)


def _pushes(task: Any) -> bool:
    given = task.partial_kwargs if getattr(task, "is_mapped", False) else vars(task)
    return bool(given.get("do_xcom_push", True))


def _may_be_odd(function: FunctionType, look: DagLook) -> bool:
    """Whether a function's constants are such that what it returns is worth a look."""
    if not look.file.users.own(function.__code__.co_filename) or inspect.isgeneratorfunction(function):
        return False
    return any(map(_is_odd, function.__code__.co_consts))


def _is_odd(constant: Any) -> bool:
    if isinstance(constant, tuple):
        return any(not isinstance(one, str) for one in constant)
    if isinstance(constant, CodeType):
        return constant.co_name in ("<lambda>", "<genexpr>")
    if isinstance(constant, str):
        return len(constant) > _LONG
    return isinstance(constant, (bytes, complex)) or (isinstance(constant, int) and constant > _LONG)


def _why(node: ast.expr | None, most_bytes: float) -> str | None:
    if type(node) in _MADE:
        return f"is {_MADE[type(node)]}, which cannot be an XCom"
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
