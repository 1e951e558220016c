"""Which checks are on, and how severe: their defaults, the project's settings, then the command line.

Names that do not exist are errors, of ``pyproject.toml`` with their line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.checks.catalogue import FAMILIES
from harness.checks.context import LIMITS, OPTIONS, CheckSelection
from harness.checks.own import own_checks
from harness.checks.registry import CHECKS, Check
from harness.checks.upkeep import CHECK_FAILED
from harness.errors import UsageError, known_names
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


def _refuse_unknown(config: Config, table: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
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


ALWAYS = ("import-error", CHECK_FAILED)
"""On whatever is selected: a file that cannot be looked at must not look clean."""


@dataclass(frozen=True)
class SeverityRules:
    """What was asked for, by check id or family; an id goes before its family.

    Attributes:
        settings: id or family -> severity, of ``pyproject.toml``.
        select: only these; one that is off by default is an error then.
        ignore: not these.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def severities(self) -> dict[str, str]:
        """Check id -> ``error`` or ``warning``, of every registered check that is on.

        Raises: UsageError: a name on the command line that is neither check nor family, or nothing left.
        """
        for option, names in (("--select", self.select), ("--ignore", self.ignore)):
            for name in names:
                if not is_known(name):
                    raise unknown(f"{option} {name!r} is neither a check nor a family of checks", name)
        found = {check.id: severity for check in CHECKS.values() if (severity := self._of(check)) != "off"}
        if not found.keys() - {CHECK_FAILED}:
            raise UsageError("no check is left to be made", fix="loosen --select or --ignore")
        return found

    def _of(self, check: Check) -> str:
        names = (check.id, check.family)
        set_to = next((self.settings[name] for name in names if name in self.settings), None)
        if check.id == CHECK_FAILED:
            return "error"
        if check.id in self.ignore or (check.family in self.ignore and check.id not in self.select):
            return "off"
        if self.select and not any(name in self.select for name in names):
            return (set_to or check.severity) if check.id in ALWAYS else "off"
        severity = set_to or check.severity
        if severity == "off" and (check.id in self.select or (self.select and check.id not in self.settings)):
            return "error"
        return severity


def families() -> list[str]:
    """Every family there is, users' own included."""
    return sorted({*FAMILIES, *(check.family for check in CHECKS.values())})


def is_known(name: str) -> bool:
    """Whether a name is that of a check or a family."""
    return name in CHECKS or name in families()


def unknown(fact: str, name: str, where: str | None = None) -> UsageError:
    """The error of a name that is neither, with the nearest ones."""
    known = known_names(name, [*CHECKS, *families()], limit=8)
    return UsageError(fact, where=where, known=known, fix="see airflow-harness check --list")


def checks_of(names: Iterable[str]) -> set[str]:
    """Ids of the checks that ids and families name."""
    named = set(names)
    return {check.id for check in CHECKS.values() if check.id in named or check.family in named}
