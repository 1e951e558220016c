"""Connections of the world that name a service, given the address of a real one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from harness.world import World


@contextmanager
def served(world: World, drivers: Mapping[str, str]) -> Iterator[World]:
    """The world with every service up for the length of the block; the world itself when it names none.

    Args:
        drivers: service -> driver, as the project's settings have them.
    Raises: WorldError: a service that there is not. ServiceUnavailable: one that cannot start.
    """
    if all(connection.service is None for connection in world.connections.values()):
        yield world
        return
    from harness.services.binding import Leases, Services  # a run that asks for none does not import them

    services = Services(settings=drivers)
    leases = Leases(services, "")
    try:
        yield leases.bound(world)
    finally:
        try:
            leases.end()
        finally:
            services.close()
