"""What a simulation asked for and is not in the world: as data, in a line, and as YAML to paste."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.world.scaffold import key_of

WORDS = {"connections": "connection", "variables": "variable", "pools": "pool", "network": "host", "stubs": "stub"}
_VALUES = {"connections": "{conn_type: generic}", "variables": '""', "pools": "16", "stubs": "{returns: null}"}
_THERE = "{from: environment}"


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


def as_yaml(needs: Sequence[Need]) -> list[str]:
    """Entries of a world file, to be completed."""
    lines: list[str] = []
    for section in WORDS:
        inside = [need for need in needs if need.section == section]
        if inside and section == "network":
            lines += ["network:", "  allow:", *(f'    - "{need.name}"' for need in inside)]
        elif inside:
            values = {need.name: _VALUES[section] if need.place is None else _THERE for need in inside}
            lines += [f"{section}:", *(f"  {key_of(name)}: {value}" for name, value in values.items())]
    return lines
