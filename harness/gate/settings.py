"""What ``pyproject.toml`` says of checks, looked up: names that do not exist are errors with their line."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.checks.context import LIMITS, OPTIONS, CheckSelection
from harness.checks.own import own_checks
from harness.errors import UsageError, known_names
from harness.gate.selection import SeverityRules, is_known, unknown
from harness.project.config import Config

PARSE_LIMITS: dict[str, float] = {"import-timeout-s": 30, "memory-mb": 1024}
"""Thresholds of the parse itself: real seconds of one import, memory beyond Airflow's own."""


def selection_of(config: Config, select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> CheckSelection:
    """What a project and a command line want to know; the checks must be registered.

    Raises: UsageError: a check, family, limit or option that does not exist, with ``file:line`` and the nearest.
    """
    for name in config.checks:
        if not is_known(name):
            raise unknown(f"{name!r} is neither a check nor a family of checks", name, config.where("checks", name))
    for glob, names in config.per_path_ignores.items():
        for name in names:
            if not is_known(name):
                where = config.where("per-path-ignores", glob)
                raise unknown(f"{name!r} is neither a check nor a family of checks", name, where)
    _refuse_unknown(config, "limits", config.limits, {**LIMITS, **PARSE_LIMITS})
    own = {name for name in config.options for check in own_checks() if name.startswith(check.id)}
    _refuse_unknown(config, "options", config.options, {*OPTIONS, *own})
    for name, text in config.options.items():
        _valid_pattern(config, name, text)
    severities = SeverityRules(config.checks, select, ignore).severities()
    limits = {**LIMITS, **{name: value for name, value in config.limits.items() if name in LIMITS}}
    return CheckSelection(severities, limits, dict(config.options))


def parse_limit(config: Config, name: str) -> float:
    """One of `PARSE_LIMITS`."""
    return config.limits.get(name, PARSE_LIMITS[name])


def xcom_bytes(config: Config) -> float | None:
    """Bytes of JSON above which an XCom of a run is told; None where ``xcom-size`` is off."""
    severity = config.checks.get("xcom-size", config.checks.get("content"))
    return None if severity == "off" else config.limits.get("xcom-bytes", LIMITS["xcom-bytes"])


def _refuse_unknown(config: Config, table: str, given: Iterable[str], known: Iterable[str]) -> None:
    for name in given:
        if name not in known:
            raise UsageError(
                f"there is no {table[:-1]} {name!r}",
                where=config.where(table, name),
                known=known_names(name, known),
                fix="correct or remove the key",
            )


def _valid_pattern(config: Config, name: str, text: str) -> None:
    if not name.endswith("-pattern"):
        return
    try:
        re.compile(text)
    except re.error as error:
        where = config.where("options", name)
        raise UsageError(f"{name} {text!r} is no regular expression: {error}", where=where) from None
