"""Jinja templates of tasks, compiled once: Airflow compiles every templated string anew for every task that has it.

Compiling is a function of the text and of the environment's settings. It folds constants by calling filters and tests,
so where those are not Jinja's and Airflow's own, which are functions of their arguments, nothing is remembered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEPT = 4096
"""Compiled templates kept; beyond that number all are forgotten."""
_kept: dict[Any, Any] = {}  # for good: the key is all that they depend on

_SETTINGS = (
    *("block_start_string", "block_end_string", "variable_start_string", "variable_end_string"),
    *("comment_start_string", "comment_end_string", "line_statement_prefix", "line_comment_prefix"),
    *("trim_blocks", "lstrip_blocks", "newline_sequence", "keep_trailing_newline"),
    *("undefined", "optimized", "autoescape", "is_async"),
)
"""Attributes of an environment that its lexer and compiler read."""


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
