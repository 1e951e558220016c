"""What a service holds, as plain data that can be compared."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field

from harness.ledger.kept_data import HeldPart
from harness.results.services import PartChange


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

    def held(self) -> Iterator[HeldPart]:
        """Its parts, each row by its key and the digest that stands for what is in it."""
        for name, rows in sorted(self.parts.items()):
            told = (json.dumps({"key": _told(key), "digest": digest}, default=str) for key, digest in rows.items())
            yield HeldPart(name, self.kind, self.row, ("key", "digest"), ("key",), told)

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


def _told(key: Hashable) -> str:
    return ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)
