"""Services of the world that are made to fail for a while, and are made well again at the end whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from harness.bridge.patches.network import NetworkGuard
from harness.errors import WorldError, known_names

if TYPE_CHECKING:
    from harness.services.base import Lease
    from harness.services.binding import Leases


class ServiceFaults:
    """Those of one simulation.

    Args:
        leases: of the world's connections; None where none names a service.
        guard: refuses connections to those that are down.
    """

    def __init__(self, leases: Leases | None, guard: NetworkGuard) -> None:
        self._leases = {} if leases is None else leases.all()
        self._guard = guard
        self._ill: dict[Lease, None] = {}

    @property
    def conn_ids(self) -> tuple[str, ...]:
        """Of services that can go down, sorted."""
        return tuple(sorted(conn_id for conn_id, lease in self._leases.items() if lease.peer is not None))

    def of(self, conn_id: str, kind: str, where: str | None) -> tuple[Callable[[], object], Callable[[], object]]:
        """What has a fault begin, and what ends it.

        Raises: WorldError: no service of that connection, or one that cannot fail so.
        """
        lease = self._leases.get(conn_id)
        if lease is None:
            fact = f"a fault: connection {conn_id!r} asks for no service"
            raise WorldError(
                fact, where=where, known=known_names(conn_id, self._leases), fix="connection: of the fault"
            )
        kinds = (*(("down",) if lease.peer is not None else ()), *lease.faults)
        if kind not in kinds:
            fact = f"a fault: the service of connection {conn_id!r} knows no {kind!r}"
            raise WorldError(fact, where=where, known=", ".join(kinds) or "(none)", fix="kind: of the fault")
        return partial(self._begin, lease, kind), partial(self._end, lease)

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """Every service is well again after the block."""
        try:
            yield
        finally:
            for lease in list(self._ill):
                self._end(lease)

    def _begin(self, lease: Lease, kind: str) -> None:
        self._ill[lease] = None
        if kind == "down":
            assert lease.peer is not None
            lease.cut()
            self._guard.down.add(lease.peer)
        else:
            lease.fails(kind)

    def _end(self, lease: Lease) -> None:
        if lease in self._ill:
            del self._ill[lease]
            self._guard.down.discard(str(lease.peer))
            lease.fails(None)
