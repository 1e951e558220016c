"""Connections that name a service: given the address of a real one, each its own, and allowed to be reached."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.simulation import services
from harness.simulation.services import bound, served
from harness.world import World


def world() -> World:
    made = World()
    made.set_connection("warehouse", service="postgres")
    made.set_connection("other", service="postgres")
    made.set_connection("plain", conn_type="generic", host="db.example", port=1)
    return made


def database_of(host: str) -> Any:
    def made(conn_id: str) -> Any:
        return SimpleNamespace(airflow={"conn_type": "postgres", "host": host, "port": 5432, "schema": f"of_{conn_id}"})

    return made


@pytest.mark.parametrize(
    ("host", "peer"),
    [("db.local", "db.local:5432"), ("::1", "[::1]:5432"), ("127.0.0.1", "127.0.0.1:5432"), ("/tmp/socket", None)],
)
def test_each_has_a_database_of_its_own_which_may_be_reached(host: str, peer: str | None) -> None:
    given = world()
    found = bound(given, database_of(host))
    named = found.connections
    assert [named[name].schema for name in ("warehouse", "other")] == ["of_warehouse", "of_other"]
    assert {(named[name].host, named[name].service) for name in ("warehouse", "other")} == {(host, None)}
    assert named["plain"] == given.connections["plain"]
    assert given.connections["warehouse"].service == "postgres", "what was given is not changed"
    assert (peer in found.network.allow) if peer else found.network.allow == given.network.allow


def test_without_a_service_it_stays_what_it_is_and_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "open_postgres", None)
    plain = World()
    plain.set_connection("plain", conn_type="generic", host="db.example", port=1)
    assert bound(plain, database_of("db.local")) is plain
    with served(plain) as found:
        assert found is plain
