"""Events of a world that happen in a service: an object arrives, a row is written, an API answers otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.errors import UsageError, WorldError
from harness.services.base import Service
from harness.services.binding import Leases
from harness.services.registry import service_class
from harness.world import World
from harness.world.around import SERVICE_KINDS
from harness.world.document import check
from harness.world.problem import EntryError


def happening(
    name: str, settings: Mapping[str, object], world: World, leases: Leases | None, where: str | None
) -> tuple[Callable[[], object], str]:
    """What has it happen, and it in a line.

    Args:
        name: of the service.
        settings: of the event.
        leases: of the world's connections; None where none names a service.
        where: ``file:line`` of the event.
    Raises: WorldError: no such service or connection in the world, or settings that it does not know.
    """
    service = _service(name, where)
    assert service.event is not None
    try:
        options = check(service.event, settings)
    except EntryError as invalid:
        first = invalid.problems[0]
        fact = f"an event of {name}: {'; '.join(one.fact for one in invalid.problems)}"
        raise WorldError(fact, where=where, known=first.known, fix=first.fix) from None
    conn_id = _conn_id(name, options.connection, world, leases, where)
    assert leases is not None
    lease = leases.lease(conn_id, world)
    return lambda: lease.happen(options), f"{options.what} ({conn_id})"


def _service(name: str, where: str | None) -> type[Service]:
    try:
        service = service_class(name)
    except UsageError as unknown:
        fix = (
            f"what goes wrong stands below faults:, {{connection: …, kind: {name}}}" if name in SERVICE_KINDS else None
        )
        raise WorldError(f"an event: {unknown.fact}", where=where, known=unknown.known, fix=fix) from None
    if service.event is None:
        raise WorldError(f"an event: nothing happens by itself in the service {name}", where=where)
    return service


def _conn_id(name: str, conn_id: str | None, world: World, leases: Leases | None, where: str | None) -> str:
    """The connection that an event means: the only one of the service, where it names none."""
    having = list(leases.of_service(name)) if leases is not None else []
    if conn_id is None and len(having) == 1:
        return having[0]
    if conn_id in having:
        return str(conn_id)
    if conn_id is None:
        fact = f"an event of {name}: {len(having) or 'no'} connections of the world ask for that service"
    else:
        fact = f"an event of {name}: connection {conn_id!r} asks for no such service"
    fix = f"connections: {{{conn_id or name}: {{service: {name}}}}}" if not having else "connection: of the event"
    raise WorldError(fact, where=where, known=", ".join(having) or ", ".join(world.connections) or "(none)", fix=fix)
