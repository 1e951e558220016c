"""One calendar in several worlds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from harness.bridge.snapshot import snapshot
from harness.results.finding import Finding
from harness.results.what_if import WhatIf, WhatIfRow
from harness.simulation.options import CalendarOptions
from harness.simulation.what_if.variations import Variation, grid, world_of
from harness.world import World

if TYPE_CHECKING:
    from harness.simulation.rehearsal import Rehearsal


def what_if(
    rehearsal: Rehearsal,
    options: CalendarOptions,
    world: World | None,
    variations: Sequence[Variation],
    told: Callable[[int, int], None] = lambda done, of: None,  # noqa: ARG005 - nobody listens
) -> WhatIf:
    """Simulate a calendar in every world of a grid.

    Args:
        told: how many worlds of how many are done.
    Raises: UsageError: a grid that cannot be; else as `Rehearsal.simulate`. Nothing is simulated before all worlds are
        seen to be possible.
    """
    began = perf_counter()
    settings, given = grid(variations), world or World()
    pools = {task.pool for dag in rehearsal.folder.dags.values() for task in snapshot(dag).tasks.values()}
    worlds = [world_of(given, each, pools) for each in settings]
    rows: list[WhatIfRow] = []
    findings: list[Finding] = []
    for number, (each, lived) in enumerate(zip(settings, worlds, strict=True), 1):
        result = rehearsal.simulate(replace(options, keep=None), lived)
        rows.append(WhatIfRow(each, result.capacity, result.states))
        # Most are of the Dags and so of every world; a run that never ends may be of one alone.
        found = (*result.findings, *(one for run in result.runs for one in run.findings))
        findings += [one for one in dict.fromkeys(found) if one not in findings]
        told(number, len(worlds))
    took = perf_counter() - began
    return WhatIf(options.since, options.until, tuple(rows), options.code, tuple(findings), took)
