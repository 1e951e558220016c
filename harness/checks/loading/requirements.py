"""What a requirements file says of packages and of the Airflow it is for. No check of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.project.installed import version_of

_NAME = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)", re.MULTILINE)
_PINS = re.compile(
    r"^\s*apache[-_.]airflow(?:[-_.]core)?\s*(?:\[[^\]]*\])?\s*==\s*([\w.]+)", re.MULTILINE | re.IGNORECASE
)
_CONSTRAINTS = re.compile(r"constraints-(\d+\.\d+\.\d+)")


@dataclass(frozen=True)
class Requirements:
    """A requirements file.

    Attributes:
        packages: canonical names.
        airflow: the version that it pins; None when it pins none.
    """

    packages: frozenset[str]
    airflow: str | None = None

    @classmethod
    def of(cls, path: str) -> Requirements:
        """The file; one that cannot be read names nothing."""
        try:
            text = Path(path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = ""
        pinned = _PINS.search(text) or _CONSTRAINTS.search(text)
        return cls(frozenset(map(_canonical, _NAME.findall(text))), pinned[1] if pinned else None)

    def names(self, package: str) -> bool:
        """Whether it names a package."""
        return _canonical(package) in self.packages

    @property
    def fits(self) -> bool:
        """Whether to install it leaves Airflow as it is."""
        return self.airflow is None or self.airflow in (version_of("apache-airflow"), version_of("apache-airflow-core"))


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
