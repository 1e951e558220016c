"""Parts simulated in the child of an engine's worker."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial

from harness.simulation.replays.parts import simulated_part
from harness.simulation.sharing.loading import loaded


def serve(told: bytes, worker: int) -> Callable[[bytes], bytes]:
    """Load the Dags. Returns: what simulates a part of them, both pickled."""
    rehearsal, found = loaded(told, worker)
    work = partial(simulated_part, rehearsal.simulate, found.options, found.world)
    return lambda part: pickle.dumps(work(pickle.loads(part)))
