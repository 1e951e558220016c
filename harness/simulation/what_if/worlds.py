"""One of the worlds of a sweep, simulated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.bridge.masking import masked_finding
from harness.bridge.snapshot import snapshot
from harness.results.finding import Finding
from harness.results.what_if import WhatIfRow
from harness.simulation.options import CalendarOptions
from harness.simulation.what_if.variations import world_of
from harness.world import World

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from harness.simulation.rehearsal import Rehearsal


@dataclass(frozen=True, slots=True)
class SimulatedWorld:
    """What came of one world.

    Attributes:
        findings: of the calendar and of its runs; masked, for its process alone knows all the secrets that it met.
    """

    row: WhatIfRow
    findings: tuple[Finding, ...]


def simulated_world(
    rehearsal: Rehearsal,
    options: CalendarOptions,
    world: World,
    pools: Iterable[str],
    settings: Mapping[str, str],
) -> SimulatedWorld:
    """Simulate a calendar in one world.

    Args:
        world: the one that is varied.
        pools: as of `world_of`.
    Raises: as `harness.simulation.rehearsal.Rehearsal.simulate`.
    """
    result = rehearsal.simulate(options, world_of(world, settings, pools))
    found = dict.fromkeys((*result.findings, *(one for run in result.runs for one in run.findings)))
    row = WhatIfRow(settings, result.capacity, result.states)
    return SimulatedWorld(row, tuple(map(masked_finding, found)))


def pools_asked_for(dags: Iterable[DAG]) -> frozenset[str]:
    """The pools that tasks name."""
    return frozenset(task.pool for dag in dags for task in snapshot(dag).tasks.values())
