"""Who simulates the parts of a replay."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harness.bridge.loader import Folder
from harness.engines.dask_engine import connected
from harness.engines.local import Engine, LocalWorkers
from harness.simulation.options import CalendarOptions
from harness.simulation.replays.parts import Simulate, simulated_part
from harness.simulation.replays.replaying import ReplayOptions
from harness.simulation.sharing.portable import PortableSimulation, job_of

if TYPE_CHECKING:
    from harness.world import World

ENTRY = "harness.simulation.replays.served_parts:serve"


def opened(
    simulate: Simulate,
    folder: Folder,
    xcom_bytes: float | None,
    asked: ReplayOptions,
    options: CalendarOptions,
    world: World | None,
) -> AbstractContextManager[Engine]:
    """Who simulates parts of a replay, for the length of a block.

    Args:
        options: those of the simulation that the replay is.
    Raises: UsageError: as `harness.simulation.sharing.portable.job_of`; also what
        `harness.engines.dask_engine.connected` raises.
    """
    if asked.engine is None:
        return LocalWorkers(asked.jobs, partial(simulated_part, simulate, options, world)).open()
    simulation = PortableSimulation(tuple(map(Path, folder.roots)), xcom_bytes, options, world)
    return connected(asked.engine, job_of(ENTRY, folder, simulation))
