"""How a test speaks to the services of its world, which has them as attributes: ``postgres("warehouse").rows(…)``."""

from __future__ import annotations

from typing import Any

from harness.errors import UsageError, known_names
from harness.services.base import Lease
from harness.services.binding import Leases
from harness.services.registry import names
from harness.world import World


class ServiceView:
    """One service of a test's world; where one connection asks for it, its lease itself.

    Args:
        name: of the service.
    """

    def __init__(self, name: str, leases: Leases, world: World) -> None:
        self._name, self._leases, self._world = name, leases, world

    def __call__(self, conn_id: str) -> Any:
        """The lease of a connection. Raises: UsageError: the world has none such, or it asks for something else."""
        made = self._leases.of_service(self._name)
        if conn_id in made:
            return self._planning(made[conn_id])
        connection = self._world.connections.get(conn_id)
        if connection is None or connection.service != self._name:
            asks = "is not in the world" if connection is None else f"is no `service: {self._name}`"
            raise UsageError(
                f"connection {conn_id!r} {asks}",
                known=known_names(conn_id, self._conn_ids()),
                fix=f"world.set_connection({conn_id!r}, service={self._name!r})",
            )
        return self._planning(self._leases.lease(conn_id, self._world))

    def only(self) -> Lease:
        """The lease of the one connection that asks for the service; without one, that of the first that will.

        Raises: UsageError: several do.
        """
        conn_ids = self._conn_ids()
        if len(conn_ids) > 1:
            raise UsageError(
                f"{len(conn_ids)} connections ask for the service {self._name}",
                known=", ".join(conn_ids),
                fix=f"world.{self._name}({conn_ids[0]!r})",
            )
        return self.first()

    def first(self) -> Lease:
        """The lease of the first connection that asks for the service, or will."""
        conn_ids = self._conn_ids()
        if conn_ids:
            return self._planning(self._leases.lease(conn_ids[0], self._world))
        return self._planning(self._leases.first_of(self._name))

    def _planning(self, lease: Lease) -> Lease:
        lease.plan = self._world.at
        return lease

    def _conn_ids(self) -> list[str]:
        return [name for name, one in self._world.connections.items() if one.service == self._name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.only(), name)


class WorldServices:
    """The services of one test, as its world finds them.

    Args:
        leases: of the test.
    """

    def __init__(self, leases: Leases) -> None:
        self.leases = leases

    def view(self, name: str, world: World) -> ServiceView | None:
        """That of a service; None where none is called so."""
        return ServiceView(name, self.leases, world) if name in names() else None
