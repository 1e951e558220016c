"""``callback``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from harness.bridge.parsing.trials.callbacks import (
    Callback,
    Raised,
    callbacks,
    called,
    has_templates,
    uncallable,
)
from harness.bridge.parsing.trials.trial import kinds
from harness.checks.callables import plain
from harness.checks.content.reached import undefined_names
from harness.checks.content.template_error import REPLACED
from harness.checks.context import DagContext, FileContext
from harness.checks.registry import check
from harness.results.finding import Problem

_PROCESSES = 3


@check("callback", level="file")
def callback(file: FileContext) -> Iterator[Problem]:
    """A callback that is sure to fail when it is needed.

    A string or a task in place of a function, a signature that does not take the context, an ``async def``, a name that
    nobody defined, a key that the context does not have (``context["execution_date"]``; ``context["exception"]`` in a
    callback of the Dag), an attribute that ``ti`` or ``dag_run`` no longer have. Airflow logs the error and goes on:
    the task has failed, and nobody is told.

    Callbacks that the repository defines are called with the context of a run that never was, in a process that can
    reach neither network nor files. What fails because of that, or because a real run knows more, is not told.

    Fix: a function of one parameter, ``def notify(context)``. ``simulate`` and ``run`` call callbacks with real runs.
    """
    found: dict[Any, tuple[DagContext, Callback]] = {}
    for context in file.dags:
        for one in callbacks(context.dag):
            found.setdefault(_identity(one), (context, one))
    tried: list[tuple[DagContext, Callback]] = []
    for context, one in found.values():
        reason = uncallable(one)
        names = undefined_names(plain(one.function)) if reason is None and _own(file, one) else []
        if names:
            reason = f"reads {', '.join(map(repr, names))}, which nobody defines"
        if reason is not None:
            yield _problem(context, one, reason, *_place(context, one))
        elif _own(file, one) or has_templates(one.function):
            tried.append((context, one))
    for (context, one), raised in _called(file, tried):
        instead = REPLACED.get(raised.key or "")
        fix = f"Airflow 3 has {instead}" if instead and instead.isidentifier() else None
        yield _problem(
            context, one, raised.reason, *((raised.path, raised.line) if raised.path else _place(context, one)), fix
        )


def _called(
    file: FileContext, tried: list[tuple[DagContext, Callback]]
) -> Iterator[tuple[tuple[DagContext, Callback], Raised]]:
    """What those raise that are sure to; one that ends its process is left out."""
    timetables = {id(context.dag): context.timetable for context, _ in tried}
    for _ in range(_PROCESSES):
        if not tried or file.watch is None:
            return
        outcomes = called([one for _, one in tried], lambda dag: timetables[id(dag)], file.users.own)
        from harness.bridge.parsing.confinement import (
            apart,  # what watches need not be there where nothing is parsed
        )

        answers = apart(lambda them=outcomes: (None if one is None else vars(one) for one in them), file.watch)  # type: ignore[misc]
        yield from ((one, Raised(**raised)) for one, raised in zip(tried, answers, strict=False) if raised is not None)
        tried = tried[len(answers) + 1 :]


def _problem(
    context: DagContext, one: Callback, reason: str, path: str | None, line: int | None, fix: str | None = None
) -> Problem:
    whose = f"Dag {context.dag_id!r}" if one.task is None else f"task {one.task.task_id!r}"
    name = getattr(one.function, "__name__", None)
    said = f"{one.kind} of {whose}{f', {name}(),' if name else ''} {reason}"
    task_id = None if one.task is None else one.task.task_id
    return Problem(said, task_id, line, path, fix, context.dag_id)


def _place(context: DagContext, one: Callback) -> tuple[str | None, int | None]:
    """Where a callback is defined, or else whose it is."""
    found = context.file.definitions.of(one.function) if isinstance(one.function, _FUNCTIONS) else None
    if found is not None:
        return found.path, found.node.lineno
    place = context.place(one.task.task_id) if one.task is not None else context.made
    return place or (None, context.line)


_FUNCTIONS = (FunctionType, MethodType, partial)
"""A decorated task is none: there it is the use that is wrong."""


def _identity(one: Callback) -> Any:
    """Callbacks that go the same way: the same function for the same kind of thing."""
    whose = one.kind if one.kind == "on_execute_callback" else one.task is None
    return id(one.function) if callable(one.function) else str(one.function), whose, tuple(kinds(one.dag))


def _own(file: FileContext, one: Callback) -> bool:
    """Whether the repository defines it."""
    function = plain(one.function)
    code = getattr(function, "__code__", None) or getattr(getattr(type(function), "notify", None), "__code__", None)
    return code is not None and file.users.own(code.co_filename)
