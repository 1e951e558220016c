"""The world as a simulation is given it: with what the project's own files tell, and with services that are up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.kernel.instant import SECOND
from harness.project.declarations import CONNECTION
from harness.project.drivers import DriverOptions
from harness.project.repository import Repository
from harness.results.services import ServiceUse
from harness.world import Pool, World
from harness.world.entries import DEFAULT_POOL
from harness.world.model import needs_services
from harness.world.sources import taken_from

if TYPE_CHECKING:
    from harness.services.binding import Leases

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


class ServedWorld:
    """A world whose services are up.

    Args:
        leases: what its connections have; None where it names no service.
    Attributes:
        world: with their addresses.
        leases: those of its connections.
    """

    def __init__(self, world: World, leases: Leases | None = None) -> None:
        self.world, self.leases = world, leases
        self._uses: Callable[[], Iterable[ServiceUse]] = tuple
        if leases is not None:
            self.world = leases.bound(world)
            self._uses = partial(leases.since, leases.snapshot())

    def uses(self) -> tuple[ServiceUse, ...]:
        """What the services came to hold and heard since; nothing where there are none."""
        return tuple(self._uses())


@contextmanager
def served(world: World, drivers: DriverOptions, leases: Leases | None = None) -> Iterator[ServedWorld]:
    """The world with every service up for the length of the block.

    Args:
        drivers: those asked for outside the world.
        leases: of a test, which outlive the block; None to make some for the block alone.
    Raises: WorldError: a service that there is not. ServiceUnavailable: one that cannot start.
    """
    if not needs_services(world):
        yield ServedWorld(world)
    elif leases is not None:
        yield ServedWorld(world, leases)
    else:
        from harness.services.binding import Leases, Services  # a run that asks for none does not import them

        services = Services(drivers)
        own = Leases(services, "")
        try:
            yield ServedWorld(world, own)
        finally:
            try:
                own.end()
            finally:
                services.close()
