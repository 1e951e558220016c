"""``xcom-reference``, and which XComs a task surely never pushes."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from typing import Any

from harness.bridge.operators import argument, class_of
from harness.checks.callables import Node, callable_of, own, returned
from harness.checks.context import DagContext
from harness.checks.graph.pulls import RETURN_VALUE, Pull, functions, in_source, in_templates
from harness.checks.registry import check
from harness.checks.texts import literal, templates
from harness.errors import nearest
from harness.results.finding import Problem

Said = tuple[str, "str | None"]
"""What is wrong, and what to do."""


@check("xcom-reference")
def xcom_reference(context: DagContext) -> Iterator[Problem]:
    """A task that pulls an XCom which is never there: from a task that does not exist, does not run before it, or never
    pushes that key.

    Production answers ``None`` and goes on: the template renders the word "None", the load loads nothing. Often the id
    lacks the prefix of its task group, or a result was handed on in an f-string, which pulls but ties nothing. Without
    ``task_ids`` a task pulls its own XComs, since Airflow 3. Only literals are judged; pulls from other Dags, other
    runs and prior dates are not. Where the code asks for None (``or``, ``if``, ``is None``, ``default(…, true)``), only
    an id that does not exist is told.

    Fix: the full task id, ``pulled >> task``, the key that is pushed.
    """
    for task in context.tasks:
        for pull in in_templates(context, task):
            for said, fix in _wrong(context, task, pull):
                yield Problem(f"task {task.task_id!r} {said} (in a {pull.where})", task.task_id, fix=fix)
        for pull in in_source(context, task):
            for said, fix in _wrong(context, task, pull):
                if all(list(_wrong(other, user, pull)) for other, user in _users(context, pull.code)):
                    message = f"task {task.task_id!r} {said} (in {pull.where})"
                    yield Problem(message, task.task_id, pull.line, pull.path, fix)
        for producer, key in _references(task):
            if producer.dag is context.dag and never_pushes(context, producer, key):
                said, fix = _not_pushed(producer, key)
                then = "is given None" if getattr(producer, "multiple_outputs", False) else "fails"
                yield Problem(f"task {task.task_id!r} {said}: it {then}", task.task_id, fix=fix)


def _wrong(context: DagContext, task: Any, pull: Pull) -> Iterator[Said]:
    """What is wrong with a pull by this task."""
    for task_id in pull.task_ids if pull.task_ids is not None else (task.task_id,):
        pulled = context.dag.task_dict.get(task_id)
        if pulled is None:
            meant = [other for other in context.dag.task_dict if other.endswith(f".{task_id}")]
            meant = meant or nearest(task_id, context.dag.task_dict)
            fix = f"{meant[0]!r}?" if meant else "the id of a task of this Dag"
            yield f"pulls an XCom of {task_id!r}, which is no task of this Dag", fix
        elif pull.handled:
            continue
        elif pulled is task:
            yield from _own(context, task, pull)
        elif task_id not in context.shape.above(task.task_id):
            yield f"pulls an XCom of {task_id!r}, which does not run before it", f"{task_id} >> {task.task_id}"
        elif pull.key is not None and never_pushes(context, pulled, pull.key):
            yield _not_pushed(pulled, pull.key)


def _own(context: DagContext, task: Any, pull: Pull) -> Iterator[Said]:
    """A task's own XComs are cleared before each try: there are none but those it has pushed itself meanwhile."""
    waits = getattr(task, "deferrable", False) or hasattr(task, "poke") or getattr(task, "is_mapped", False)
    if waits or (may_push(context, task) if pull.line is not None else False):
        return
    why = " as it names no task_ids" if pull.task_ids is None else ""
    yield f"pulls its own XCom{why}, and has pushed none", "task_ids= of the task that pushes it"


def _not_pushed(pulled: Any, key: str) -> Said:
    if key == RETURN_VALUE:
        return f"pulls the result of {pulled.task_id!r}, which returns none", f"return something from {pulled.task_id}"
    return f"pulls XCom {key!r} of {pulled.task_id!r}, which never pushes that key", "the key that is pushed"


def _users(context: DagContext, code: Any) -> Iterator[tuple[DagContext, Any]]:
    """All tasks of the file that run a function."""
    for other in context.file.dags:
        for task in other.tasks:
            if any(function.__code__ is code for function, _ in functions(other, task)):
                yield other, task


def _references(task: Any) -> Iterator[tuple[Any, str]]:
    """(operator, key) of every ``result["key"]`` that was handed to a task."""
    if getattr(task, "is_mapped", False):
        return
    for field in task.template_fields:
        yield from _keyed(getattr(task, field, None), 0)


def _keyed(value: Any, depth: int) -> Iterator[tuple[Any, str]]:
    if isinstance(value, (str, int, float, type(None))) or depth > 4:
        return
    if isinstance(value, dict):
        for one in value.values():
            yield from _keyed(one, depth + 1)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _keyed(one, depth + 1)
    elif isinstance(key := getattr(value, "key", None), str) and key != RETURN_VALUE and hasattr(value, "operator"):
        yield value.operator, key


_CONTEXT = {"ti", "task_instance", "context", "ctx", "kwargs"}
_HOOKS = (
    "on_execute_callback",
    "on_success_callback",
    "on_retry_callback",
    "on_failure_callback",
    "on_skipped_callback",
    "_pre_execute_hook",
    "_post_execute_hook",
    "pre_execute",
    "post_execute",
)


def never_pushes(context: DagContext, task: Any, key: str) -> bool:
    """Whether no instance of a task ever pushes a key, as far as that is plain; False where it is not.

    Plain are Airflow's own empty, Bash and Python operators, the last with a function whose source is at hand.
    """
    kind = class_of(task)
    if not kind.__module__.startswith("airflow.") or key == "skipmixin_key" or _has_hooks(task):
        return False
    if any("xcom_push" in text for _, text in templates(task)):
        return False
    names = {base.__name__ for base in kind.__mro__}
    if "EmptyOperator" in names:
        return True
    if kind.__name__ == "BashOperator":
        pushes = argument(task, "do_xcom_push", True)
        return not pushes or (key != RETURN_VALUE and not argument(task, "multiple_outputs", False))
    if "PythonOperator" not in names or task.inherits_from_skipmixin:
        return False
    return _python_never_pushes(context, task, key)


def _python_never_pushes(context: DagContext, task: Any, key: str) -> bool:
    function = callable_of(task)
    found = context.file.definitions.of(function)
    if found is None or hasattr(function, "__wrapped__") or _may_push(context, function, found.node, key):
        return False
    if not argument(task, "do_xcom_push", True):
        return True
    values = returned(found.node)
    if any(isinstance(one, (ast.Yield, ast.YieldFrom)) for one in own(found.node)):
        return False
    if key == RETURN_VALUE:
        return all(one is None or (isinstance(one, ast.Constant) and one.value is None) for one in values)
    if not argument(task, "multiple_outputs", False):
        return True
    return bool(values) and all(isinstance(one, ast.Dict) and not _may_hold(one, key) for one in values)


def _may_hold(node: ast.Dict, key: str) -> bool:
    texts = [literal(one) for one in node.keys]
    return None in texts or key in texts


def _has_hooks(task: Any) -> bool:
    """Whether the user's code may push beside the operator's."""
    given = [argument(task, name) for name in _HOOKS]
    return any(one for one in given if not str(getattr(one, "__module__", "")).startswith("airflow."))


def may_push(context: DagContext, task: Any) -> bool:
    """Whether a task's function may push something by itself."""
    function = callable_of(task)
    found = context.file.definitions.of(function) if function is not None else None
    return found is None or _may_push(context, function, found.node, None)


def _may_push(context: DagContext, function: Any, node: Node, key: str | None) -> bool:
    """Whether a function may push a key, or any: in its own text, or by what it hands the task instance to."""
    if "get_current_context" in context.file.source or any(_reaches_a_push(context, one) for one in _called(function)):
        return True
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and one.attr in ("xcom_push", "axcom_push") and key is None:
            return True
        if isinstance(one, ast.Call) and (_pushes(one, key) or _hands_on(one, _context_names(node))):
            return True
    return False


def _pushes(call: ast.Call, key: str | None) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in ("xcom_push", "axcom_push"):
        return False
    given = next((one.value for one in call.keywords if one.arg == "key"), call.args[0] if call.args else None)
    pushed = literal(given)
    return pushed is None or key is None or pushed == key


def _context_names(node: Node) -> set[str]:
    names = set(_CONTEXT)
    if node.args.kwarg is not None:
        names.add(node.args.kwarg.arg)
    for one in ast.walk(node):
        if isinstance(one, ast.Assign) and _from_context(one.value, names):
            names |= {target.id for target in one.targets if isinstance(target, ast.Name)}
    return names


def _from_context(value: ast.AST, names: set[str]) -> bool:
    """Whether an expression is the context or the task instance itself."""
    if isinstance(value, ast.Name):
        return value.id in names
    if isinstance(value, ast.Starred):
        return _from_context(value.value, names)
    if isinstance(value, ast.Subscript):
        return literal(value.slice) in ("ti", "task_instance")
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "get":
        return bool(value.args) and literal(value.args[0]) in ("ti", "task_instance")
    return isinstance(value, ast.Attribute) and value.attr == "xcom_push"


def _hands_on(call: ast.Call, names: set[str]) -> bool:
    return any(_from_context(one, names) for one in (*call.args, *(given.value for given in call.keywords)))


def _called(function: Any) -> list[Any]:
    """What a function finds among its module's names."""
    names = getattr(function, "__globals__", {})
    found, codes = [], [getattr(function, "__code__", None)]
    for code in codes:  # grows: functions within
        found += [names[name] for name in getattr(code, "co_names", ()) if name in names]
        codes += [one for one in getattr(code, "co_consts", ()) if hasattr(one, "co_names")]
    return found


def _reaches_a_push(context: DagContext, value: Any) -> bool:
    """Whether a function, class or module is of another file of the repository that pushes or asks for the context."""
    name = value.__name__ if type(value).__name__ == "module" else getattr(value, "__module__", None)
    path = getattr(sys.modules.get(str(name)), "__file__", None)
    if not isinstance(path, str) or path == context.file.path or not context.file.users.own(path):
        return False
    names = {one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", "") for one in _names(context, path)}
    return bool(names & {"xcom_push", "axcom_push", "get_current_context"})


def _names(context: DagContext, path: str) -> list[ast.AST]:
    return [one for one in ast.walk(context.file.definitions.tree(path)) if isinstance(one, (ast.Attribute, ast.Name))]
