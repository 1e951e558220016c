"""Worlds of a sweep, simulated in a child that loads the Dags itself."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.bridge.masking import masked_finding
from harness.errors import HarnessError
from harness.simulation.rules_only.past import keep_past
from harness.simulation.sharing.loading import loaded
from harness.simulation.what_if.variations import POOLS, REVISION
from harness.simulation.what_if.worlds import SimulatedWorld, pools_asked_for, simulated_world
from harness.world import World


def serve(told: bytes, owner: int) -> Callable[[bytes], bytes]:
    """Load the Dags. Returns: what simulates them in a world with these settings, both pickled."""
    rehearsal, found = loaded(told, owner)
    keep_past(found.options.from_ledger)
    asked_for = pools_asked_for(rehearsal.folder.dags.values())
    world = found.world or World()
    unread = tuple(map(masked_finding, rehearsal.folder.import_errors()))

    def simulated(settings: Mapping[str, str]) -> SimulatedWorld:
        # The owner has seen that they are pools; here a revision may not ask for all of them.
        pools = asked_for | {key.removeprefix(POOLS) for key in settings if key.startswith(POOLS)}
        if REVISION not in settings:
            return simulated_world(rehearsal, found.options, world, pools, settings)
        try:
            one = simulated_world(rehearsal, found.options, world, pools, settings)
        except HarnessError as error:
            error.fact = f"{REVISION} {settings[REVISION]}: {error.fact}"
            raise
        return replace(one, findings=(*one.findings, *unread))

    return lambda settings: pickle.dumps(simulated(pickle.loads(settings)))
