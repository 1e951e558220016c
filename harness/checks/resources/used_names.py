"""Connections and variables that a file names: in operators, hooks, templates and calls. No check of its own."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from harness.checks.finding import Problem
from harness.checks.look import DagLook, FileLook
from harness.checks.texts import arguments, calls, keyword, literal, templates
from harness.errors import nearest

_BLOCK = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)
_CONN = re.compile(r"(?<![\w.])conn\.(?:get\(\s*['\"]([^'\"]+)['\"]\s*\)|(?!get\b)([A-Za-z_]\w*))")
_VAR = re.compile(
    r"(?<![\w.])var\.(?:value|json)\.(?:get\(\s*['\"]([^'\"]+)['\"]\s*\)|(?!get\b)([A-Za-z_]\w*))(\s*\|\s*d(?:efault)?\b)?"
)


@dataclass(frozen=True)
class Used:
    """A name somebody uses.

    Attributes:
        by: who, in words.
        line: None where only the task is known.
    """

    name: str
    by: str
    dag_id: str | None = None
    task_id: str | None = None
    path: str | None = None
    line: int | None = None


def connections(file: FileLook) -> Iterator[Used]:
    """Connection ids that a file names as literals.

    Left out: what ends in ``_default`` (an operator's own default, which many hooks do without).
    """
    for dag in file.dags:
        for task in dag.tasks:
            for name, value in arguments(task):
                if isinstance(value, str) and _is_conn_id(name, value):
                    yield _by_task(dag, task.task_id, value, f"task {task.task_id!r} ({name.lstrip('_')})")
            yield from _in_templates(dag, task, _CONN)
    for name, call in calls(file.tree):
        last = name.rsplit(".", 1)[-1]
        if name.endswith(("BaseHook.get_connection", "Connection.get")):
            found = literal(call.args[0] if call.args else keyword(call, "conn_id"))
        elif last.endswith("Hook"):
            given = next((one for one in call.keywords if one.arg and one.arg.endswith("conn_id")), None)
            found = literal(given.value) if given else None
        else:
            continue
        if found and _is_conn_id("conn_id", found):
            yield Used(found, f"{name}()", line=call.lineno)


def variables(file: FileLook) -> Iterator[Used]:
    """Keys of variables that a file reads without a default."""
    for dag in file.dags:
        for task in dag.tasks:
            yield from _in_templates(dag, task, _VAR)
    for name, call in calls(file.tree):
        if name == "Variable.get" or name.endswith(".Variable.get"):
            defaulted = len(call.args) > 1 or keyword(call, "default", "default_var") is not None
            found = literal(call.args[0] if call.args else keyword(call, "key"))
            if found and not defaulted:
                yield Used(found, f"{name}()", line=call.lineno)


def undeclared(uses: Iterable[Used], known: Collection[str], what: str, file: FileLook) -> Iterator[Problem]:
    """A problem for every use of a name that the world does not declare; none where there is no world.

    Args:
        what: ``connection`` or ``variable``.
    """
    for used in uses if file.declared.file is not None else ():
        if used.name in known:
            continue
        close = nearest(used.name, known)
        fix = f"{close[0]!r}?" if close else f"declare it under {what}s: in {file.declared.file}"
        message = f"{used.by} names {what} {used.name!r}, which does not exist"
        yield Problem(message, used.task_id, used.line, used.path, fix, used.dag_id)


def _in_templates(dag: DagLook, task: object, pattern: re.Pattern[str]) -> Iterator[Used]:
    task_id: str = task.task_id  # type: ignore[attr-defined]
    for field, text in templates(task):
        for block in _BLOCK.findall(text):
            for match in pattern.finditer(block):
                if match.lastindex is not None and match.lastindex < 3:
                    yield _by_task(dag, task_id, match[1] or match[2], f"task {task_id!r} (template in {field})")


def _is_conn_id(name: str, value: str) -> bool:
    named = name == "conn_id" or name.endswith("_conn_id")
    return named and bool(value) and "{{" not in value and "://" not in value and not value.endswith("_default")


def _by_task(dag: DagLook, task_id: str, name: str, by: str) -> Used:
    path, line = dag.place(task_id) or (None, dag.line)
    return Used(name, by, dag.dag_id, task_id, path or None, line)
