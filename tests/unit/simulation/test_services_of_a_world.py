"""A world of which no connection names a service costs nothing; what one leased that does ends with the block.

And services that fail for a while.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import WorldError
from harness.services import binding
from harness.simulation.faults import ServiceFaults
from harness.simulation.worlds import served
from harness.world import World


class Ended(Exception):
    """What a test has a block end with."""


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was started and ended, in order."""
    found: list[str] = []

    class Services:
        def __init__(self, settings: dict[str, str]) -> None:
            found.append(f"services {settings}")

        def close(self) -> None:
            found.append("closed")

    class Leases:
        def __init__(self, services: Services, prefix: str) -> None:
            pass

        def bound(self, world: World) -> str:
            found.append("bound")
            return "bound world"

        def snapshot(self) -> str:
            found.append("looked at")
            return "before"

        def since(self, before: str) -> list[str]:
            return [f"since {before}"]

        def end(self) -> None:
            found.append("ended")
            raise Ended

    monkeypatch.setattr(binding, "Services", Services)
    monkeypatch.setattr(binding, "Leases", Leases)
    return found


def world(**fields: str) -> World:
    made = World()
    made.set_connection("warehouse", **fields)  # type: ignore[arg-type]
    return made


def test_without_a_service_it_stays_what_it_is_and_nothing_starts(done: list[str]) -> None:
    plain = world(conn_type="generic", host="db.example")
    with served(plain, {}) as found:
        assert found.world is plain
        assert found.uses() == ()
    assert done == []


def test_with_one_it_is_bound_and_all_is_ended_even_where_an_end_fails(done: list[str]) -> None:
    seen: list[object] = []
    with pytest.raises(Ended), served(world(service="postgres"), {"postgres": "external"}) as found:
        seen += [found.world, found.uses()]  # looked at behind it: the error of its end would hide another
    assert seen == ["bound world", ("since before",)]
    assert done == ["services {'postgres': 'external'}", "bound", "looked at", "ended", "closed"]


class TestFaults:
    """How services are made to fail, over leases that only say what is done to them."""

    @pytest.fixture
    def said(self) -> list[Any]:
        return []

    @pytest.fixture
    def faults(self, said: list[Any]) -> ServiceFaults:
        def lease(peer: str | None, *faults: str, part: str | None = None) -> Any:
            def refuse() -> None:
                said.append(("refuses", set(guard.down)))

            return SimpleHashable(
                peer=peer,
                part=part,
                faults=faults,
                refuse=refuse,
                accept=lambda: said.append("accepts"),
                fails=said.append,
            )

        guard: Any = SimpleNamespace(down=set())
        leases = {"api": lease("localhost:1", "errors"), "db": lease("localhost:2"), "bucket": lease(None, "throttles")}
        leases["crm"] = lease("localhost:2", part="crm_1")
        leases["same"] = lease("localhost:2")
        return ServiceFaults(SimpleNamespace(all=lambda: leases), guard)  # type: ignore[arg-type]

    def test_only_what_has_an_address_goes_down(self, faults: ServiceFaults, said: list[Any]) -> None:
        assert faults.conn_ids == ("api", "crm", "db", "same")
        begin, end = faults.of("db", "down", None)
        begin()
        assert (faults._guard.down, said) == ({"localhost:2"}, [("refuses", set())])
        end()
        assert (faults._guard.down, said) == (set(), [("refuses", set()), "accepts", None])
        end()
        assert len(said) == 3, "it is well already"

    def test_a_part_of_a_server_goes_down_alone(self, faults: ServiceFaults) -> None:
        begin, end = faults.of("crm", "down", None)
        begin()
        assert faults._guard.down == {"localhost:2/crm_1"}
        end()
        assert faults._guard.down == set()

    def test_of_two_connections_to_one_server_each_is_down_for_its_time(self, faults: ServiceFaults) -> None:
        (down, up), (other_down, other_up) = (faults.of(conn_id, "down", None) for conn_id in ("db", "same"))
        down()
        other_down()
        up()
        assert faults._guard.down == {"localhost:2"}
        other_up()
        assert faults._guard.down == set()

    def test_another_fault_is_its_servers(self, faults: ServiceFaults, said: list[Any]) -> None:
        begin, end = faults.of("bucket", "throttles", None)
        begin()
        end()
        assert (faults._guard.down, said) == (set(), ["throttles", None])

    def test_one_that_is_over_leaves_the_others_as_they_are(self, faults: ServiceFaults, said: list[Any]) -> None:
        (down, up), (fails, works) = faults.of("api", "down", None), faults.of("api", "errors", None)
        for begin in (down, fails, down):
            begin()
        assert (up(), faults._guard.down, said) == (False, {"localhost:1"}, [("refuses", set()), "errors", "errors"])
        assert (up(), faults._guard.down, said[3:]) == (False, set(), ["accepts", "errors"])
        assert (works(), said[5:]) == (True, [None])

    @pytest.mark.parametrize(
        ("conn_id", "kind", "told", "known"),
        [
            (
                "dbs",
                "down",
                "connection 'dbs' asks for no service",
                "api, bucket, crm, db, same      did you mean 'db'?",
            ),
            ("bucket", "down", "the service of connection 'bucket' knows no 'down'", "throttles"),
            ("db", "errors", "the service of connection 'db' knows no 'errors'", "down"),
            ("api", "throttles", "the service of connection 'api' knows no 'throttles'", "down, errors"),
        ],
    )
    def test_one_that_cannot_be_is_told(
        self, faults: ServiceFaults, conn_id: str, kind: str, told: str, known: str
    ) -> None:
        with pytest.raises(WorldError, match=told) as caught:
            faults.of(conn_id, kind, "world.yaml:7")
        assert (caught.value.where, caught.value.known) == ("world.yaml:7", known)

    def test_all_are_well_again_behind_the_block(self, faults: ServiceFaults, said: list[Any]) -> None:
        def fails() -> None:
            with faults.lifted():
                for conn_id, kind in (("db", "down"), ("api", "errors")):
                    faults.of(conn_id, kind, None)[0]()
                raise Ended

        with pytest.raises(Ended):
            fails()
        assert (faults._guard.down, said) == (set(), [("refuses", set()), "errors", "accepts", None, None])

    def test_without_services_there_is_none(self) -> None:
        assert ServiceFaults(None, SimpleNamespace()).conn_ids == ()  # type: ignore[arg-type]


class SimpleHashable(SimpleNamespace):
    """Itself and no other, as a lease is."""

    __hash__ = object.__hash__
