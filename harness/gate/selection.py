"""Which checks are on, and how severe: their defaults, the project's settings, then the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.checks.catalogue import FAMILIES
from harness.checks.registry import CHECKS, Check
from harness.checks.upkeep import CHECK_FAILED
from harness.errors import UsageError, known_names

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
