"""Where the tasks of a graph stand: in layers by depth, so ordered that few edges cross.

The method of Sugiyama, in its plain form: the longest path gives the layer, an edge over several layers gets a point in
each, the mean of the neighbours gives the order. Of the libraries that do it, igraph (3 MB) is under the GPL, grandalf
has had no release since 2023, and networkx (2 MB) leaves out the order, which is the half that matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter

SWEEPS = 8
"""Times that layers are gone through, down and up: more change nothing that one sees."""

MOST_POINTS = 5_000
"""Points of long edges; a graph with more has them drawn straight."""


@dataclass(frozen=True)
class Placed:
    """A graph that is laid out.

    Attributes:
        layers: of each node, from 0.
        rows: of each node; 1 apart at least within a layer, and fractions of it where that is nearer to the neighbours.
        bends: (from, to) -> rows of the points at which an edge passes the layers between its ends.
    """

    layers: Sequence[int]
    rows: Sequence[float]
    bends: Mapping[tuple[int, int], Sequence[float]]


@dataclass
class _Graph:
    """Nodes and points, by number; points come behind the nodes."""

    layers: list[list[int]]
    above: dict[int, list[int]] = field(default_factory=dict)
    below: dict[int, list[int]] = field(default_factory=dict)

    def join(self, one: int, other: int) -> None:
        """An edge from one layer to the next."""
        self.below.setdefault(one, []).append(other)
        self.above.setdefault(other, []).append(one)


def placed(downstream: Sequence[Sequence[int]]) -> Placed:
    """Lay a graph without cycles out.

    Args:
        downstream: of each node, the numbers of the nodes below it.
    Raises: graphlib.CycleError.
    """
    depths = _depths(downstream)
    graph = _Graph([[] for _ in range(max(depths, default=-1) + 1)])
    for node, depth in enumerate(depths):
        graph.layers[depth].append(node)
    points = _joined(graph, downstream, depths)
    order = _ordered(graph)
    rows = _rows(graph, order)
    bends = {edge: [rows[point] for point in through] for edge, through in points.items()}
    return Placed(depths, [rows[node] for node in range(len(depths))], bends)


def _depths(downstream: Sequence[Sequence[int]]) -> list[int]:
    """Of each node the length of the longest path to it."""
    upstream: dict[int, list[int]] = {node: [] for node in range(len(downstream))}
    for node, others in enumerate(downstream):
        for other in others:
            upstream[other].append(node)
    depths = [0] * len(downstream)
    for node in TopologicalSorter(upstream).static_order():
        depths[node] = max((depths[one] + 1 for one in upstream[node]), default=0)
    return depths


def _joined(
    graph: _Graph, downstream: Sequence[Sequence[int]], depths: Sequence[int]
) -> dict[tuple[int, int], list[int]]:
    """Give the graph its edges, in steps of one layer. Returns: the points of those that pass layers."""
    edges = [(node, other) for node, others in enumerate(downstream) for other in others]
    straight = sum(depths[other] - depths[node] - 1 for node, other in edges) > MOST_POINTS
    points: dict[tuple[int, int], list[int]] = {}
    fresh = len(downstream)
    for node, other in edges:
        last = node
        for depth in range(depths[node] + 1, depths[other]):
            if straight:
                break
            points.setdefault((node, other), []).append(fresh)
            graph.layers[depth].append(fresh)
            graph.join(last, fresh)
            last, fresh = fresh, fresh + 1
        graph.join(last, other)
    return points


def _ordered(graph: _Graph) -> dict[int, int]:
    """Order each layer by the mean place of the neighbours before it. Returns: the place of each in its layer."""
    places = {node: place for layer in graph.layers for place, node in enumerate(layer)}
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        neighbours = graph.above if down else graph.below
        for layer in graph.layers if down else reversed(graph.layers):
            layer.sort(key=lambda node: _mean([places[one] for one in neighbours.get(node, ())], places[node]))
            places.update((node, place) for place, node in enumerate(layer))
    return places


def _rows(graph: _Graph, order: Mapping[int, int]) -> dict[int, float]:
    """Draw nodes towards their neighbours, as far as their layer's order lets them."""
    rows = {node: order[node] - (len(layer) - 1) / 2 for layer in graph.layers for node in layer}
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        neighbours = graph.above if down else graph.below
        for layer in graph.layers if down else reversed(graph.layers):
            wished = [_mean([rows[one] for one in neighbours.get(node, ())], rows[node]) for node in layer]
            found: list[float] = []
            for wish in wished:
                found.append(max(wish, found[-1] + 1) if found else wish)
            shift = _mean([wish - row for wish, row in zip(wished, found, strict=True)], 0)
            rows.update((node, row + shift) for node, row in zip(layer, found, strict=True))
    top = min(rows.values(), default=0.0)
    return {node: round(row - top, 2) for node, row in rows.items()}


def _mean(numbers: Sequence[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise
