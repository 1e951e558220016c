"""What a comparison of two ledgers came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

SCHEMA = "airflow-harness/diff/1"

AREAS: dict[str, str] = {
    "states": "runs and task instances that are not in both, or ended in another state",
    "data": "rows and objects that services hold at the end",
    "schedule": "dates, type and conf of runs",
    "xcoms": "XComs, as they were pushed last",
    "rendered_fields": "template fields, as they were rendered last",
    "tries": "how many tries it took",
    "durations": "seconds that runs and last tries took, and that task instances waited",
    "findings": "what was found",
}
"""What is compared, the most important first."""


@dataclass(frozen=True)
class Side:
    """One of the two.

    Attributes:
        name: as it was asked for.
        ledger: name of its folder.
        records: how many it has, header and footer included.
        runs: that were compared.
    """

    name: str
    ledger: str
    records: int
    runs: int


@dataclass(frozen=True)
class Sample:
    """One of the places where something differs.

    Attributes:
        run: its logical date, or the run's id where it has none; of data the key of a row; empty for neither.
        map_index: -1 where it is not mapped.
        a, b: what is there, cut; None where nothing is.
        why: the error or reason that a ledger has for it.
    """

    run: str
    map_index: int
    a: str | None
    b: str | None
    why: str | None = None


@dataclass(frozen=True)
class LedgerChange:
    """Something that differs in the same way in one place or several.

    Attributes:
        area: of `AREAS`.
        what: ``run``, ``task instance``, ``xcom``, ``finding``, ``row`` …
        change: ``added``, ``removed`` or ``changed``, as seen from A.
        subject: whose it is: ``sales``, ``sales.load``, ``warehouse.daily``.
        field: of it: ``state``, the key of an XCom, a column; None for the whole.
        count: of places.
        samples: the first of them.
    """

    area: str
    what: str
    change: str
    subject: str
    field: str | None
    count: int
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True)
class JournalEvent:
    """A record of a journal.

    Attributes:
        n: its number.
        kind: of it: ``ti-state``, ``dag`` …
        subject: what it speaks of, in a line.
    """

    n: int
    instant: str | None
    kind: str
    subject: str


@dataclass(frozen=True)
class FirstEvent:
    """Where two journals part.

    Attributes:
        a, b: None on the side that has ended by then.
        fields: in which the two records differ.
    """

    a: JournalEvent | None
    b: JournalEvent | None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Totals:
    """How much differs in one area: places, not groups of them."""

    added: int = 0
    removed: int = 0
    changed: int = 0

    @property
    def all(self) -> int:
        """Of every sort."""
        return self.added + self.removed + self.changed


@dataclass(frozen=True)
class Comparison:
    """Two ledgers, compared.

    Attributes:
        changes: the most important first, at most so many of each area.
        totals: of each area in which something differs, what `changes` does not show included.
        first_event: where the journals part; None where they never do.
        notes: what could not be compared, and why.
        ignored: what was asked not to be looked at.
    """

    a: Side
    b: Side
    changes: tuple[LedgerChange, ...]
    totals: dict[str, Totals]
    first_event: FirstEvent | None = None
    notes: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def alike(self) -> bool:
        """Whether nothing differs that was looked at."""
        return not self.totals

    def of_area(self, area: str) -> tuple[LedgerChange, ...]:
        """Its changes."""
        return tuple(change for change in self.changes if change.area == area)

    def to_json(self) -> dict[str, Any]:
        """The document ``diff --format json``."""
        return {
            "schema": SCHEMA,
            "alike": self.alike,
            "a": asdict(self.a),
            "b": asdict(self.b),
            "areas": [
                {"area": area, **asdict(total), "changes": [_plain(change) for change in self.of_area(area)]}
                for area, total in self.totals.items()
            ],
            "first_event": None if self.first_event is None else asdict(self.first_event),
            "notes": list(self.notes),
            "ignored": list(self.ignored),
        }


def _plain(change: LedgerChange) -> dict[str, Any]:
    told = asdict(change)
    del told["area"]
    told["samples"] = list(told["samples"])
    return told


def ordered(totals: dict[str, Totals], areas: Iterable[str] = AREAS) -> dict[str, Totals]:
    """Those with anything in them, the most important area first."""
    return {area: totals[area] for area in areas if area in totals and totals[area].all}
