"""Worlds of a sweep, simulated in a child that loads the Dags itself."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial

from harness.simulation.rules_only.past import keep_past
from harness.simulation.sharing.loading import loaded
from harness.simulation.what_if.worlds import pools_asked_for, simulated_world
from harness.world import World


def serve(told: bytes, owner: int) -> Callable[[bytes], bytes]:
    """Load the Dags. Returns: what simulates them in a world with these settings, both pickled."""
    rehearsal, found = loaded(told, owner)
    keep_past(found.options.from_ledger)
    pools = pools_asked_for(rehearsal.folder.dags.values())
    work = partial(simulated_world, rehearsal, found.options, found.world or World(), pools)
    return lambda settings: pickle.dumps(work(pickle.loads(settings)))
