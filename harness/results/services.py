"""What services of the world came to hold and what they heard during a run or a calendar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from harness.text import counted


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that a service was told, as a mail.

    Attributes:
        kind: singular: ``mail``, ``request``, ``message``, ``metric``.
        about: one line: ``POST /hook``, ``To: a@b.c, it failed``.
    """

    kind: str
    about: str


@dataclass(frozen=True, slots=True)
class PartChange:
    """What became of one table or one bucket.

    Attributes:
        part: its name.
        kind: singular: ``table``, ``bucket``.
        row: what it holds, singular: ``row``, ``object``.
        added, removed, changed: how many of these.
    """

    part: str
    kind: str
    row: str
    added: int = 0
    removed: int = 0
    changed: int = 0

    def __str__(self) -> str:
        counts = [(self.added, "added"), (self.removed, "removed"), (self.changed, "changed")]
        words = [f"{counted(number, self.row)} {word}" for number, word in counts if number]
        return f"{self.kind} {self.part}: {', '.join(words) or 'made or dropped, empty'}"

    def to_json(self) -> dict[str, Any]:
        """The change as the documents hold it."""
        return {name: getattr(self, name) for name in ("part", "kind", "row", "added", "removed", "changed")}


@dataclass(frozen=True, slots=True)
class ServiceUse:
    """What became of the service of one connection.

    Attributes:
        changes: tables and buckets that are not what they were before, by name.
        heard: in order.
    """

    conn_id: str
    service: str
    changes: tuple[PartChange, ...] = ()
    heard: tuple[Heard, ...] = ()

    def __str__(self) -> str:
        words = [counted(number, kind) for kind, number in Counter(one.kind for one in self.heard).items()]
        came = "; ".join([*words, *map(str, self.changes)]) or "nothing came of it"
        return f"{self.conn_id} ({self.service})  {came}"

    def to_json(self) -> dict[str, Any]:
        """The use as the documents hold it."""
        return {
            "conn_id": self.conn_id,
            "service": self.service,
            "changes": [change.to_json() for change in self.changes],
            "heard": [{"kind": one.kind, "about": one.about} for one in self.heard],
        }


def totals(uses: Iterable[ServiceUse]) -> str:
    """``2 mails, 1 message, 4 tables changed``: all of it in a few words; empty where nothing came of them."""
    heard = Counter(one.kind for use in uses for one in use.heard)
    changed = Counter(change.kind for use in uses for change in use.changes)
    words = [counted(number, kind) for kind, number in heard.items()]
    return ", ".join([*words, *(f"{counted(number, kind)} changed" for kind, number in changed.items())])
