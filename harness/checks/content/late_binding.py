"""``late-binding``."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

from harness.bridge.operators import arguments
from harness.bridge.parsing.trials.callbacks import OF_TASKS
from harness.checks.callables import plain
from harness.checks.content.loops import shared_names
from harness.checks.content.reached import free_names
from harness.checks.context import DagContext, FileContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("late-binding", level="file")
def late_binding(file: FileContext) -> Iterator[Problem]:
    """A function of a task, made in a loop, that reads the loop's variable when it runs.

    By then the loop is over: all the tasks work on the last table, with the last Dag, and all of them succeed. Looked
    at are the functions of tasks, sensors and callbacks that a loop made more than once. (ruff's B023 looks at any
    function in a loop.)

    Fix: bind the value when the function is made, ``def load(table=table)``; better, give it as an argument,
    ``load(table)``, ``op_kwargs={"table": table}``, or make the tasks in a function that takes it.
    """
    made: dict[tuple[str, int, str], list[tuple[DagContext, Any, FunctionType]]] = {}
    for context in file.dags:
        for task in context.tasks:
            for function in _functions(task):
                code = function.__code__
                if file.users.own(code.co_filename):
                    key = (code.co_filename, code.co_firstlineno, code.co_name)
                    made.setdefault(key, []).append((context, task, function))
    for (path, line, _), those in made.items():
        context, task, function = those[0]
        if len({id(one) for _, _, one in those}) < 2 or (definition := file.definitions.of(function)) is None:
            continue
        late = shared_names(file.definitions.tree(path), definition.node) & free_names(function)
        if late:
            names = ", ".join(map(repr, sorted(late)))
            said = f"{function.__name__}() of {len(those)} tasks reads {names} of the loop that made it"
            fix = f"bind it when it is made: {sorted(late)[0]}={sorted(late)[0]} among the parameters, or op_kwargs="
            message = f"{said}: when they run, all of them have the last value"
            yield Problem(message, task.task_id, line, path, fix, context.dag_id)


def _functions(task: Any) -> Iterator[FunctionType]:
    """Functions that a task was given: its callable, those that sensors ask, callbacks."""
    for name, value in list(arguments(task).items()):
        if name[0] == "_":
            continue
        if callable(value) and isinstance(function := plain(value), FunctionType):
            yield function
        elif name in OF_TASKS and isinstance(value, (list, tuple)):
            yield from (one for one in map(plain, value) if isinstance(one, FunctionType))
