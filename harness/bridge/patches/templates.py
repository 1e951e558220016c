"""Jinja templates of tasks, compiled once: Airflow compiles every templated string anew for every task that has it.

So it does with their environments, which are made out of settings of the Dag: once here, and copied for each task.

Compiling is a function of the text and of the environment's settings. It folds constants by calling filters and tests,
so where those are not Jinja's and Airflow's own, which are functions of their arguments, nothing is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

KEPT = 4096
"""Compiled templates kept; beyond that number all are forgotten."""
_kept: dict[Any, Any] = {}
"""For good, and for the whole process: the key is all that they depend on."""

_SETTINGS = (
    *("block_start_string", "block_end_string", "variable_start_string", "variable_end_string"),
    *("comment_start_string", "comment_end_string", "line_statement_prefix", "line_comment_prefix"),
    *("trim_blocks", "lstrip_blocks", "newline_sequence", "keep_trailing_newline"),
    *("undefined", "optimized", "autoescape", "is_async"),
)
"""Attributes of an environment that its lexer and compiler read."""


def once() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """What to replace for the length of a simulation: (module or class, name, what stands there meanwhile)."""
    from airflow.sdk.definitions._internal import templater

    yield compiled_once()
    if hasattr(templater, "create_template_env"):  # 3.1 has none
        yield templater, "create_template_env", _copied(templater.create_template_env)


def compiled_once() -> tuple[Any, str, Callable[..., Any]]:
    """``compile`` of Airflow's environments, to be put into the class that both derive from.

    Source: ``Environment.from_string``, ``Environment.compile`` (Jinja 3.1), ``create_template_env`` (3.3.2).
    """
    from airflow.sdk.definitions._internal import templater
    from jinja2 import Environment
    from jinja2.utils import internalcode

    plain = _Plain(templater.FILTERS)

    @internalcode
    def compiled(self: Any, source: Any, name: Any = None, filename: Any = None, *args: Any, **kwargs: Any) -> Any:
        settings = plain.settings(self) if type(source) is str and not args and not kwargs else None
        if settings is None:
            return Environment.compile(self, source, name, filename, *args, **kwargs)
        key = (type(self), source, name, filename, settings)
        code = _kept.get(key)
        if code is None:
            if len(_kept) >= KEPT:
                _kept.clear()
            code = _kept[key] = Environment.compile(self, source, name, filename)
        return code

    return templater._AirflowEnvironmentMixin, "compile", compiled


def _copied(create: Callable[..., Any]) -> Callable[..., Any]:
    """``create_template_env``, whose result a task may change: its parts are the task's own.

    With keyword arguments for the environment of the user's own, which may hold anything, nothing is remembered.
    """
    made: dict[Any, Any] = {}

    def create_template_env(*, jinja_environment_kwargs: Any = None, **given: Any) -> Any:
        if jinja_environment_kwargs:
            return create(jinja_environment_kwargs=jinja_environment_kwargs, **given)
        macros, filters = (given.pop(f"user_defined_{name}", None) or {} for name in ("macros", "filters"))
        key = tuple((name, tuple(value) if type(value) is list else value) for name, value in given.items())
        found = made.get(key)
        if found is None:
            found = made[key] = create(**given)
        environment = _copy(found)
        environment.globals.update(macros)
        environment.filters.update(filters)
        return environment

    return create_template_env


def _copy(environment: Any) -> Any:
    """An environment like it that shares nothing which can be changed.

    Source: ``Environment.overlay`` (Jinja 3.1), which shares filters, tests and globals.
    """
    copy = object.__new__(type(environment))
    own: dict[str, Any] = {n: dict(part) if type(part) is dict else part for n, part in vars(environment).items()}
    vars(copy).update(own)
    copy.extensions = {name: extension.bind(copy) for name, extension in own["extensions"].items()}
    if own["loader"] is not None:
        copy.loader = type(own["loader"])(list(own["loader"].searchpath))
    return copy


class _Plain:
    """Tells environments whose compiler calls nothing of the user's.

    Args:
        filters: those that Airflow adds to Jinja's.
    """

    def __init__(self, filters: dict[str, Any]) -> None:
        from jinja2.defaults import DEFAULT_POLICIES
        from jinja2.ext import ExprStmtExtension
        from jinja2.filters import FILTERS
        from jinja2.tests import TESTS

        self._filters, self._tests, self._policies = {**FILTERS, **filters}, TESTS, DEFAULT_POLICIES
        self._extensions = [ExprStmtExtension]

    def settings(self, environment: Any) -> tuple[Any, ...] | None:
        """What else its compiler depends on; None where that is not all."""
        own = vars(environment)
        if (
            own["finalize"] is not None
            or own["filters"] != self._filters
            or own["tests"] != self._tests
            or own["policies"] != self._policies
            or [type(each) for each in own["extensions"].values()] != self._extensions
            or "intercepted_binops" in own
            or "intercepted_unops" in own
        ):
            return None
        return tuple(own[name] for name in _SETTINGS)
