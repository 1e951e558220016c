"""A world, and what the project's own files tell of and it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.kernel.instant import SECOND
from harness.project.declarations import CONNECTION
from harness.project.repository import Repository
from harness.world import Pool, World
from harness.world.entries import DEFAULT_POOL
from harness.world.sources import taken_from

_OF_EXECUTOR = ("parallelism", "num_stuck_in_queued_retries")


def with_declared(
    world: World | None, repository: Repository, shell: Mapping[str, str] | None = None, required: bool = False
) -> World:
    """A world with the variables and pools of the project's files, and what it takes from the environment by name.

    Connections of ``.env`` and of the shell are in it only where it says ``{from: environment}``; of the others it
    knows where they stand. The variables are the given world's own, so that it shows what tasks set.

    Args:
        shell: ``AIRFLOW_CONN_*`` and ``AIRFLOW_VAR_*`` of whoever runs us, and those that a test set; they go before
            those of ``.env``, as with ``docker compose``.
        required: what the world takes from the environment must be there.
    Raises: WorldError: it is not, or cannot be read.
    """
    filled = world or World()
    pools = {one.name: Pool(**one.value) for one in repository.exports.entries if one.section == "pools"}
    own = {n: pool for n, pool in filled.pools.items() if n not in pools or n != DEFAULT_POOL or n in filled.chosen}
    pools = {**pools, **own}
    found = taken_from(filled, {**repository.environment, **(shell or {})}, required)
    for name, value in repository.values.items():
        filled.variables.setdefault(name, value)
    found = replace(found, pools=pools, elsewhere=_elsewhere(repository, shell or {}))
    return replace(found, **_limited(found, repository))


def _elsewhere(repository: Repository, shell: Mapping[str, str]) -> dict[str, str]:
    """Connection id, in lower case -> the place outside of the world where one of that name stands."""
    found = {name: f"{name} of the environment" for name in shell if name.startswith(CONNECTION)}
    found |= {name: place for name, place in repository.places.items() if name.startswith(CONNECTION)}
    return {name.removeprefix(CONNECTION).lower(): place for name, place in found.items()}


def _limited(world: World, repository: Repository) -> dict[str, Any]:
    """The executor and the pools of a world, with the project's settings where it makes none itself."""
    limits, executor, pools = repository.limits, world.executor, dict(world.pools)
    ours = {name: value for name, value in limits.items() if name not in world.chosen}
    settings: dict[str, Any] = {name: int(ours[name]) for name in _OF_EXECUTOR if name in ours}
    if "task_queued_timeout" in ours:
        settings["task_queued_timeout"] = round(ours["task_queued_timeout"] * SECOND)
    slots = limits.get("default_pool_task_slot_count")
    is_chosen = DEFAULT_POOL in world.chosen or DEFAULT_POOL in repository.pools
    if slots is not None and not is_chosen:
        pools[DEFAULT_POOL] = replace(pools[DEFAULT_POOL], slots=int(slots))
    return {"executor": replace(executor, **settings), "pools": pools}
