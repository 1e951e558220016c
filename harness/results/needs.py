"""What a simulation asked for and is not in the world: in a line, and as YAML to paste."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

WORDS = {"connections": "connection", "variables": "variable", "pools": "pool", "network": "host"}
_VALUES = {"connections": "{conn_type: generic}", "variables": '""', "pools": "16"}


@dataclass(frozen=True, order=True)
class Need:
    """A name that was asked for.

    Attributes:
        section: of the world file.
        dag_ids: who asked; empty where no Dag did.
    """

    section: str
    name: str
    dag_ids: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """``connection vendor_loads (2 Dags)``."""
        count = len(self.dag_ids)
        return f"{WORDS[self.section]} {self.name}{f' ({count} Dags)' if count > 1 else ''}"

    def to_json(self) -> dict[str, Any]:
        """The need as documents hold it."""
        return {"section": self.section, "name": self.name, "dag_ids": list(self.dag_ids)}


class Needs:
    """Takes what is asked for, in any order and from any thread."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, str], set[str]] = {}

    def name(self, section: str, name: str, dag_id: str | None) -> None:
        """A connection, variable or pool that is not there."""
        self._asked.setdefault((section, name), set()).update([] if dag_id is None else [dag_id])

    def host(self, peer: str, dag_id: str | None) -> None:
        """A host that was not let."""
        self.name("network", peer, dag_id)

    def all(self) -> list[Need]:
        """All of them, in the order of sections and names."""
        order = list(WORDS)
        found = [Need(section, name, tuple(sorted(dags))) for (section, name), dags in self._asked.items()]
        return sorted(found, key=lambda need: (order.index(need.section), need.name))


def told(needs: list[Need]) -> list[str]:
    """The block below a report, as lines; empty when nothing was needed."""
    if not needs:
        return []
    return [f"not in the world: {', '.join(need.text for need in needs)}", *as_yaml(needs)]


def as_yaml(needs: list[Need]) -> list[str]:
    """Entries of a world file, to be completed."""
    from harness.world.scaffold import key_of

    lines: list[str] = []
    for section in WORDS:
        names = [need.name for need in needs if need.section == section]
        if names and section == "network":
            lines += ["network:", "  allow:", *(f'    - "{name}"' for name in names)]
        elif names:
            lines += [f"{section}:", *(f"  {key_of(name)}: {_VALUES[section]}" for name in names)]
    return lines
