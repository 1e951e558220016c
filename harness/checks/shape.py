"""A Dag's tasks and edges, walked."""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import cached_property


class Shape:
    """Who comes before whom.

    Args:
        upstream, downstream: task ids next to each task, by task id.
    """

    def __init__(self, upstream: Mapping[str, Set[str]], downstream: Mapping[str, Set[str]]) -> None:
        self.upstream, self.downstream = upstream, downstream
        self._above: dict[str, frozenset[str]] = {}
        self._below: dict[str, frozenset[str]] = {}

    def above(self, task_id: str) -> frozenset[str]:
        """All tasks upstream of a task, direct and indirect."""
        if task_id not in self._above:
            self._above[task_id] = _reach(self.upstream, task_id)
        return self._above[task_id]

    def below(self, task_id: str) -> frozenset[str]:
        """All tasks downstream of a task, direct and indirect."""
        if task_id not in self._below:
            self._below[task_id] = _reach(self.downstream, task_id)
        return self._below[task_id]

    @cached_property
    def order(self) -> list[str]:
        """Task ids, each after all its upstreams; what is on or behind a cycle is left out."""
        waits = {task_id: len(above) for task_id, above in self.upstream.items()}
        order = [task_id for task_id, number in waits.items() if not number]
        for task_id in order:  # grows
            for other in sorted(self.downstream[task_id] & waits.keys()):
                waits[other] -= 1
                if not waits[other]:
                    order.append(other)
        return order


def _reach(edges: Mapping[str, Set[str]], start: str) -> frozenset[str]:
    seen: set[str] = set()
    rest = list(edges.get(start, ()))
    while rest:
        task_id = rest.pop()
        if task_id not in seen:
            seen.add(task_id)
            rest += edges.get(task_id, ())
    return frozenset(seen)
