"""What a simulation asked for and is not in the world: in a line, and as YAML to paste."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from harness.world.scaffold import key_of

WORDS = {"connections": "connection", "variables": "variable", "pools": "pool", "network": "host"}
_VALUES = {"connections": "{conn_type: generic}", "variables": '""', "pools": "16"}


class Lacking(Protocol):
    """A name that a world lacks; see `harness.results.run.Need`."""

    @property
    def section(self) -> str:
        """Of the world file."""

    @property
    def name(self) -> str:
        """As it was asked for."""

    @property
    def dag_ids(self) -> tuple[str, ...]:
        """Who asked."""


def told(names: Sequence[Lacking]) -> list[str]:
    """The block below a report, as lines; empty when nothing is lacking."""
    if not names:
        return []
    return [f"not in the world: {', '.join(map(in_words, names))}", *as_yaml(names)]


def in_words(one: Lacking) -> str:
    """``connection vendor_loads (2 Dags)``."""
    count = len(one.dag_ids)
    return f"{WORDS[one.section]} {one.name}{f' ({count} Dags)' if count > 1 else ''}"


def as_yaml(names: Sequence[Lacking]) -> list[str]:
    """Entries of a world file, to be completed."""
    lines: list[str] = []
    for section in WORDS:
        inside = [one.name for one in names if one.section == section]
        if inside and section == "network":
            lines += ["network:", "  allow:", *(f'    - "{name}"' for name in inside)]
        elif inside:
            lines += [f"{section}:", *(f"  {key_of(name)}: {_VALUES[section]}" for name in inside)]
    return lines
