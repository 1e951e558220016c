"""What a repository still says in the words of Airflow 2, in one pass over its text: ``check --upgrade``.

Here is what such a pass came to: names, what to write instead, places. Plain data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.upgrade.uses import AirflowName, SourceLine

SCHEMA = "airflow-harness/upgrade/1"

GONE, OLD = "gone", "old"
"""It does not work on the installed Airflow; it works there, and has another name now."""


@dataclass(frozen=True)
class UpgradeRow:
    """A name that a repository should not use any more.

    Attributes:
        state: `GONE` or `OLD`.
        instead: what to write; None where Airflow has nothing public in its place.
        places: sorted.
    """

    name: AirflowName
    state: str
    instead: str | None
    places: tuple[SourceLine, ...]

    @property
    def files(self) -> int:
        """How many files use it."""
        return len({place.path for place in self.places})

    def to_json(self) -> dict[str, Any]:
        """The row of the document."""
        return {
            "name": self.name.shown,
            "kind": self.name.kind,
            "state": self.state,
            "instead": self.instead,
            "uses": [{"path": place.path, "line": place.line} for place in self.places],
        }


@dataclass(frozen=True)
class Upgrade:
    """The report.

    Attributes:
        airflow: version of the installed one, which the names were put before.
        rows: what is gone first; what is used most first.
        looked_at: how many files.
        unknown: names of providers that are not installed, so that nobody can say.
        seconds: real time.
    """

    airflow: str
    rows: tuple[UpgradeRow, ...]
    looked_at: int
    unknown: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    def of(self, state: str) -> list[UpgradeRow]:
        """The rows of a state."""
        return [row for row in self.rows if row.state == state]

    @property
    def exit_code(self) -> int:
        """0: nothing that would not work, 1: something is gone."""
        return 1 if self.of(GONE) else 0

    def to_json(self) -> dict[str, Any]:
        """The document ``airflow-harness/upgrade/1``."""
        summary = {
            "files": self.looked_at,
            "gone": len(self.of(GONE)),
            "old": len(self.of(OLD)),
            "uses": sum(len(row.places) for row in self.rows),
            "seconds": round(self.seconds, 3),
        }
        rows = [row.to_json() for row in self.rows]
        return {
            "schema": SCHEMA,
            "airflow": self.airflow,
            "names": rows,
            "not_installed": list(self.unknown),
            "summary": summary,
        }
