"""What a service holds and what it heard, as plain data that can be compared and told."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Heard:
    """One thing that a service was told, as a mail.

    Attributes:
        kind: singular: ``mail``, ``request``, ``message``, ``metric``.
        about: one line: ``POST /hook``, ``To: a@b.c, it failed``.
    """

    kind: str
    about: str


@dataclass(frozen=True)
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
        told = [f"{number:,} {self.row}{'s' * (number != 1)} {word}" for number, word in counts if number]
        return f"{self.kind} {self.part}: {', '.join(told) or 'made or dropped, empty'}"


@dataclass(frozen=True)
class Contents:
    """All that a lease holds at one moment.

    Attributes:
        kind: what ``parts`` are, singular: ``table``, ``bucket``.
        row: what they hold, singular.
        parts: name -> key -> value. Equal values are an unchanged row; a table without primary key has its whole rows
            as keys, numbered where several are equal.
    """

    kind: str
    row: str
    parts: Mapping[str, Mapping[Hashable, Hashable]] = field(default_factory=dict)

    def changes_to(self, after: Contents) -> list[PartChange]:
        """What differs in a later snapshot, by name of the part; what did not change is left out."""
        found = []
        for part in sorted({*self.parts, *after.parts}):
            old, new = self.parts.get(part), after.parts.get(part)
            if old == new:
                continue
            here, there = old or {}, new or {}
            changed = sum(here[key] != there[key] for key in here.keys() & there.keys())
            added, removed = len(there.keys() - here.keys()), len(here.keys() - there.keys())
            found.append(PartChange(part, self.kind, self.row, added, removed, changed))
        return found
