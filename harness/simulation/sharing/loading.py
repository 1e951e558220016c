"""The Dags of what a process was told, loaded in it."""

from __future__ import annotations

import os
import pickle
import signal

from harness.bridge.environment import sandbox
from harness.project.parent_death import end_with_parent
from harness.simulation.rehearsal import Rehearsal
from harness.simulation.sharing.portable import PortableSimulation


def loaded(told: bytes, owner: int) -> tuple[Rehearsal, PortableSimulation]:
    """Load the Dags.

    Args:
        told: a `PortableSimulation`, pickled.
        owner: the process that started this one: it ends with that.
    """
    end_with_parent(owner, signal.SIGKILL)
    sandbox.enter()
    found: PortableSimulation = pickle.loads(told)
    if found.here is not None:
        os.chdir(found.here)
    rehearsal = Rehearsal.of_paths(found.roots, found.xcom_bytes, found.world)
    rehearsal.drivers = found.drivers
    return rehearsal, found
