"""Connections, pools and variables that a file names: in operators, hooks, params and calls. No check of its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.bridge.parsing.trials.callbacks import callbacks
from harness.bridge.parsing.trials.params import defaults
from harness.checks.callables import callable_of
from harness.checks.context import DagContext, FileContext
from harness.checks.texts import arguments, calls, keyword, templates, texts
from harness.errors import nearest
from harness.results.finding import Problem

_BLOCK = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)
_CONN = re.compile(r"(?<![\w.])conn\.(?:get\(\s*['\"]([^'\"]+)['\"]\s*\)|(?!get\b)([A-Za-z_]\w*))")
_VAR = re.compile(
    r"(?<![\w.])var\.(?:value|json)\.(?:get\(\s*['\"]([^'\"]+)['\"]\s*\)|(?!get\b)([A-Za-z_]\w*))(\s*\|\s*d(?:efault)?\b)?"
)


_PARAM = re.compile(r"\{\{-?\s*params(?:\.(\w+)|\[['\"](\w+)['\"]\])\s*-?\}\}")
_OTHER_POOLS = ("thread", "process", "conn", "db", "worker", "node", "mem", "user", "agent", "sql", "identity")


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


def connections(file: FileContext) -> Iterator[Used]:
    """Connection ids that a file names as literals.

    Left out: what ends in ``_default`` (an operator's own default, which many hooks do without).
    """
    for dag in file.dags:
        for task in dag.tasks:
            for name, value, what in _of_arguments(task):
                if _is_conn_id(name, value):
                    yield _by_task(dag, task.task_id, value, f"task {task.task_id!r} ({what})")
            yield from _in_templates(dag, task, _CONN)
        yield from _of_params_and_callbacks(dag)
    for path, part, tree in _code(file):
        for name, call in calls(part):
            for found in texts(_conn_id_of(name, call), tree):
                if _is_conn_id("conn_id", found):
                    yield Used(found, f"{name}()", path=path, line=call.lineno)


def _code(file: FileContext) -> Iterator[tuple[str | None, ast.AST, ast.AST]]:
    """(file, code, the file's whole tree) of the Dag file, and of what its Dags call in other modules."""
    yield None, file.tree, file.tree
    called = [call.function for dag in file.dags for call in callbacks(dag.dag)]
    called += [callable_of(task) for dag in file.dags for task in dag.tasks]
    for one in dict.fromkeys(filter(None, map(file.definitions.of, called))):
        if one.path != file.path:
            yield one.path, one.node, file.definitions.tree(one.path)


def _conn_id_of(name: str, call: ast.Call) -> ast.expr | None:
    """What names the connection in a call of a hook, a notifier, or of Airflow for a connection."""
    if name.endswith(("BaseHook.get_connection", "Connection.get")):
        return call.args[0] if call.args else keyword(call, "conn_id")
    if name.endswith(("Hook", "Notifier")):
        return next((one.value for one in call.keywords if one.arg and one.arg.endswith("conn_id")), None)
    return None


def _of_params_and_callbacks(dag: DagContext) -> Iterator[Used]:
    """Connections that params name, and notifiers among the callbacks."""
    for owner in (dag.dag, *dag.tasks):
        task_id = getattr(owner, "task_id", None)
        for name, value in _params(owner).items():
            if isinstance(value, str) and _is_conn_id(name.rpartition(".")[2], value):
                yield _by(dag, task_id, value, f"the param {name!r}")
    for callback in callbacks(dag.dag):
        keeps = vars(callback.function) if hasattr(callback.function, "__dict__") else {}
        given = getattr(callback.function, "keywords", {})
        for name, value in {**keeps, **given}.items():
            if isinstance(value, str) and _is_conn_id(name.lstrip("_"), value):
                who = type(callback.function).__name__
                task_id = getattr(callback.task, "task_id", None)
                yield _by(dag, task_id, value, f"{who} of {callback.kind} ({name.lstrip('_')})")


def _params(owner: Any) -> dict[str, Any]:
    """Defaults of a Dag's or a task's params, and those within a default."""
    found = defaults(getattr(owner, "params", None))
    within = {
        f"{name}.{key}": one for name, given in found.items() if isinstance(given, dict) for key, one in given.items()
    }
    return found | within


def _of_arguments(task: Any) -> Iterator[tuple[str, str, str]]:
    """(argument, value, what it is) of an operator's texts; of one that is a param's template the param's default."""
    for name, given in arguments(task):
        match = _PARAM.fullmatch(given.strip()) if isinstance(given, str) else None
        value = given if match is None else _params(task).get(match[1] or match[2])
        if isinstance(value, str):
            yield name, value, f"{name.lstrip('_')}, by params" if match else name.lstrip("_")


def pools(dag: DagContext) -> Iterator[Used]:
    """Pools that a Dag's tasks ask for, and those named as defaults of params: whoever triggers it passes them on."""
    for task in dag.tasks:
        yield _by_task(dag, task.task_id, task.pool, f"task {task.task_id!r}")
    of_dag = _params(dag.dag)
    for owner in (dag.dag, *dag.tasks):
        for name, value in _params(owner).items():
            reported = owner is not dag.dag and of_dag.get(name) == value
            if (
                isinstance(value, str)
                and value
                and not reported
                and _is_pool(name.rpartition(".")[2])
                and "{{" not in value
            ):
                yield _by(dag, getattr(owner, "task_id", None), value, f"the param {name!r}")


def _is_pool(name: str) -> bool:
    return name in ("pool", "pool_name") or (name.endswith("_pool") and not name.startswith(_OTHER_POOLS))


def _by(dag: DagContext, task_id: str | None, name: str, by: str) -> Used:
    return Used(name, by, dag.dag_id, None, None, dag.line) if task_id is None else _by_task(dag, task_id, name, by)


def variables(file: FileContext) -> Iterator[Used]:
    """Keys of variables that a file reads without a default."""
    for dag in file.dags:
        for task in dag.tasks:
            yield from _in_templates(dag, task, _VAR)
    for path, part, tree in _code(file):
        for name, call in calls(part):
            if name == "Variable.get" or name.endswith(".Variable.get"):
                defaulted = len(call.args) > 1 or keyword(call, "default", "default_var") is not None
                for found in texts(call.args[0] if call.args else keyword(call, "key"), tree):
                    if found and not defaulted:
                        yield Used(found, f"{name}()", path=path, line=call.lineno)


def undeclared(uses: Iterable[Used], known: Collection[str], what: str, file: FileContext) -> Iterator[Problem]:
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


def _in_templates(dag: DagContext, task: object, pattern: re.Pattern[str]) -> Iterator[Used]:
    task_id: str = task.task_id  # type: ignore[attr-defined]
    for field, text in templates(task):
        for block in _BLOCK.findall(text):
            for match in pattern.finditer(block):
                if match.lastindex is not None and match.lastindex < 3:
                    yield _by_task(dag, task_id, match[1] or match[2], f"task {task_id!r} (template in {field})")


def _is_conn_id(name: str, value: str) -> bool:
    named = name == "conn_id" or name.endswith("_conn_id")
    return named and bool(value) and "{{" not in value and "://" not in value and not value.endswith("_default")


def _by_task(dag: DagContext, task_id: str, name: str, by: str) -> Used:
    path, line = dag.place(task_id) or (None, dag.line)
    return Used(name, by, dag.dag_id, task_id, path or None, line)
