"""What happened around the Dags of a run or a calendar: events of the world, actions of people, faults that struck."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harness.kernel.instant import iso
from harness.results.finding import Finding


@dataclass(frozen=True, slots=True)
class WorldEventResult:
    """One thing that happened to the Dags and not through them.

    Attributes:
        at: when it happened, or would have.
        kind: ``event``, ``action`` of a person, or ``fault``.
        what: it in a line.
        where: ``file:line`` that asked for it, None where there is none.
        happened: False where the simulation ended before.
    """

    at: datetime
    kind: str
    what: str
    where: str | None = None
    happened: bool = True

    def __str__(self) -> str:
        return f"{iso(self.at)}  {self.kind}  {self.what}{'' if self.happened else '  (did not happen)'}"

    def to_json(self) -> dict[str, Any]:
        """It as the documents hold it."""
        return {
            "at": iso(self.at),
            "kind": self.kind,
            "what": self.what,
            "where": self.where,
            "happened": self.happened,
        }


def not_happened(events: Iterable[WorldEventResult], why: str) -> list[Finding]:
    """A finding for each that did not happen: a test that counts on it proves nothing."""
    found = []
    for one in events:
        path, _, line = (one.where or "").rpartition(":")
        fact = f"{one.what} at {iso(one.at)}: did not happen, {why}"
        number = int(line) if line.isdigit() else None
        fix = "take an earlier time for it, or a later end"
        found.append(Finding("world-event", "warning", fact, path or None, number, fix=fix))
    return found
