"""Parts simulated in the child of an engine's worker."""

from __future__ import annotations

import pickle
import signal
from collections.abc import Callable
from functools import partial

from harness.bridge.environment import sandbox
from harness.project.parent_death import end_with_parent
from harness.simulation.rehearsal import Rehearsal
from harness.simulation.replays.parts import simulated_part


def serve(told: bytes, worker: int) -> Callable[[bytes], bytes]:
    """Load the Dags. Returns: what simulates a part of them, both pickled."""
    end_with_parent(worker, signal.SIGKILL)
    sandbox.enter()
    paths, xcom_bytes, options, world = pickle.loads(told)
    work = partial(simulated_part, Rehearsal.of_paths(paths, xcom_bytes, world).simulate, options, world)
    return lambda part: pickle.dumps(work(pickle.loads(part)))
