"""An HTTP server with declared answers: which of them it gives, what it keeps, what of a world it refuses."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import requests

from harness.errors import ServiceUnavailable, UsageError, WorldError
from harness.services.binding import Leases, Services, refuse_unknown
from harness.services.http.lease import HttpApi
from harness.services.http.server import HttpRequest
from harness.services.http.service import HttpService
from harness.world import World


@pytest.fixture
def leases() -> Iterator[Leases]:
    before = set(threading.enumerate())
    services = Services()
    made = Leases(services, "")
    yield made
    made.end()
    services.close()
    assert set(threading.enumerate()) == before


def _world(routes: Any) -> World:
    world = World()
    world.set_connection("api", service="http", routes=routes)
    return world


@pytest.fixture
def api(leases: Leases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HttpApi:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_bytes(b"1,2\n")
    routes = {
        "GET /items": [{"status": 429, "headers": {"Retry-After": 3}}, {"json": [1, {"day": "ä"}]}],
        "GET /items?page=2": {"json": []},
        "GET /items?page=2&size=1": {"json": [2]},
        "GET /items/<id>": {"body": "grün"},
        "GET /files/<path:name>": {"file": "a.csv"},
        "GET /files/json": {"file": "a.csv", "headers": {"content-type": "text/x"}},
        "POST /items": {"status": 201},
        "ANY /any": {"status": 204},
    }
    made: HttpApi = leases.lease("api", _world(routes))  # type: ignore[assignment]
    return made


def get(api: HttpApi, path: str, method: str = "GET", **options: Any) -> requests.Response:
    return requests.request(method, api.url + path, timeout=5, **options)


def test_a_routes_answers_come_in_turn_and_the_last_stays(api: HttpApi) -> None:
    first = get(api, "/items")
    assert (first.status_code, first.headers["Retry-After"], first.content) == (429, "3", b"")
    for _ in range(2):
        answer = get(api, "/items/")
        assert (answer.status_code, answer.headers["Content-Type"], answer.json()) == (
            200,
            "application/json",
            [1, {"day": "ä"}],
        )


@pytest.mark.parametrize(
    ("method", "path", "status", "kind", "body"),
    [
        ("GET", "/items?size=1&page=2&more=x", 200, "application/json", b"[2]"),
        ("GET", "/items?page=2", 200, "application/json", b"[]"),
        ("GET", "/items/a%20b", 200, "text/plain; charset=utf-8", "grün".encode()),
        ("GET", "/files/x/y.csv", 200, "text/csv", b"1,2\n"),
        ("GET", "/files/json", 200, "text/x", b"1,2\n"),
        ("HEAD", "/files/json", 200, "text/x", b""),
        ("POST", "/items", 201, "text/plain; charset=utf-8", b""),
        ("DELETE", "/any", 204, "text/plain; charset=utf-8", b""),
    ],
)
def test_which_route_answers(api: HttpApi, method: str, path: str, status: int, kind: str, body: bytes) -> None:
    answer = get(api, path, method)
    assert (answer.status_code, answer.content) == (status, body)
    assert status == 204 or answer.headers["Content-Type"] == kind


@pytest.mark.parametrize(("method", "path"), [("GET", "/itmes"), ("PUT", "/items"), ("GET", "/items//x")])
def test_what_is_not_declared_is_told_with_what_is(api: HttpApi, method: str, path: str) -> None:
    answer = get(api, path, method)
    assert answer.status_code == 404
    assert answer.reason.startswith("not declared, ANY /any, GET /files/<path:name>, GET /files/json, GET /items,")
    assert answer.text.startswith(f"{method} {path} is not declared for the connection 'api'\n  known   ANY /any, ")
    assert f"  fix     routes: {{{method} {path}: {{json: …}}}} in the world, world.http('api').answer(" in answer.text
    assert [one.about for one in api.heard()] == [f"{method} {path}, which is not declared"]


def test_a_connection_without_routes_says_so() -> None:
    """As ``airflow-harness init`` proposes it."""
    none = HttpApi("api", {})
    answer = get(none, "/items")
    none.end()
    assert (answer.status_code, answer.reason) == (404, "not declared, api has no routes")


def test_what_is_kept_of_a_request(api: HttpApi) -> None:
    get(api, "/items?a=1&a=2&key=secret", "POST", json={"n": 1}, headers={"X-Key": "hidden"})
    [request] = api.requests
    assert (request.method, request.path, request.query) == ("POST", "/items", {"a": "1", "key": "secret"})
    assert (request.headers["x-key"], request.json(), request.text) == ("hidden", {"n": 1}, '{"n": 1}')
    assert not {"secret", "hidden"} & set(f"{request} {api.heard()}".replace("=", " ").split())
    with pytest.raises(ValueError, match="Expecting value"):
        get(api, "/any") and api.requests[-1].json()


def test_a_test_declares_further_answers(api: HttpApi) -> None:
    assert get(api, "/items").status_code == 429
    api.answer("GET /items", {"status": 503}, {"json": 5})
    assert [get(api, "/items").status_code for _ in range(3)] == [503, 200, 200]
    api.answer("GET /new", {"body": "x"})
    assert get(api, "/new").text == "x"
    with pytest.raises(UsageError, match="route 'GET /new': unknown key 'bdoy'") as caught:
        api.answer("GET /new", {"bdoy": "x"})
    assert "did you mean 'body'?" in str(caught.value)
    with pytest.raises(UsageError, match="route 'GET /new' has no answer"):
        api.answer("GET /new")
    with pytest.raises(UsageError, match="cannot be read"):
        api.answer("GET /new", {"file": "none"})
    assert get(api, "/new").text == "x"


def test_a_function_answers_by_the_request(api: HttpApi) -> None:
    def reading(request: HttpRequest) -> dict[str, Any]:
        return {"json": {"city": request.query["city"], "celsius": len(request.query["city"])}}

    api.answer("GET /readings", {"status": 503}, reading)
    assert get(api, "/readings?city=oslo").status_code == 503
    assert [get(api, f"/readings?city={city}").json()["celsius"] for city in ("oslo", "london")] == [4, 6]
    broken = get(api, "/readings")
    assert (broken.status_code, broken.reason) == (500, broken.text.strip())
    assert "reading for 'api': KeyError: 'city'" in broken.text
    api.answer("GET /readings", lambda request: {"jsno": request.path})
    assert "unknown key 'jsno'" in get(api, "/readings").text


def test_beyond_a_limit_is_429_until_the_span_is_over(leases: Leases) -> None:
    import time_machine

    world = _world({"GET /": {}})
    world.set_connection("slow", service="http", routes={"GET /": {}}, limit="2/1m")
    slow: HttpApi = leases.lease("slow", world)  # type: ignore[assignment]
    with time_machine.travel(datetime(2025, 1, 1, tzinfo=timezone.utc), tick=False) as clock:
        assert [get(slow, "/").status_code for _ in range(2)] == [200, 200]
        clock.shift(20)
        refused = get(slow, "/")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "40")
        assert "the limit of 2/1m is reached" in refused.text
        clock.shift(40)
        assert [get(slow, "/").status_code for _ in range(3)] == [200, 200, 429]
        clock.move_to(datetime(2024, 1, 1, tzinfo=timezone.utc))
        assert get(slow, "/").status_code == 200


@pytest.mark.parametrize("limit", ["60", "0/1m", "many/1m", "60/never", 60])
def test_a_limit_that_means_nothing(limit: Any) -> None:
    world = World()
    world.set_connection("api", service="http", limit=limit)
    with pytest.raises(WorldError, match=r"connection 'api': .* is (no limit|not a duration)"):
        refuse_unknown(world)


def test_many_at_once_have_an_answer_each(api: HttpApi) -> None:
    api.answer("GET /n", *({"json": number} for number in range(40)))
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(lambda _: get(api, "/n").json(), range(40))) == list(range(40))
    assert len(api.requests) == 40


def test_the_end_cuts_who_is_connected_and_frees_the_port(leases: Leases, api: HttpApi) -> None:
    port = api.address.fields["port"]
    assert isinstance(port, int)
    with socket.create_connection(("127.0.0.1", port)) as held:
        held.sendall(b"GET /ite")
        api.end()
        api.end()
        assert held.recv(100) == b""
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_servers_of_two_connections_are_apart(leases: Leases) -> None:
    world = _world({"GET /x": {"body": "api"}})
    world.set_connection("other", service="http", routes={"GET /x": {"body": "other"}})
    bound = leases.bound(world).connections
    urls = [f"{bound[name].schema}://{bound[name].host}:{bound[name].port}/x" for name in ("api", "other")]
    assert [requests.get(url, timeout=5).text for url in urls] == ["api", "other"]


@pytest.mark.parametrize(
    ("routes", "fact"),
    [
        ([], "routes must be a mapping, not a list"),
        ({"GTE /items": {}}, "'GTE /items' is no route"),
        ({"GET items": {}}, "'GET items' is no route"),
        ({"/items": {}}, "'/items' is no route"),
        ({"GET /items": []}, "route 'GET /items' has no answer"),
        (
            {"GET /items": 3},
            "route 'GET /items': must be a mapping of status, json, body, file, headers, takes, not a whole number",
        ),
        ({"GET /items": [{}, {"status": 99}]}, "route 'GET /items', answer 2: status must be 100 or more"),
        ({"GET /items": {"status": "200"}}, "route 'GET /items': status must be a whole number, not text"),
        ({"GET /items": {"json": None, "body": "x"}}, "route 'GET /items': json and body cannot all be given"),
        ({"GET /a": {"x": 1}, "GET b": {}}, "route 'GET /a': unknown key 'x'; 'GET b' is no route"),
    ],
)
def test_routes_that_cannot_be_read(routes: Any, fact: str) -> None:
    with pytest.raises(WorldError) as caught:
        refuse_unknown(_world(routes))
    assert caught.value.fact == f"connection 'api': {fact}"


@pytest.mark.parametrize(
    ("routes", "fact"),
    [
        ({"GET /items/<": {}}, "connection 'api': the path of a route is no pattern: "),
        ({"GET /items/<no:id>": {}}, "connection 'api': the path of a route is no pattern: "),
        (
            {"GET /x": {"file": "none.csv"}},
            "connection 'api': the file of route 'GET /x' cannot be read: none.csv: No such",
        ),
    ],
)
def test_what_is_refused_when_it_starts_leaves_nothing(leases: Leases, routes: Any, fact: str) -> None:
    with pytest.raises(WorldError) as caught:
        leases.bound(_world(routes))
    assert caught.value.fact.startswith(fact)


def test_without_werkzeug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "werkzeug", None)
    with pytest.raises(ServiceUnavailable, match="the service http needs werkzeug, which is not installed") as caught:
        HttpService("embedded").start()
    assert caught.value.fix == 'pip install "airflow-harness[http]"'


def test_reading_a_world_imports_no_werkzeug() -> None:
    import subprocess

    code = """
import sys
from harness.services.binding import refuse_unknown
from harness.world import World

world = World()
world.set_connection("api", service="http", routes={"GET /x": {}})
world.set_connection("mail", service="smtp")
refuse_unknown(world)
assert not {"werkzeug", "aiosmtpd", "airflow"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
