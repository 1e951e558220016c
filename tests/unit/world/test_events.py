"""The section ``events:`` of a world file, and what services make of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import WorldError
from harness.kernel import SECOND
from harness.services.binding import Leases, Services
from harness.services.happenings import happening
from harness.world import World, load
from harness.world.around import AssetUpdated, Chaos, OfService, ServiceFault, TaskFault, VariablesChange, When


def written(folder: Path, *entries: str) -> Path:
    lines = ["variables: {a: b}", "events:", *(f"  - {entry}" for entry in entries)]
    (folder / "world.yaml").write_text("\n".join(lines))
    return folder / "world.yaml"


def test_entries_are_read_in_their_order_with_their_lines(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "{at: +1h30m, variables: {region: eu, limits: {max: 3}, old: null}}",
        "{at: 2025-01-05T01:00Z, asset: {uri: 's3://a/b', extra: {n: 1}}}",
        "{at: +90, s3: {key: landing/x}}",
    )
    first, second, third = load(path).events
    assert first.effect == VariablesChange({"region": "eu", "limits": '{\n  "max": 3\n}', "old": None})
    assert second.effect == AssetUpdated(None, "s3://a/b", {"n": 1})
    assert third.effect == OfService("s3", {"key": "landing/x"})
    assert [str(one.at) for one in (first, second, third)] == ["+5400s", "2025-01-05T01:00:00Z", "+90s"]
    assert [one.where for one in (first, second, third)] == [f"{path}:{line}" for line in (3, 4, 5)]


@pytest.mark.parametrize(
    ("entry", "fact"),
    [
        ("{at: soon, variables: {a: b}}", "event 1: at must be a time, not 'soon'"),
        ("{at: [1], variables: {a: b}}", "event 1: at must be a time, not a list"),
        ("{variables: {a: b}}", "event 1: key 'at' is missing"),
        ("{at: +1h}", "event 1: needs exactly one of variables, asset, or a service beside at"),
        ("{at: +1h, variables: {a: b}, asset: {name: x}}", "needs exactly one of"),
        ("{at: +1h, variables: region}", "variables must be a mapping of their names, not text"),
        ("{at: +1h, asset: {extra: {}}}", "needs one of name, uri"),
        ("{at: +1h, asset: {nmae: x}}", "unknown key 'nmae'"),
        ("{at: +1h, s3: landing/x}", "must be a mapping, not text"),
        ("+1h", "must be a mapping of at and one of"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path: Path, entry: str, fact: str) -> None:
    with pytest.raises(WorldError) as caught:
        load(written(tmp_path, entry))
    assert fact in caught.value.fact
    assert str(caught.value.where).endswith("world.yaml:3")


def test_what_is_to_happen_is_a_function() -> None:
    with pytest.raises(WorldError, match="an event: must be a function, not a whole number"):
        World().at("+1h", 3)


def test_events_are_a_list(tmp_path: Path) -> None:
    (tmp_path / "world.yaml").write_text("events: {at: +1h}\n")
    with pytest.raises(WorldError, match="events must be a list, not a mapping"):
        load(tmp_path / "world.yaml")


def test_a_fault_is_no_event_and_its_section_is_named() -> None:
    with pytest.raises(WorldError, match="there is no service 'down'") as caught:
        happening("down", {"connection": "first"}, World(), None, "world.yaml:3")
    assert caught.value.fix == "what goes wrong stands below faults:, {connection: …, kind: down}"
    with pytest.raises(WorldError) as caught:
        happening("dawn", {}, World(), None, "world.yaml:3")
    assert caught.value.fix is None


@pytest.mark.parametrize(
    ("service", "settings", "fact"),
    [
        ("s3", {"key": "landing"}, "key must be bucket/key"),
        ("s3", {"key": "a/b", "body": "", "file": "x"}, "body and file cannot both be given"),
        ("postgres", {}, "needs exactly one of sql, file"),
        ("http", {"routes": {"items": {}}}, "'items' is no route"),
        ("http", {"routes": {"GET /": {}}}, "2 connections of the world ask for that service"),
        ("http", {"connection": "third", "routes": {"GET /": {}}}, "connection 'third' asks for no such service"),
        ("s3", {"key": "a/b"}, "no connections of the world ask for that service"),
        ("smtp", {}, "nothing happens by itself in the service smtp"),
        ("pigeon", {}, "there is no service 'pigeon'"),
    ],
)
def test_what_a_service_cannot_do_is_refused_with_its_place(service: str, settings: dict, fact: str) -> None:
    world, services = World(), Services()
    for conn_id in ("first", "second"):
        world.set_connection(conn_id, service="http")
    leases = Leases(services, "test")
    try:
        leases.bound(world)
        with pytest.raises(WorldError) as caught:
            happening(service, settings, world, leases, "world.yaml:3")
    finally:
        leases.end()
        services.close()
    assert fact in caught.value.fact
    assert caught.value.where == "world.yaml:3"


def test_faults_and_chaos_are_read_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "world.yaml").write_text(
        "faults:\n  - {task: a.b, kind: lost, on_try: [1, 2], when: 10m}\n"
        "  - {connection: c, kind: down, at: +1h, lasts: 5m}\nchaos: {rate: 0.1, seed: 7}\n"
    )
    world = load(tmp_path / "world.yaml")
    first, second = world.faults
    assert first == TaskFault("a.b", "lost", (1, 2), 600 * SECOND)
    assert second == ServiceFault("c", "down", When(3600 * SECOND, True), 300 * SECOND)
    assert world.drawn_faults == Chaos(0.1, 7)
    assert [str(one.where).rpartition(":")[2] for one in (*world.faults, world.drawn_faults)] == ["2", "3", "4"]
    assert world.copy().faults == world.faults


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("faults: {kind: lost}", "faults must be a list, not a mapping"),
        ("faults: [{task: a.b, kind: lots}]", "fault 1: kind has an unknown value"),
        ("chaos: {rate: 2}", "chaos: rate must be 1.0 or less"),
        ("chaos: {}", "chaos: key 'rate' is missing"),
        ("chaos: {rate: 0.1, kinds: [lost, foo]}", "chaos: item 2 of kinds has an unknown value"),
    ],
)
def test_faults_that_cannot_be_read_are_told_with_their_line(tmp_path: Path, text: str, fact: str) -> None:
    (tmp_path / "world.yaml").write_text(text)
    with pytest.raises(WorldError) as caught:
        load(tmp_path / "world.yaml")
    assert fact in caught.value.fact
    assert str(caught.value.where).endswith("world.yaml:1")
