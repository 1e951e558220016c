"""What a run or a calendar says of its world: what happened around the Dags, what was asked for and is not there.

What services came to hold is in `harness.results.services`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harness.kernel.instant import iso
from harness.results.finding import Finding
from harness.world.scaffold import default_type, key_of

WORDS = {"connections": "connection", "variables": "variable", "pools": "pool", "network": "host", "stubs": "stub"}
_VALUES = {"connections": "{conn_type: generic}", "variables": '""', "pools": "16", "stubs": "{returns: null}"}
_THERE = "{from: environment}"


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


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """A name that was asked for.

    Attributes:
        section: of the world file.
        dag_ids: who asked; empty where no Dag did.
        place: where a connection of that name stands outside of the world; None where nowhere is known.
    """

    section: str
    name: str
    dag_ids: tuple[str, ...] = ()
    place: str | None = None

    @property
    def text(self) -> str:
        """``connection vendor_loads (2 Dags)``."""
        count = len(self.dag_ids)
        place = f", which stands in {self.place}" if self.place is not None else ""
        return f"{WORDS[self.section]} {self.name}{f' ({count} Dags)' if count > 1 else ''}{place}"

    def to_json(self) -> dict[str, Any]:
        """The need as documents hold it."""
        return {"section": self.section, "name": self.name, "dag_ids": list(self.dag_ids), "place": self.place}


def reported(needs: Sequence[Need]) -> list[str]:
    """The block below a report, as lines; empty when nothing is lacking."""
    if not needs:
        return []
    return [f"not in the world: {', '.join(need.text for need in needs)}", *as_yaml(needs)]


def _value(need: Need) -> str:
    if need.place is not None:
        return _THERE
    kind = default_type(need.name) if need.section == "connections" else ""
    return f"{{conn_type: {kind}}}" if kind else _VALUES[need.section]


def as_yaml(needs: Sequence[Need]) -> list[str]:
    """Entries of a world file, to be completed."""
    lines: list[str] = []
    for section in WORDS:
        inside = [need for need in needs if need.section == section]
        if inside and section == "network":
            lines += ["network:", "  allow:", *(f'    - "{need.name}"' for need in inside)]
        elif inside:
            values = {need.name: _value(need) for need in inside}
            lines += [f"{section}:", *(f"  {key_of(name)}: {value}" for name, value in values.items())]
    return lines
