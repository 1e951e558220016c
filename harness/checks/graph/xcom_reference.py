"""``xcom-reference``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.checks.context import DagContext
from harness.checks.graph.pulls import RETURN_VALUE, Pull, functions, in_source, in_templates
from harness.checks.graph.pushes import may_push, never_pushes
from harness.checks.registry import check
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
