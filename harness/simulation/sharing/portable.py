"""A simulation as another process is given it, which loads the Dags itself."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.bridge.loader import Folder
from harness.engines.serving import Job
from harness.errors import UsageError
from harness.project.drivers import DriverOptions
from harness.simulation.options import CalendarOptions

if TYPE_CHECKING:
    from harness.world import World


@dataclass(frozen=True, slots=True)
class PortableSimulation:
    """Where Dags are, and what is simulated of them.

    Attributes:
        roots: folders and files of Dags, which the process's machine has there too.
        xcom_bytes, drivers: as of `harness.simulation.rehearsal.Rehearsal`.
        here: the working directory of the process; None for the one that it has.
    """

    roots: tuple[Path, ...]
    xcom_bytes: float | None
    options: CalendarOptions
    world: World | None
    drivers: DriverOptions = field(default_factory=DriverOptions)
    here: Path | None = None


def job_of(entry: str, folder: Folder, simulation: PortableSimulation) -> Job:
    """The job of such processes.

    Args:
        entry: as of `harness.engines.serving.Job`.
        folder: the Dags as they were loaded here.
    Raises: UsageError: the processes cannot have all of it.
    """
    files = set(map(str, folder.files))
    for dag_id in simulation.options.dag_ids or folder.dags:
        if str(folder.dag(dag_id).fileloc) not in files:
            fact = f"Dag {dag_id!r} was not loaded from a Dag folder, so the workers of an engine cannot load it"
            raise UsageError(fact, fix="share the work with jobs= (-j): those processes have what is here")
    plain = replace(simulation, options=replace(simulation.options, keep=None, on_error=None))
    try:
        return Job(entry, pickle.dumps(plain))
    except Exception as error:  # user code: what a test put into its world
        fact = f"the world cannot be sent to the workers of an engine: {type(error).__name__}: {error}"
        raise UsageError(fact, fix="name functions that a module has, or share the work with -j") from None
