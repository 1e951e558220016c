"""``template-field``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from harness.bridge.operators import arguments, class_of
from harness.bridge.parsing.trials.rendering import texts
from harness.checks.callables import callable_of, plain
from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem

_AIRFLOWS = re.compile(
    r"\{[{%](?:(?!\}\}).)*?(?<![\w.'\"])"
    r"(?:(?:ds|ts)(?:_nodash)?|ts_nodash_with_tz|(?:prev|next|yesterday|tomorrow)_ds(?:_nodash)?|logical_date|execution_date"
    r"|data_interval_(?:start|end)|prev_\w+_success|run_id|task_instance_key_str)(?![\w(])"
    r"|\{[{%](?:(?!\}\}).)*?(?<![\w.'\"])(?:(?:task_instance|ti|dag_run|macros|params|conn|var\.(?:value|json))\.|params\[)",
    re.DOTALL,
)
"""A template that means Airflow: other things are written in braces too."""
_NEVER_MEANT = {"doc", "doc_md", "doc_json", "doc_yaml", "doc_rst", "map_index_template", "params", "template_fields"}
_OF_EVERY_OPERATOR = {"executor", "executor_config", "owner", "pool", "queue", "run_as_user", "task_display_name"}
_RENDERERS = {"Template", "from_string", "render", "render_template"}
_SHOWN = 50
_DEEPEST = 5


@check("template-field")
def template_field(context: DagContext) -> Iterator[Problem]:
    """A template in an argument that the operator does not render.

    Airflow renders the fields that an operator names in ``template_fields``, and nothing else: not ``pool``, not
    ``queue``, not ``params``, not the default of a function's parameter, not the keys of a dict. There the task works
    with the braces themselves: a pool of that name does not exist, a file is called ``{{ ds }}.csv``. Looked for are
    templates that name something of Airflow's.

    Fix: give the value where it is rendered; or name the field in the ``template_fields`` of an operator of your own:
    ``template_fields = (*BashOperator.template_fields, "cwd")``.
    """
    for name, value in context.dag.params.items():
        if found := _in(getattr(value, "value", None)):
            said = f"param {name!r} of Dag {context.dag_id!r} holds {_short(found)}, which is never rendered"
            yield Problem(said, fix="write the template where the param is used")
    for task in context.tasks:
        for field, lost, found in _unrendered(task):
            where = f"a key or an object in {field}" if lost else field
            said = f"task {task.task_id!r} has {_short(found)} in {where}, which {task.operator_name} does not render"
            yield Problem(said, task.task_id, fix=_fix(field, lost, task.task_type))
        for parameter, found in _defaults(task):
            said = f"task {task.task_id!r} has {_short(found)} as default of {parameter!r}, which is never rendered"
            yield Problem(said, task.task_id, fix=f"give {parameter} when the task is made")


def _fix(field: str, lost: bool, operator: str) -> str:
    if lost:
        return "texts, lists and the values of dicts are rendered"
    if field in _OF_EVERY_OPERATOR:
        return "write the value itself"
    return f'an operator of your own with template_fields = (*{operator}.template_fields, "{field}")'


def _short(text: str) -> str:
    shown = " ".join(text.split())
    return repr(shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…")


def _unrendered(task: Any) -> Iterator[tuple[str, bool, str]]:
    """Templates that nobody renders: the field, whether it is rendered itself, the text."""
    mapped = getattr(task, "is_mapped", False)
    fields = set(task.template_fields)
    for name, value in arguments(task).items():
        if name[0] == "_" or name in _NEVER_MEANT or (mapped and name not in _OF_EVERY_OPERATOR | fields):
            continue  # what a mapped operator makes of an argument of its own is not known
        if value.__class__ in _PLAIN:
            continue
        found = _lost(value, 0) if name in fields else _in(value)
        if found and not any(found in text for _, text in texts(task)) and not _renders_itself(task):
            yield name, name in fields, found


_PLAIN = (int, bool, float, type(None))


def _in(value: Any, depth: int = 0) -> str | None:
    """The first template of Airflow's in a value."""
    if isinstance(value, str):
        return value if "{" in value and _AIRFLOWS.search(value) else None
    if depth < _DEEPEST and value.__class__ in (list, tuple, set, dict):
        inner = [*value.keys(), *value.values()] if isinstance(value, dict) else value
        return next((found for one in inner if (found := _in(one, depth + 1))), None)
    return None


def _lost(value: Any, depth: int) -> str | None:
    """The first template in a rendered field that is not reached: in a key, in an object without ``template_fields``.

    Source: ``Templater.render_template``.
    """
    if isinstance(value, str) or value.__class__ in _PLAIN or depth >= _DEEPEST:
        return None
    if value.__class__ in (list, tuple, set):
        return next((found for one in value if (found := _lost(one, depth + 1))), None)
    if value.__class__ is dict:
        keys = (_in(key) for key in value)
        return next((found for found in (*keys, *(_lost(one, depth + 1) for one in value.values())) if found), None)
    held = getattr(value, "__dict__", None)
    if held.__class__ is not dict or isinstance(value, type) or callable(value):
        return None
    if hasattr(value, "template_fields") or hasattr(value, "resolve"):
        return None
    return next((found for one in held.values() if isinstance(one, str) and (found := _in(one))), None)


def _renders_itself(task: Any) -> bool:
    """Whether an operator's own methods render something."""
    for cls in class_of(task).__mro__:
        if cls.__module__.startswith("airflow.sdk."):
            continue
        for name, method in vars(cls).items():
            code = getattr(plain(method), "__code__", None)
            if name == "_render_nested_template_fields" or (
                code is not None and not _RENDERERS.isdisjoint(code.co_names)
            ):
                return True
    return False


def _defaults(task: Any) -> Iterator[tuple[str, str]]:
    """(parameter, text) of defaults of a task's function that nobody renders nor replaces."""
    code = getattr(function := plain(callable_of(task)), "__code__", None)
    if code is None or not (function.__defaults__ or function.__kwdefaults__):
        return
    named = code.co_varnames[: code.co_argcount]
    defaults = dict(zip(reversed(named), reversed(function.__defaults__ or ()), strict=False))
    given = getattr(task, "op_kwargs", None)
    for name, value in {**defaults, **(function.__kwdefaults__ or {})}.items():
        found = _in(value) if isinstance(value, str) else None
        if found and isinstance(given, dict) and name not in given and not getattr(task, "op_args", None):
            yield from [(name, found)] if _RENDERERS.isdisjoint(code.co_names) else []
