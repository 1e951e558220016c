"""A world's connections bound to running services: the one way for commands and tests.

``Services`` belongs to a process, or to a pytest run; ``Leases`` to a command or a test.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from harness.errors import UsageError, WorldError
from harness.kernel.clock import follow, follow_no_more
from harness.ledger.kept_data import HeldPart
from harness.project.drivers import DriverOptions
from harness.results.services import ServiceUse
from harness.services.base import Address, Lease, Service, ServiceOptions
from harness.services.contents import Contents
from harness.services.drivers import Choice, choose
from harness.services.registry import service_class, services_of_types
from harness.world import Connection, World
from harness.world.document import check
from harness.world.model import needs_services
from harness.world.problem import EntryError, call_error

Opener = Callable[[type[Service], Choice], Service]
"""Gives a service, up: started here, or attached to one of another process."""


def opened(service: type[Service], choice: Choice) -> Service:
    """A service of this process, up. Raises: ServiceUnavailable."""
    made = service(choice.text)
    try:
        made.start()
    except BaseException:
        made.close()
        raise
    return made


class Services:
    """The services in use, each started when first leased.

    Args:
        asked: see `harness.services.drivers.choose`.
        opener: how one is brought up.
    """

    def __init__(
        self,
        asked: DriverOptions | None = None,
        opener: Opener = opened,
    ) -> None:
        self._asked, self._opener = asked or DriverOptions(), opener
        self._open: dict[tuple[str, str], Service] = {}

    def of(self, service: type[Service], declared: str, where: str | None = None) -> Service:
        """The running service of a connection's entry. Raises: UsageError, ServiceUnavailable."""
        return self.open(service, choose(service, declared, self._asked, os.environ, where))

    def open(self, service: type[Service], choice: Choice) -> Service:
        """The running service of a driver that is chosen. Raises: ServiceUnavailable."""
        key = (service.name, choice.text)
        if key not in self._open:
            running = self._open[key] = self._opener(service, choice)
            if (clock := running.clock()) is not None:
                follow(clock)
        return self._open[key]

    def close(self) -> None:
        """Take down all, also when one of them fails; the first error is raised at the end."""
        errors = []
        while self._open:
            _, service = self._open.popitem()
            if (clock := service.clock()) is not None:
                follow_no_more(clock)
            try:
                service.close()
            except Exception as error:  # the others must not stay behind
                errors.append(error)
        if errors:
            raise errors[0]


@dataclass
class Leases:
    """What the connections of one world have, by conn_id. A connection keeps its lease until `end`.

    Args:
        services: where they come from.
        holder: names the test or command.
        wider: a world whose leases live longer, as that of a test's module: connections that are the same there have
            the leases that they have there.
    """

    services: Services
    holder: str
    wider: World | None = None
    _leases: dict[str, tuple[str, Lease]] = field(default_factory=dict)
    _first: dict[str, Lease] = field(default_factory=dict)
    _named: set[str] = field(default_factory=set)
    _borrowed: set[str] = field(default_factory=set)

    def lease(self, conn_id: str, world: World) -> Lease:
        """That of a connection of the world, made when first asked for.

        Raises: WorldError: its entry asks for what there is not. ServiceUnavailable.
        """
        if conn_id in self._leases:
            return self._leases[conn_id][1]
        service, options = declared(world, conn_id)
        borrowed = self._of_wider(conn_id, world.connections[conn_id])
        if borrowed is not None:
            self._leases[conn_id] = (service.name, borrowed)
            self._borrowed.add(conn_id)
            return borrowed
        # What was made in advance has no seed and no driver of its own: it waits for a connection that asks for none.
        lease = self._first.pop(service.name, None) if options == service.options() else None
        if lease is None:
            with _placed(world, conn_id):
                lease = self._made(service, conn_id, options, world.where("connections", conn_id))
        lease.conn_id = conn_id
        self._leases[conn_id] = (service.name, lease)
        return lease

    def _of_wider(self, conn_id: str, connection: Connection) -> Lease | None:
        wider = self.wider
        if wider is None or wider.services is None or wider.connections.get(conn_id) != connection:
            return None
        lease: Lease = wider.services.leases.lease(conn_id, wider)
        return lease

    def first_of(self, name: str) -> Lease:
        """A lease of a service that no connection asks for yet; the first that does gets this one.

        Raises: UsageError: no such service. ServiceUnavailable.
        """
        if name not in self._first:
            mine = self.of_service(name)
            if mine:
                return next(iter(mine.values()))
            service = service_class(name)
            self._first[name] = self._made(service, "", service.options())
        return self._first[name]

    def _made(self, service: type[Service], conn_id: str, options: ServiceOptions, where: str | None = None) -> Lease:
        """The first of a service is called as the holder, the further ones after their connections too."""
        is_first = bool(self.holder) and service.name not in self._named
        self._named.add(service.name)
        name = self.holder if is_first else "_".join(filter(None, (self.holder, conn_id)))
        return self.services.of(service, options.driver, where).lease(name, conn_id, options)

    def all(self) -> dict[str, Lease]:
        """Those made so far, by conn_id."""
        return {conn_id: lease for conn_id, (_, lease) in self._leases.items()}

    def of_service(self, name: str) -> dict[str, Lease]:
        """Those made so far of one service, by conn_id."""
        return {conn_id: lease for conn_id, (service, lease) in self._leases.items() if service == name}

    def bound(self, world: World) -> World:
        """The world with each connection that names a service leading to it; the world itself where none does.

        What a service sets in the environment leads to one of its connections: the one that Airflow takes where none is
        named (``aws_default``), else the first.

        Raises: WorldError, ServiceUnavailable.
        """
        if not needs_services(world):
            return world
        connections, peers, of_services = dict(world.connections), list[str](), dict[str, Mapping[str, str]]()
        for conn_id, connection in world.connections.items():
            if connection.service is not None:
                address = self.lease(conn_id, world).address
                connections[conn_id] = leading_to(conn_id, connection, address)
                peers += address.peers
                if connection.service not in of_services or _is_default(conn_id, connection.service):
                    of_services[connection.service] = address.env
        env = {name: value for one in of_services.values() for name, value in one.items()}
        return replace(world, connections=connections, network=world.network.with_more(peers), env={**env, **world.env})

    def connection(self, conn_id: str, world: World) -> Connection:
        """A connection of the world, leading to its service where it names one.

        Raises: WorldError, ServiceUnavailable.
        """
        connection = world.connections[conn_id]
        if connection.service is None:
            return connection
        return leading_to(conn_id, connection, self.lease(conn_id, world).address)

    def snapshot(self) -> Snapshot:
        """What all of them hold, and how much they heard."""
        held = {conn_id: lease.snapshot() for conn_id, (_, lease) in self._leases.items()}
        heard = {conn_id: len(lease.heard()) for conn_id, (_, lease) in self._leases.items()}
        return Snapshot({conn_id: one for conn_id, one in held.items() if one is not None}, heard)

    def held(self) -> Iterator[tuple[str, str, Iterator[HeldPart]]]:
        """What each of them holds, to be kept: its conn_id, its service, its parts."""
        for conn_id, (service, lease) in self._leases.items():
            yield conn_id, service, lease.held()

    def since(self, before: Snapshot) -> list[ServiceUse]:
        """What each of them came to hold and heard since a snapshot, in the order of their making."""
        uses = []
        for conn_id, (service, lease) in self._leases.items():
            after = lease.snapshot()
            held = before.held.get(conn_id)
            changes = [] if after is None else (held or Contents(after.kind, after.row)).changes_to(after)
            heard = lease.heard()[before.heard.get(conn_id, 0) :]
            uses.append(ServiceUse(conn_id, service, tuple(changes), tuple(heard)))
        return uses

    def end(self) -> None:
        """Give all of them back, the last first."""
        while self._first:
            self._first.popitem()[1].end()
        while self._leases:
            conn_id, (_, lease) = self._leases.popitem()
            if conn_id not in self._borrowed:
                lease.end()


@dataclass(frozen=True)
class Snapshot:
    """What leases held, and how many things each had heard, by conn_id."""

    held: Mapping[str, Contents]
    heard: Mapping[str, int]


def declared(world: World, conn_id: str) -> tuple[type[Service], ServiceOptions]:
    """The service that a connection of the world names, and what its entry says of it.

    Raises: WorldError: no such service, or an entry with keys or values that it does not know.
    """
    connection = world.connections[conn_id]
    assert connection.service is not None
    where = world.where("connections", conn_id)
    try:
        service = service_class(connection.service)
    except UsageError as unknown:
        raise WorldError(f"connection {conn_id!r}: {unknown.fact}", where=where, known=unknown.known) from None
    _refuse_other_type(service, conn_id, connection.conn_type, where)
    try:
        return service, check(service.options, dict(connection.settings))
    except EntryError as invalid:
        error = call_error(f"connection {conn_id!r}", invalid)
        raise WorldError(error.fact, where=where, known=error.known, fix=error.fix) from None


_ANY_TYPE = "generic"
"""What Airflow calls a connection of which only the fields are read."""


def _refuse_other_type(service: type[Service], conn_id: str, conn_type: str | None, where: str | None) -> None:
    """See that a service answers connections of a type: a hook of another would be led to what it does not speak.

    Raises: WorldError.
    """
    own = (*service.conn_types, *service.also_types)
    others = services_of_types()
    is_free = service.takes_unknown_types and conn_type not in others
    if conn_type in (None, service.name, _ANY_TYPE, *own) or is_free:
        return
    other = f", or take service: {others[str(conn_type)][0]}" if conn_type in others else ""
    unknown = ("any that no service answers",) * service.takes_unknown_types
    raise WorldError(
        f"connection {conn_id!r}: service {service.name} answers no connection of type {conn_type!r}",
        where=where,
        known=", ".join((*own, _ANY_TYPE, *unknown)),
        fix=f"take conn_type: away{other}",
    )


@contextmanager
def _placed(world: World, conn_id: str) -> Iterator[None]:
    """Errors of a connection's entry that know no place have that of the entry."""
    try:
        yield
    except WorldError as error:
        error.where = error.where or world.where("connections", conn_id)
        raise


def _chosen(world: World, conn_id: str, asked: DriverOptions) -> tuple[type[Service], Choice]:
    """The service that a connection names, and its driver. Raises: UsageError, WorldError."""
    service, options = declared(world, conn_id)
    return service, choose(service, options.driver, asked, os.environ, world.where("connections", conn_id))


def choices(world: World, asked: DriverOptions) -> dict[str, Choice]:
    """The driver of each service that the world names, as the first connection that names it has it, and why.

    Raises: UsageError, WorldError.
    """
    found: dict[str, Choice] = {}
    for conn_id, connection in world.connections.items():
        if connection.service is not None and connection.service not in found:
            service, choice = _chosen(world, conn_id, asked)
            found[service.name] = choice
    return found


def _is_default(conn_id: str, service: str) -> bool:
    """Whether hooks of Airflow take a connection where none is named; Source: their ``default_conn_name`` (3.3)."""
    return conn_id in {f"{conn_type}_default" for conn_type in service_class(service).conn_types}


def clock_note(name: str, reason: str) -> str:
    """What somebody should know of a service whose clock is real."""
    return f"the clock of {name} is real, also in virtual time: {reason}"


def clock_notes(world: World, asked: DriverOptions) -> list[str]:
    """One for each service that the world names and whose clock will be real.

    Args:
        asked: see `harness.services.drivers.choose`.
    Raises: UsageError, WorldError.
    """
    notes = []
    for conn_id, connection in world.connections.items():
        if connection.service is not None:
            service, choice = _chosen(world, conn_id, asked)
            reason = service.why_clock_is_real(choice.driver)
            notes += [] if reason is None else [clock_note(service.name, reason)]
    return list(dict.fromkeys(notes))


def refuse_unknown(world: World) -> None:
    """See whether each service that a world names exists and takes what stands beside its name.

    Raises: WorldError.
    """
    for conn_id, connection in world.connections.items():
        if connection.service is not None:
            declared(world, conn_id)


def leading_to(conn_id: str, connection: Connection, address: Address) -> Connection:
    """A connection with a lease's address; its own type, login, password, extra and description stay where it has them.

    Raises: WorldError: a login or a password beside a service that has its own.
    """
    fields: dict[str, Any] = dict(address.fields)
    for name in ("login", "password"):
        if getattr(connection, name) is not None and fields.get(name) is not None:
            raise WorldError(
                f"connection {conn_id!r}: the service {connection.service} has a {name} of its own",
                fix=f"leave {name}: out",
            )
    if connection.conn_type not in (None, connection.service):
        fields.pop("conn_type", None)
    if connection.extra is not None:
        fields["extra"] = _merged(fields.get("extra"), connection.extra)
    return replace(connection, service=None, settings={}, is_served=True, **fields)


def _merged(ours: str | None, theirs: str) -> str:
    import json

    return theirs if ours is None else json.dumps({**json.loads(ours), **json.loads(theirs)})
