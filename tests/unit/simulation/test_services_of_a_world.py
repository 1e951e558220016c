"""A world of which no connection names a service costs nothing; what one leased that does ends with the block."""

from __future__ import annotations

import pytest

from harness.services import binding
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
