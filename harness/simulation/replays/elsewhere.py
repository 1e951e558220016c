"""Who simulates the parts of a replay, and what the workers of an engine are told so that they simulate the same."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harness.bridge.loader import Folder
from harness.engines.serving import Job
from harness.errors import UsageError
from harness.simulation.options import CalendarOptions
from harness.simulation.replays.dask_engine import connected
from harness.simulation.replays.engines import Engine, LocalWorkers
from harness.simulation.replays.parts import Simulate, simulated_part
from harness.simulation.replays.replaying import ReplayOptions

if TYPE_CHECKING:
    from harness.world import World


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
    Raises: UsageError: as `told`; also what `harness.simulation.replays.dask_engine.connected` raises.
    """
    if asked.engine is None:
        return LocalWorkers(asked.jobs, partial(simulated_part, simulate, options, world)).open()
    return connected(asked.engine, told(folder, asked.dag_ids, xcom_bytes, options, world))


ENTRY = "harness.simulation.replays.served_parts:serve"


def told(
    folder: Folder, dag_ids: Iterable[str], xcom_bytes: float | None, options: CalendarOptions, world: World | None
) -> Job:
    """What they are told: where Dags are, which the workers' machines have there too, the options, the world.

    Raises: UsageError: they cannot have all of it.
    """
    files = set(map(str, folder.files))
    for dag_id in dag_ids:
        if str(folder.dag(dag_id).fileloc) not in files:
            fact = f"Dag {dag_id!r} was not loaded from a Dag folder, so the workers of an engine cannot load it"
            raise UsageError(fact, fix="share its runs with jobs=: those processes have what is here")
    plain = replace(options, keep=None, on_error=None)
    try:
        return Job(ENTRY, pickle.dumps(([Path(root) for root in folder.roots], xcom_bytes, plain, world)))
    except Exception as error:  # user code: what a test put into its world
        fact = f"the world cannot be sent to the workers of an engine: {type(error).__name__}: {error}"
        raise UsageError(fact, fix="name functions that a module has, or share the runs with -j") from None
