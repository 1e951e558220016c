"""``cycle``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from harness.checks.finding import Problem
from harness.checks.look import DagLook
from harness.checks.registry import check


@check("cycle", cyclic=True)
def cycle(look: DagLook) -> Iterator[Problem]:
    """Tasks that wait for each other in a circle.

    Airflow refuses the whole Dag. The path is shown with the line that made each edge; taking one away opens it.
    """
    if not look.cycle:
        return
    edges = [(up, down, look.edge(up, down)) for up, down in pairwise(look.cycle)]
    shown = ", ".join(f"{up} >> {down}" + (f" (line {place[1]})" if place else "") for up, down, place in edges)
    line = next((place[1] for _, _, place in edges if place), None)
    yield Problem(f"tasks form a cycle: {shown}", task_id=look.cycle[0], line=line, fix="take one of these edges away")
