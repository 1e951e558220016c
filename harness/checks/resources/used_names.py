"""Connections, pools and variables that a file names: in operators, hooks, params and calls. No check of its own."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from inspect import Parameter, signature
from typing import Any

from harness.bridge.operators import argument, is_template
from harness.bridge.parsing.trials.callbacks import callbacks
from harness.bridge.parsing.trials.trial import defaults
from harness.checks.context import DagContext, FileContext
from harness.checks.own_code import OwnCode, accessed
from harness.checks.texts import arguments, keyword, templates
from harness.errors import nearest
from harness.results.finding import Problem

_BLOCK = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)
_CONN = re.compile(r"(?<![\w.])conn\.(?:get\(\s*['\"](?P<given>[^'\"]+)['\"]\s*\)|(?!get\b)(?P<named>[A-Za-z_]\w*))")
_VAR = re.compile(
    r"(?<![\w.])var\.(?:value|(?P<json>json))\.(?:get\(\s*['\"](?P<given>[^'\"]+)['\"]\s*\)|(?!get\b)(?P<named>[A-Za-z_]\w*))"
    r"(?P<default>\s*\|\s*d(?:efault)?\b)?"
)

_PARAM = re.compile(r"\{\{-?\s*params(?:\.(\w+)|\[['\"](\w+)['\"]\])\s*-?\}\}")
_OTHER_POOLS = ("thread", "process", "conn", "db", "worker", "node", "mem", "user", "agent", "sql", "identity")


@dataclass(frozen=True)
class Used:
    """A name somebody uses.

    Attributes:
        by: who, in words.
        line: None where only the task is known.
        as_json: of a variable, whether its text is read as JSON.
    """

    name: str
    by: str
    dag_id: str | None = None
    task_id: str | None = None
    path: str | None = None
    line: int | None = None
    as_json: bool = False


def connections(file: FileContext) -> Iterator[Used]:
    """Connection ids that a file names as literals.

    Left out: what ends in ``_default`` (an operator's own default, which many hooks do without).
    """
    for dag in file.dags:
        for task in dag.tasks:
            for name, value, what in _of_arguments(task):
                if _is_conn_id(name, value):
                    yield _by_task(dag, task.task_id, value, f"task {task.task_id!r} ({what})")
        yield from _of_params_and_callbacks(dag)
        yield from _in_templates(dag, _CONN)
    for name, call, part in _code_of(file).calls:
        for found in _code_of(file).texts(_conn_id_of(name, call), part):
            if _is_conn_id("conn_id", found):
                yield Used(found, f"{_short(name)}()", path=part.path, line=call.lineno)
    for part in _code_of(file).parts:
        for _, found, line in accessed(part.node, "conn"):
            if _is_conn_id("conn_id", found):
                yield Used(found, "the context", path=part.path, line=line)


@lru_cache(maxsize=1)  # connections and variables look at one file, one after the other
def _code_of(file: FileContext) -> OwnCode:
    return OwnCode(file.path, [dag.dag for dag in file.dags], file.users.own, file.definitions)


def _conn_id_of(name: str, call: ast.Call) -> ast.expr | None:
    """What names the connection in a call of a hook, a notifier, or of Airflow for a connection."""
    if name.endswith(("BaseHook.get_connection", "Connection.get")):
        return call.args[0] if call.args else keyword(call, "conn_id")
    if name.endswith(("Hook", "Notifier")):
        named = next((one.value for one in call.keywords if one.arg and names_connection(one.arg)), None)
        return named or _in_its_place(name, call)
    return None


def _in_its_place(name: str, call: ast.Call) -> ast.expr | None:
    """The argument without a name that is a hook's connection, by the signature of its class.

    Source: ``DbApiHook.__init__`` (common.sql 1.28): the only one is the connection.
    """
    kind = _class_called(name)
    if kind is None or not call.args:
        return None
    try:
        parameters = signature(kind).parameters.values()
    except (TypeError, ValueError):  # of a class made in C, or of one derived from it
        return None
    for given, parameter in zip(call.args, parameters, strict=False):
        if parameter.kind is Parameter.VAR_POSITIONAL:
            return given if len(call.args) == 1 and hasattr(kind, "conn_name_attr") else None
        if names_connection(parameter.name):
            return given
    return None


def _class_called(name: str) -> type | None:
    """The class of a full name, of a module that the file has imported; None where there is none."""
    module, _, attribute = name.rpartition(".")
    kind = getattr(sys.modules.get(module), attribute, None)
    return kind if isinstance(kind, type) else None


def taken_by_hooks(file: FileContext) -> Iterator[tuple[Used, str]]:
    """Connections that hooks take where their author names none, or names that one: ``aws_default``; with their type.

    Source: ``default_conn_name`` and ``conn_type`` of the hook's class.
    """
    code = _code_of(file)
    for name, call, part in code.calls:
        kind = _class_called(name) if name.endswith("Hook") else None
        taken = getattr(kind, "default_conn_name", None)
        named = _conn_id_of(name, call)
        if isinstance(taken, str) and (named is None or taken in code.texts(named, part)):
            yield (
                Used(taken, f"{_short(name)}()", path=part.path, line=call.lineno),
                str(getattr(kind, "conn_type", "")),
            )


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
    of_function = argument(task, "op_kwargs")
    nested = of_function.items() if isinstance(of_function, dict) else ()
    for name, given in [*arguments(task), *nested]:
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
                and not is_template(value)
            ):
                yield _by(dag, getattr(owner, "task_id", None), value, f"the param {name!r}")


def _is_pool(name: str) -> bool:
    return name in ("pool", "pool_name") or (name.endswith("_pool") and not name.startswith(_OTHER_POOLS))


def _by(dag: DagContext, task_id: str | None, name: str, by: str) -> Used:
    return Used(name, by, dag.dag_id, None, None, dag.line) if task_id is None else _by_task(dag, task_id, name, by)


def variables(file: FileContext) -> Iterator[Used]:
    """Keys of variables that a file reads without a default."""
    for dag in file.dags:
        yield from _in_templates(dag, _VAR)
    for name, call, part in _code_of(file).calls:
        if name == "Variable.get" or name.endswith(".Variable.get"):
            defaulted = len(call.args) > 1 or keyword(call, "default", "default_var") is not None
            parsed = keyword(call, "deserialize_json")
            as_json = isinstance(parsed, ast.Constant) and parsed.value is True
            for found in _code_of(file).texts(call.args[0] if call.args else keyword(call, "key"), part):
                if found and not defaulted:
                    yield Used(found, f"{_short(name)}()", path=part.path, line=call.lineno, as_json=as_json)
    for part in _code_of(file).parts:
        for kind, found, line in accessed(part.node, "var", "value", "json"):
            yield Used(found, "the context", path=part.path, line=line, as_json=kind == "json")


def _short(name: str) -> str:
    """The class and its function of a full name: ``Variable.get``, ``HttpHook``."""
    return ".".join(part for part in name.split(".")[-2:] if part[:1].isupper() or part == name.rpartition(".")[2])


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


def _in_templates(dag: DagContext, pattern: re.Pattern[str]) -> Iterator[Used]:
    """What templates name: those of tasks, and those of the notifiers among the callbacks."""
    owners = [(task, task.task_id, f"task {task.task_id!r}") for task in dag.tasks]
    for one in callbacks(dag.dag):
        if isinstance(getattr(one.function, "template_fields", None), (list, tuple)):
            task_id = getattr(one.task, "task_id", None)
            owners.append((one.function, task_id, f"{type(one.function).__name__} of {one.kind}"))
    for owner, task_id, who in owners:
        for field, text in templates(owner):
            for block in _BLOCK.findall(text):
                for match in pattern.finditer(block):
                    parts = match.groupdict()
                    if not parts.get("default"):
                        used = _by(dag, task_id, parts["given"] or parts["named"], f"{who} (template in {field})")
                        yield replace(used, as_json=parts.get("json") is not None)


_NAMING = ("_conn_id", "kafka_config_id")
"""How arguments end that name a connection. Source: providers of Airflow; Kafka's is the one of another kind (2.1)."""


def names_connection(argument: str) -> bool:
    """Whether an argument of this name is a connection's id."""
    return argument == "conn_id" or argument.endswith(_NAMING)


def _is_conn_id(name: str, value: str) -> bool:
    return (
        names_connection(name)
        and bool(value)
        and not is_template(value)
        and "://" not in value
        and not value.endswith("_default")
    )


def _by_task(dag: DagContext, task_id: str, name: str, by: str) -> Used:
    path, line = dag.place(task_id) or (None, dag.line)
    return Used(name, by, dag.dag_id, task_id, path or None, line)
