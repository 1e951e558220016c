"""What Airflow works out anew for every task, worked out once: nothing it depends on changes while a simulation runs.

Each entry stands on how the installed version does it, seen by name or signature, and is left out where it does not
fit. All of it is put back after a simulation (`harness.bridge.patches.around_tasks`), so that what is remembered lives
no longer.

* ``TypeAdapter``: task_runner builds the same pydantic adapter at every rendered field.
* ``iter_mapped_dependants``: walks through the whole Dag at the end of every task; once for each task here.
* ``conf``: every task asks the configuration file parser the same again.
* ``coerce_datetime``: the dates of a run, the same for all of its tasks.
* ``should_hide_value_for_key``: whether a name is that of a secret.
* ``create_executable_runner``: makes a class for each call of a callable, which only a generator function needs.
* ``_AsyncExecutionCallableRunner``: so it does for coroutines; ``Generic`` examines each of those classes.
* ``is_async_callable``, ``inspect.signature`` of the decorators: of the same functions in every run.
* Jinja templates: every templated string is compiled anew for every task that has it.
* Jinja environments, which are made out of settings of the Dag: once here, and copied for each task.

Compiling is a function of the text and of the environment's settings. It folds constants by calling filters and tests,
so where those are not Jinja's and Airflow's own, which are functions of their arguments, nothing is remembered.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from functools import lru_cache
from operator import is_
from types import FunctionType
from typing import Any, Generic

from harness.bridge.patches import Change

KEPT = 4096
"""Answers kept of one question; values of that number are forgotten all at once."""

_UNCHANGING = frozenset({str, int, float, bool, type(None)})
_SWITCH = "hide_sensitive_var_conn_fields"
_ASYNC = "_AsyncExecutionCallableRunner"


def caches() -> Iterator[Change]:
    """What to replace for the length of a simulation."""
    from airflow.sdk.definitions._internal.abstractoperator import AbstractOperator
    from airflow.sdk.execution_time import task_runner

    yield AbstractOperator, "iter_mapped_dependants", _dependants(AbstractOperator.iter_mapped_dependants)
    yield task_runner, "coerce_datetime", _dates(task_runner.coerce_datetime)
    if getattr(task_runner, "TypeAdapter", None) is _pydantic_adapter():
        yield task_runner, "TypeAdapter", _cached_adapter
    for asks in (task_runner, sys.modules.get("airflow.sdk.configuration")):  # 3.1 has not the latter
        if asks is not None and hasattr(asks, "conf"):
            yield asks, "conf", _RememberedConf(asks.conf)
    yield from _secret_names()
    yield from _callables()


def _dependants(walk: Callable[[Any], Iterator[Any]]) -> Callable[[Any], Iterator[Any]]:
    """``iter_mapped_dependants``, which walks through the whole Dag for each task that ends: once for each task."""
    known: dict[tuple[int, str], tuple[Any, tuple[Any, ...]]] = {}

    def dependants(operator: Any) -> Iterator[Any]:
        dag = operator.get_dag()
        key = (id(dag), operator.task_id)
        found = known.get(key)
        if found is None or found[0] is not dag:
            found = known[key] = (dag, tuple(walk(operator)))
        return iter(found[1])

    return dependants


def _dates(original: Callable[..., Any]) -> Callable[..., Any]:
    """``coerce_datetime``; its results are immutable, equal dates of UTC give equal ones."""
    known: dict[datetime, Any] = {}

    def coerce_datetime(v: Any, *args: Any, **kwargs: Any) -> Any:
        if type(v) is not datetime or v.tzinfo is not timezone.utc or args or kwargs:
            return original(v, *args, **kwargs)
        found = known.get(v)
        if found is None:
            _make_room(known)
            found = known[v] = original(v)
        return found

    return coerce_datetime


def _secret_names() -> Iterator[Change]:
    """The masker's answer for a name depends on its list of sensitive words and its switch, where it has both."""
    for path in ("airflow.sdk._shared.secrets_masker", "airflow.sdk.execution_time.secrets_masker"):
        masker = getattr(sys.modules.get(path), "SecretsMasker", None)
        hides = getattr(masker, "should_hide_value_for_key", None)
        if hides is not None and _SWITCH in hides.__code__.co_names:  # 3.1 asks its settings
            yield masker, "should_hide_value_for_key", _hides(hides)
            return


def _hides(original: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    known: dict[str, bool] = {}
    switch: Any = None
    words: list[Any] = []

    def should_hide_value_for_key(self: Any, name: Any) -> bool:
        nonlocal switch, words
        if type(name) is not str:
            return original(self, name)
        if self.hide_sensitive_var_conn_fields is not switch or self.sensitive_variables_fields != words:
            switch, words = self.hide_sensitive_var_conn_fields, list(self.sensitive_variables_fields)
            known.clear()
        found = known.get(name)
        if found is None:
            _make_room(known)
            found = known[name] = original(self, name)
        return found

    return should_hide_value_for_key


def _callables() -> Iterator[Change]:
    from airflow.sdk.bases import decorator
    from airflow.sdk.execution_time import callback_runner, task_runner

    create = _runners(callback_runner.create_executable_runner)
    for module in (callback_runner, task_runner):
        yield module, "create_executable_runner", create
    base = getattr(callback_runner, _ASYNC, None)
    if isinstance(base, type) and base.__bases__ == (Generic,):
        yield callback_runner, _ASYNC, type(_ASYNC, (), {"run": vars(base)["run"], "__module__": base.__module__})
    if getattr(decorator, "inspect", None) is inspect:
        yield decorator, "inspect", _RememberedInspect()
    if hasattr(decorator, "is_async_callable"):
        yield decorator, "is_async_callable", _of_functions(decorator.is_async_callable)


class _Runner:
    """What ``create_executable_runner`` makes of a callable that yields nothing: ``run`` calls it."""

    __slots__ = ("run",)

    def __init__(self, run: Callable[..., Any]) -> None:
        self.run = run


def _runners(original: Callable[..., Any]) -> Callable[..., Any]:
    def create_executable_runner(func: Any, *args: Any, **kwargs: Any) -> Any:
        if inspect.isgeneratorfunction(func):
            return original(func, *args, **kwargs)
        return _Runner(func)

    return create_executable_runner


class _RememberedInspect:
    """The module ``inspect`` whose ``signature`` reads each plain function once."""

    def __init__(self) -> None:
        self.signature = _of_functions(inspect.signature)

    def __getattr__(self, name: str) -> Any:
        return getattr(inspect, name)


def _of_functions(original: Callable[..., Any]) -> Callable[..., Any]:
    """A question about a callable, asked once of a function as it is written, without attributes that say otherwise."""
    known: dict[Any, Any] = {}

    def ask(func: Any, *args: Any, **kwargs: Any) -> Any:
        if type(func) is not FunctionType or func.__dict__ or args or kwargs:
            return original(func, *args, **kwargs)
        written = (func.__code__, func.__defaults__, func.__kwdefaults__, func.__annotations__)
        found = known.get(func)
        if found is None or not all(map(is_, found[0], written)):
            _make_room(known)
            found = known[func] = (written, original(func))
        return found[1]

    return ask


class _RememberedConf:
    """Airflow's configuration, its answers to Airflow's own code kept: that changes nothing while a simulation runs.

    Others may: a task that sets an option, or a variable of the environment, reads it then. What could be changed by
    whoever gets it (``getjson``, ``getlist``) is asked anew, as is what a fallback gives that has no hash.
    """

    def __init__(self, conf: Any) -> None:
        self._conf = conf
        self._compiled: dict[Any, Any] = {}

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._conf, name)
        if not name.startswith("get") or not callable(method):
            return method
        kept, missing = self._compiled, object()

        def ask(*args: Any, **kwargs: Any) -> Any:
            if not str(sys._getframe(1).f_globals.get("__name__")).startswith("airflow."):
                return method(*args, **kwargs)
            question = (name, args, *kwargs.items(), *map(type, kwargs.values()))  # True is not 1
            try:
                answer = kept.get(question, missing)
            except TypeError:
                return method(*args, **kwargs)
            if answer is missing:
                answer = method(*args, **kwargs)
                if type(answer) in _UNCHANGING:
                    kept[question] = answer
            return answer

        setattr(self, name, ask)
        return ask


def _make_room(known: dict[Any, Any]) -> None:
    if len(known) >= KEPT:
        known.clear()


def _pydantic_adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter


@lru_cache(maxsize=64)
def _cached_adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


_compiled: dict[Any, Any] = {}
"""For good, and for the whole process: the key is all that they depend on."""

_SETTINGS = (
    *("block_start_string", "block_end_string", "variable_start_string", "variable_end_string"),
    *("comment_start_string", "comment_end_string", "line_statement_prefix", "line_comment_prefix"),
    *("trim_blocks", "lstrip_blocks", "newline_sequence", "keep_trailing_newline"),
    *("undefined", "optimized", "autoescape", "is_async"),
)
"""Attributes of an environment that its lexer and compiler read."""


def templates_once() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
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
        code = _compiled.get(key)
        if code is None:
            if len(_compiled) >= KEPT:
                _compiled.clear()
            code = _compiled[key] = Environment.compile(self, source, name, filename)
        return code

    return templater._AirflowEnvironmentMixin, "compile", compiled


def _copied(create: Callable[..., Any]) -> Callable[..., Any]:
    """``create_template_env``, whose result a task may change: its parts are the task's own.

    With keyword arguments for the environment of the user's own, which may hold anything, nothing is remembered.
    """
    made: dict[Any, Any] = {}

    def create_template_env(*, jinja_environment_kwargs: Any = None, **settings: Any) -> Any:
        if jinja_environment_kwargs:
            return create(jinja_environment_kwargs=jinja_environment_kwargs, **settings)
        macros, filters = (settings.pop(f"user_defined_{name}", None) or {} for name in ("macros", "filters"))
        key = tuple((name, tuple(value) if type(value) is list else value) for name, value in settings.items())
        found = made.get(key)
        if found is None:
            found = made[key] = create(**settings)
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
