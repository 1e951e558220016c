"""``cycle``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("cycle", cyclic=True)
def cycle(context: DagContext) -> Iterator[Problem]:
    """Tasks that wait for each other in a circle, or one that waits for itself.

    Airflow refuses the whole Dag. Edges between task groups and edges made in helper modules count like any other.

    Fix: the path is shown with the line that made each edge; take one of them away.
    """
    if not context.cycle:
        return
    edges = [(up, down, context.edge(up, down)) for up, down in pairwise(context.cycle)]
    places = [place for _, _, place in edges if place is not None and place[1]]
    at = next((place for place in places if place[0] == context.file.path), places[0] if places else (None, None))
    shown = ", ".join(f"{up} >> {down}{_where(place, context)}" for up, down, place in edges)
    said = "a task waits for itself" if len(edges) == 1 else "tasks form a cycle"
    yield Problem(f"{said}: {shown}", context.cycle[0], at[1], at[0], "take one of these edges away")


def _where(place: tuple[str, int] | None, context: DagContext) -> str:
    if place is None or not place[1]:
        return ""
    name, root = Path(place[0]), Path(context.file.root)
    inside = name.relative_to(root) if name.is_relative_to(root) else name
    return f" (line {place[1]})" if place[0] == context.file.path else f" ({inside}:{place[1]})"
