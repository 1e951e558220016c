"""``default-args``."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from inspect import signature

from harness.bridge.operators import class_of
from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem

ALIKE = 0.8
"""How much of two names is the same before one is taken for the other: ``retires`` for ``retries`` (0.86)."""


@check("default-args")
def default_args(context: DagContext) -> Iterator[Problem]:
    """A key of ``default_args`` that is misspelt: no task of the Dag takes it, and one of that name nearly exists.

    Airflow gives each operator what it takes of them and says nothing of the rest: ``retires=3`` are no retries, and
    ``on_failure_calback`` tells nobody. Keys that are like no argument of all operators are not told: they may be
    meant for an operator that only another Dag uses.

    Fix: the name of the argument.
    """
    given = [context.dag.default_args, *(group.default_args for group in context.dag.task_group_dict.values())]
    keys = dict.fromkeys(key for one in given if isinstance(one, Mapping) for key in one if isinstance(key, str))
    taken = frozenset[str]().union(*(_taken(class_of(task)) for task in context.tasks))
    for key in keys if taken else ():
        of_all = [] if key in taken else get_close_matches(key, _of_all(context), n=1, cutoff=ALIKE)
        if of_all:
            said = f"default_args of Dag {context.dag_id!r} have {key!r}, which no task takes"
            yield Problem(said, line=_line(context, key), fix=f"{of_all[0]!r}?")


@cache
def _taken(operator: type) -> frozenset[str]:
    """Parameters of a class and its bases. Source: ``BaseOperatorMeta._apply_defaults`` (3.3.2)."""
    return frozenset[str]().union(*(_own(one) for one in operator.__mro__))


@cache
def _own(operator: type) -> frozenset[str]:
    made = vars(operator).get("__init__")
    try:
        return frozenset(signature(made).parameters) if made is not None else frozenset()
    except (TypeError, ValueError):
        return frozenset()


def _of_all(context: DagContext) -> list[str]:
    """Parameters that every operator has: those of Airflow's own base."""
    bases = [one for task in context.tasks for one in class_of(task).__mro__ if one.__name__ == "BaseOperator"]
    return sorted(_own(bases[0]) - {"self", "args", "kwargs"}) if bases else []


def _line(context: DagContext, key: str) -> int | None:
    """Where the key stands in the file; else where the Dag is made."""
    for node in ast.walk(context.file.tree):
        if isinstance(node, ast.Dict):
            lines = [one.lineno for one in node.keys if isinstance(one, ast.Constant) and one.value == key]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "dict":
            lines = [one.value.lineno for one in node.keywords if one.arg == key]
        else:
            continue
        if lines:
            return lines[0]
    return context.line
