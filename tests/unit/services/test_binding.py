"""A world's connections lead to running services: which driver, whose lease, what of the entry, what is refused."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest

from harness.errors import HarnessError, UsageError, WorldError
from harness.project.drivers import DriverOptions
from harness.results.services import Heard
from harness.services import registry
from harness.services.base import Address, Lease, Service, ServiceOptions
from harness.services.binding import Leases, Services, refuse_unknown
from harness.services.contents import Contents
from harness.services.drivers import Choice, choose
from harness.services.views import WorldServices
from harness.world import World


class EchoOptions(ServiceOptions):
    colour: str = "grey"


class EchoLease(Lease):
    def __init__(self, holder: str, conn_id: str, options: EchoOptions) -> None:
        self.conn_id, self.holder, self.colour = conn_id, holder, options.colour
        fields = {"conn_type": "echo", "host": f"{holder}.example", "extra": json.dumps({"from": "us"})}
        self.address = Address(fields, ("127.9.9.9:5",), {"ECHO_HOLDER": holder})
        self.rows: dict[Any, Any] = {}
        self.messages: list[Heard] = []
        self.ended = 0

    def snapshot(self) -> Contents:
        return Contents("shelf", "box", {"all": dict(self.rows)})

    def heard(self) -> list[Heard]:
        return self.messages

    def end(self) -> None:
        self.ended += 1


class Echo(Service):
    """A service of an installed package."""

    name, conn_types, drivers, title = (
        "echo",
        ("echo", "shout"),
        ("embedded", "external"),
        "what answers as it is called",
    )
    options = EchoOptions
    started: ClassVar[list[str]] = []
    closed: ClassVar[list[str]] = []

    def start(self) -> None:
        self.started.append(self.driver)

    def lease(self, holder: str, conn_id: str, options: Any) -> Lease:
        return EchoLease(holder, conn_id, options)

    def close(self) -> None:
        self.closed.append(self.driver)


@pytest.fixture(autouse=True)
def _of_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "OURS", {**registry.OURS, "echo": f"{__name__}:Echo"})
    monkeypatch.setattr(Echo, "started", [])
    monkeypatch.setattr(Echo, "closed", [])


def _world(*conn_ids: str, **settings: object) -> World:
    world = World()
    for conn_id in conn_ids:
        world.set_connection(conn_id, service="echo", **settings)
    return world


def test_the_environment_leads_to_airflows_default_connection_else_to_the_first() -> None:
    bound = [Leases(Services(), "t").bound(_world(*names)) for names in ("ab", "ba", ("a", "echo_default", "b"))]
    holders = [world.connections[name].host for world, name in zip(bound, ("a", "b", "echo_default"), strict=True)]
    assert [f"{world.env['ECHO_HOLDER']}.example" for world in bound] == holders


def test_each_connection_has_its_own_lease_and_one_service_serves_them() -> None:
    world = _world("a", "b")
    leases = Leases(Services(), "test_x")
    bound = leases.bound(world)
    assert [bound.connections[name].host for name in "ab"] == ["test_x.example", "test_x_b.example"]
    assert (bound.connections["a"].service, world.connections["a"].service) == (None, "echo")
    assert bound.connections["a"].conn_type == "echo"
    assert (bound.env["ECHO_HOLDER"], bound.network.allow) == ("test_x", ("127.9.9.9:5",))
    assert Echo.started == ["embedded"]


def test_a_connection_keeps_its_lease_from_run_to_run_until_the_end() -> None:
    world, services = _world("a"), Services()
    leases = Leases(services, "")
    first = leases.lease("a", world)
    assert leases.bound(world).connections["a"].host == "a.example"
    assert leases.lease("a", world) is first
    leases.end()
    assert first.ended == 1  # type: ignore[attr-defined]
    services.close()
    services.close()
    assert Echo.closed == ["embedded"]


def test_what_the_entry_says_beside_the_service_stays() -> None:
    world = World()
    world.set_connection("a", service="echo", conn_type="shout", extra={"mine": 1}, colour="red")
    leases = Leases(Services(), "")
    bound = leases.bound(world).connections["a"]
    assert (bound.conn_type, json.loads(bound.extra or "")) == ("shout", {"from": "us", "mine": 1})
    assert leases.lease("a", world).colour == "red"  # type: ignore[attr-defined]


def test_what_was_made_for_nobody_is_the_first_connections() -> None:
    leases = Leases(Services(), "test_x")
    early = leases.first_of("echo")
    assert leases.lease("a", _world("a")) is early
    assert leases.first_of("echo") is early
    assert early.conn_id == "a"


def test_a_connection_with_options_of_its_own_gets_no_lease_made_without_them() -> None:
    leases = Leases(Services(), "test_x")
    early = leases.first_of("echo")
    lease = leases.lease("a", _world("a", colour="red"))
    assert lease is not early
    assert lease.colour == "red"  # type: ignore[attr-defined]
    assert leases.first_of("echo") is early
    assert leases.lease("b", _world("b")) is early
    leases.end()
    assert (lease.ended, early.ended) == (1, 1)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("service", "settings", "fact", "known"),
    [
        ("ecco", {}, "connection 'a': there is no service 'ecco'", "did you mean 'echo'?"),
        ("echo", {"color": "red"}, "connection 'a': unknown key 'color'", "did you mean 'colour'?"),
        ("echo", {"colour": 3}, "connection 'a': colour must be text, not a whole number", None),
    ],
)
def test_an_entry_that_no_service_understands(service: str, settings: Any, fact: str, known: str | None) -> None:
    world = World()
    world.set_connection("a", service=service, **settings)
    for refuse in (refuse_unknown, Leases(Services(), "").bound):
        with pytest.raises(WorldError) as caught:
            refuse(world)
        assert caught.value.fact == fact
        assert known is None or known in str(caught.value)
    assert Echo.started == []


@pytest.mark.parametrize(
    ("service", "conn_type", "known"),
    [
        ("postgres", "mysql", "postgres, redshift, generic"),
        ("s3", "postgres", "aws, athena, emr, redshift, generic"),
        ("sqlite", "snowflake", "sqlite, generic"),
        ("http", "postgres", "http, generic, any that no service answers"),
    ],
)
def test_a_service_for_another_type_of_connection(service: str, conn_type: str, known: str, tmp_path: Any) -> None:
    from harness.world import load

    file = tmp_path / "world.yaml"
    file.write_text(f"connections:\n  a: {{service: {service}, conn_type: {conn_type}}}\n")
    with pytest.raises(WorldError, match=f"service {service} answers no connection of type '{conn_type}'") as caught:
        refuse_unknown(load(file))
    assert caught.value.known == known
    assert (caught.value.where or "").endswith("world.yaml:2")
    is_served = conn_type == "postgres"
    assert ("or take service: postgres" in str(caught.value)) == is_served


@pytest.mark.parametrize(
    ("service", "conn_type"),
    [("webhook", "msteams"), ("http", "our_api"), ("postgres", "postgresql"), ("sftp", "ssh"), ("redis", "generic")],
)
def test_a_type_that_a_service_answers_too(service: str, conn_type: str) -> None:
    world = World()
    world.set_connection("a", service=service, conn_type=conn_type)
    refuse_unknown(world)


@pytest.mark.parametrize(
    ("entry", "fact"),
    [
        ("{service: sqlite, driver: dokcer}", "the service sqlite has no driver 'dokcer' (the world)"),
        ("{service: sqlite, seed: nofile.sql}", "connection 'a': the seed nofile.sql does not exist"),
        ("{service: s3, seed: nofolder}", "connection 'a': the seed nofolder does not exist"),
    ],
)
def test_what_only_binding_finds_out_has_the_entrys_line(entry: str, fact: str, tmp_path: Any) -> None:
    from harness.world import load

    file = tmp_path / "world.yaml"
    file.write_text(f"connections:\n  a: {entry}\n")
    leases = Leases(Services(), "")
    with pytest.raises(HarnessError) as caught:
        leases.bound(load(file))
    leases.services.close()
    assert caught.value.fact == fact
    assert (caught.value.where or "").endswith("world.yaml:2")


def test_the_line_of_an_entry_of_a_file_is_named(tmp_path: Any) -> None:
    from harness.world import load

    file = tmp_path / "world.yaml"
    file.write_text("connections:\n  b: {service: echo}\n  a: {service: echo, color: red}\n")
    with pytest.raises(WorldError) as caught:
        refuse_unknown(load(file))
    assert caught.value.where is not None
    assert caught.value.where.endswith("world.yaml:3")


@pytest.mark.parametrize(
    ("declared", "option", "settings", "environment", "expected"),
    [
        ("auto", {}, {}, {}, Choice("embedded", "the default")),
        ("external", {}, {}, {}, Choice("external", "the world")),
        ("external", {}, {"echo": "embedded"}, {}, Choice("embedded", "drivers of the project's settings")),
        (
            "auto",
            {},
            {"echo": "embedded"},
            {"AIRFLOW_HARNESS_ECHO_DRIVER": "external"},
            Choice("external", "AIRFLOW_HARNESS_ECHO_DRIVER"),
        ),
        (
            "auto",
            {"echo": "external"},
            {},
            {"AIRFLOW_HARNESS_ECHO_DRIVER": "auto"},
            Choice("external", "--driver echo=…"),
        ),
    ],
)
def test_who_chooses_the_driver(declared: str, option: Any, settings: Any, environment: Any, expected: Choice) -> None:
    assert choose(Echo, declared, DriverOptions(option, settings), environment) == expected


def test_a_driver_that_there_is_not() -> None:
    with pytest.raises(UsageError, match="echo has no driver 'container' \\(the world\\)"):
        choose(Echo, "container", DriverOptions(), {})


def test_what_became_of_each_connection() -> None:
    world = _world("a", "b")
    leases = Leases(Services(), "")
    a, b = (leases.lease(name, world) for name in "ab")
    a.rows |= {1: "x", 2: "y"}  # type: ignore[attr-defined]
    b.messages.append(Heard("mail", "before"))  # type: ignore[attr-defined]
    before = leases.snapshot()
    a.rows |= {2: "z", 3: "new"}  # type: ignore[attr-defined]
    del a.rows[1]  # type: ignore[attr-defined]
    b.messages.append(Heard("mail", "after"))  # type: ignore[attr-defined]
    use_of_a, use_of_b = leases.since(before)
    assert [str(change) for change in use_of_a.changes] == ["shelf all: 1 box added, 1 box removed, 1 box changed"]
    assert (use_of_b.changes, [one.about for one in use_of_b.heard]) == ((), ["after"])


def test_a_world_of_a_test_leads_to_its_services() -> None:
    world = _world("a")
    world.services = WorldServices(Leases(Services(), ""))
    assert world.echo.colour == "grey"
    assert world.echo("a") is world.echo("a")
    world.set_connection("b", service="echo", colour="blue")
    assert world.copy().echo("b").colour == "blue"
    with pytest.raises(UsageError, match="2 connections ask for the service echo"):
        _ = world.echo.colour
    with pytest.raises(UsageError, match="connection 'c' is not in the world"):
        world.echo("c")
    with pytest.raises(AttributeError, match="no attribute 'eccho'"):
        _ = world.eccho
    with pytest.raises(AttributeError):
        _ = World().echo


def test_a_login_that_the_service_does_not_have_stays() -> None:
    world = World()
    world.set_connection("partner", service="echo", login="me", password="token")
    services = Services()
    bound = Leases(services, "t").bound(world).connections["partner"]
    assert (bound.host, bound.login, bound.password) == ("t.example", "me", "token")


def test_a_login_beside_one_of_the_services_own_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.set_connection("shop", service="echo", login="me")
    really = EchoLease.__init__

    def with_login(lease: EchoLease, *arguments: Any) -> None:
        really(lease, *arguments)
        lease.address = Address({**lease.address.fields, "login": "ours"})

    monkeypatch.setattr(EchoLease, "__init__", with_login)
    with pytest.raises(WorldError, match="connection 'shop': the service echo has a login of its own"):
        Leases(Services(), "t").bound(world)
