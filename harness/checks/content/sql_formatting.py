"""``sql-formatting``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from harness.bridge.parsing.trials.rendering import texts
from harness.checks.callables import callable_of
from harness.checks.content.bindings import Bindings
from harness.checks.content.reached import codes, functions_of, reached_from
from harness.checks.content.run_values import RunValues, given_in_runs, harmless_params, makes_no_text
from harness.checks.content.statements import built, is_value, looks_like_sql
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
