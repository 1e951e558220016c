"""Connections of the world that name a service, given the address of a real one for the time of a simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from harness.project.drivers import DriverOptions
from harness.results.services import ServiceUse
from harness.world import World
from harness.world.model import needs_services

if TYPE_CHECKING:
    from harness.services.binding import Leases


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
