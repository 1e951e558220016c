"""Takes down what a simulation asks for and its world does not have."""

from __future__ import annotations

from collections.abc import Iterable

from harness.results.run import Need
from harness.text.lacking import WORDS


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

    def all(self, pools: Iterable[tuple[str, str]] = ()) -> list[Need]:
        """All of them, in the order of sections and names.

        Args:
            pools: further ones: (name, dag_id).
        """
        order, asked = list(WORDS), {need: set(dags) for need, dags in self._asked.items()}
        for pool, dag_id in pools:
            asked.setdefault(("pools", pool), set()).add(dag_id)
        found = [Need(section, name, tuple(sorted(dags))) for (section, name), dags in asked.items()]
        return sorted(found, key=lambda need: (order.index(need.section), need.name))
