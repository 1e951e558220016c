"""``sql-formatting``: SQL that is put together as text, and which expressions stand in the place of a value."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from harness.bridge.parsing.trials.rendering import texts
from harness.checks.callables import callable_of
from harness.checks.content.bindings import Bindings
from harness.checks.content.reached import codes, functions_of, reached_from
from harness.checks.content.run_values import RunValues, given_in_runs, harmless_params, makes_no_text
from harness.checks.context import FileContext
from harness.checks.registry import check
from harness.checks.texts import called
from harness.results.finding import Problem

_FIELDS = {"sql", "query", "hql", "bteq", "statement", "sql_query"}
_OUTPUT = re.compile(r"\{\{ task_instance\.xcom_pull\(task_ids='([^']*)', dag_id='[^']*', key='[^']*'\) \}\}")
_SAYS = {"print", "debug", "info", "warning", "error", "exception", "critical", "log"}
_FIX = "give it apart: parameters={…} of the hook or operator, with a placeholder in the statement"


@check("sql-formatting", severity="warning", level="file")
def sql_formatting(file: FileContext) -> Iterator[Problem]:
    """An SQL statement with a run's values written into its text.

    An f-string, ``%``, ``.format()`` or ``+`` puts what an XCom, a param, the run's conf or another table holds where a
    value belongs. A name with an apostrophe breaks the task, and whoever may trigger the Dag or write that table may
    write the statement. Looked at are the functions of tasks and those that they call, and statements of operators
    with the output of a task in an f-string. Not told: names of tables and columns, which no parameter can stand for;
    constants; dates of the run; what is or became a number, also in the task that made it; params of a few known
    values; what the function checks before, as in ``if name not in KNOWN: raise``; what a function of the repository
    made of it. (ruff's S608 tells of any text that looks like SQL.)

    Fix: placeholders: ``hook.run("… WHERE name = %(name)s", parameters={"name": name})``.
    """
    known: set[tuple[str, int]] = set()
    for dag in file.dags:
        for task in dag.tasks:
            for path, line, said in _of_functions(file, dag.dag, task):
                if (path, line) not in known:
                    known.add((path, line))
                    here = (task.task_id, dag.dag_id) if path == file.path else (None, None)
                    yield Problem(said, here[0], line, path, _FIX, here[1])
            for field, upstream in _of_fields(task):
                said = f"task {task.task_id!r} has the output of {upstream!r} written into its {field}, as text"
                yield Problem(said, task.task_id, *_place(dag.place(task.task_id), dag.line), _FIX, dag.dag_id)


def _place(place: tuple[str, int] | None, line: int | None) -> tuple[int | None, str | None]:
    return (place[1], place[0]) if place is not None and place[1] else (line, None)


def _of_fields(task: Any) -> Iterator[tuple[str, str]]:
    """(field, task id) of statements that hold what ``str()`` makes of a task's output."""
    for field, text in texts(task):
        if field in _FIELDS and "{{ task_instance.xcom_pull(task_ids='" in text and looks_like_sql(text):
            for match in _OUTPUT.finditer(text):
                if is_value(text[: match.start()]):
                    yield field, match[1]


def _of_functions(file: FileContext, dag: Any, task: Any) -> Iterator[tuple[str, int, str]]:
    """(path, line, message) of statements in what a task runs."""

    def numbers(task_id: str, key: str) -> bool:
        producer = getattr(dag, "task_dict", {}).get(task_id)
        made_by = callable_of(producer) if producer is not None else None
        found = file.definitions.of(made_by) if made_by is not None else None
        return made_by is not None and makes_no_text(made_by, found.node if found else None, key)

    for function in functions_of(task, file.users.own):
        for one in reached_from(function, file.users.own):
            if not _has_sql(one) or (definition := file.definitions.of(one)) is None:
                continue
            bindings = Bindings(definition.node, one)
            given = given_in_runs(task, numbers) if one is function else frozenset()
            values = RunValues(bindings, given, harmless_params(dag, task), numbers)
            name = f"{one.__qualname__.rpartition('<locals>.')[2]}()"
            for node, how, what in _statements(bindings, values):
                text = f"{name} writes {what} into an SQL statement with {how}"
                yield definition.path, node.lineno, text


def _statements(bindings: Bindings, values: RunValues) -> Iterator[tuple[ast.expr, str, str]]:
    """(expression, how it is put together, what of the run is in it)."""
    passed = {id(inner) for node in bindings.nodes if _only_says(node) for inner in ast.walk(node)}
    for node in bindings.nodes:
        if id(node) in passed or (found := built(node)) is None:
            continue
        passed |= {id(inner) for inner in ast.walk(node)}  # of a + b + c, once
        risky = [source for value in found.values if (source := values.of(value)) is not None]
        if risky:
            yield found.node, found.how, risky[0]


def _only_says(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise):
        return True
    return isinstance(node, ast.Call) and called(node) in _SAYS


def _has_sql(function: FunctionType) -> bool:
    constants = (one for code in codes(function.__code__) for one in code.co_consts)
    return any(isinstance(one, str) and looks_like_sql(f"{one} from set into (") for one in constants)


_SQL = re.compile(
    r"^\s*(?:--[^\n]*\n\s*)*(?:(?:select\b.*\bfrom|insert\s+(?:into|overwrite)|update\b.*\bset|delete\s+from|merge\s+into"
    r"|replace\s+into|copy\b.*\bfrom|exec(?:ute)?\s+\w+)\b|(?:with\s+\w+\s+as|call\s+[\w.]+)\s*\()",
    re.IGNORECASE | re.DOTALL,
)
_VALUE = re.compile(
    r"(?:[=<>]|\b(?:like|between|limit|offset|in\s*\()|\bvalues\s*\((?:[^()]|\([^()]*\))*[,(]|\bbetween\s+\S+\s+and)\s*\(?\s*$",
    re.IGNORECASE | re.DOTALL,
)
HOLE = "\0"


@dataclass(frozen=True)
class Built:
    """A statement that is put together.

    Attributes:
        node: the expression that does it.
        how: in words.
        values: expressions that stand where a value belongs.
    """

    node: ast.expr
    how: str
    values: tuple[ast.expr, ...]


def looks_like_sql(text: str) -> bool:
    """Whether a text is the beginning of a statement."""
    return _SQL.match(text) is not None


def built(node: ast.AST) -> Built | None:
    """A statement that an expression puts together; None for another one, or without values."""
    made = _made(node)
    if made is None:
        return None
    how, text, parts = made
    if not looks_like_sql(text):
        return None
    values = tuple(part for place, part in zip(_places(text), parts, strict=False) if is_value(text[:place]))
    assert isinstance(node, ast.expr)
    return Built(node, how, values) if values else None


def is_value(before: str) -> bool:
    """Whether what comes after a text is a value, and no name of a table or a column."""
    return before.count("'") % 2 == 1 or _VALUE.search(before.rstrip().rstrip("'")) is not None


def _places(text: str) -> Iterator[int]:
    return (at for at, letter in enumerate(text) if letter == HOLE)


def _made(node: ast.AST) -> tuple[str, str, list[ast.expr]] | None:
    """How, the text with a `HOLE` for every part, the parts."""
    if isinstance(node, ast.JoinedStr):
        return "an f-string", *_holes(node.values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return _formatted(node, node.func.value)
    if not isinstance(node, ast.BinOp):
        return None
    if isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
        return _percent(node.left.value, node.right)
    if isinstance(node.op, ast.Add):
        parts = list(_added(node))
        if any(isinstance(part, (ast.JoinedStr, ast.Constant)) for part in parts):
            return "+", *_holes(parts)
    return None


def _holes(parts: list[ast.expr]) -> tuple[str, list[ast.expr]]:
    text = ""
    found: list[ast.expr] = []
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            text += part.value
        elif isinstance(part, ast.JoinedStr):
            inner, more = _holes(part.values)
            text, found = text + inner, [*found, *more]
        else:
            text += HOLE
            found.append(part.value if isinstance(part, ast.FormattedValue) else part)
    return text, found


def _added(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _added(node.left)
        yield from _added(node.right)
    else:
        yield node


def _percent(text: str, given: ast.expr) -> tuple[str, str, list[ast.expr]] | None:
    if isinstance(given, ast.Dict):
        named = {
            key.value: value
            for key, value in zip(given.keys, given.values, strict=True)
            if isinstance(key, ast.Constant)
        }
        names = re.findall(r"%\((\w+)\)[a-z]", text)
        return "%", re.sub(r"%\(\w+\)[a-z]", HOLE, text), [named.get(name, given) for name in names]
    parts = given.elts if isinstance(given, ast.Tuple) else [given]
    return "%", re.sub(r"%[-+ #0-9.]*[srdifaxge]", HOLE, text), list(parts)


def _formatted(call: ast.Call, receiver: ast.expr) -> tuple[str, str, list[ast.expr]] | None:
    if not isinstance(receiver, ast.Constant) or not isinstance(receiver.value, str):
        return None
    named = {one.arg: one.value for one in call.keywords}
    positions = iter(range(len(call.args)))
    parts: list[ast.expr] = []
    for name in re.findall(r"\{(\w*)[^{}]*\}", receiver.value):
        place = next(positions, -1) if name == "" else int(name) if name.isdigit() else -1
        parts.append(call.args[place] if 0 <= place < len(call.args) else named.get(name, call))
    return ".format()", re.sub(r"\{\w*[^{}]*\}", HOLE, receiver.value), parts
