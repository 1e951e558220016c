"""HTTP of tasks from a cassette: recorded once from a real server, played back without one."""

import gzip
import json
import threading
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from harness.errors import WorldError
from harness.world import World
from harness.world.network import Cassette, Network

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
SECRET = "s3cr3t-of-the-shop"


class Shop(BaseHTTPRequestHandler):
    """Numbers its answers, so that a played one is told from a new one."""

    asked: ClassVar[list[str]] = []

    def answer(self):
        size = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(size).decode()
        self.asked.append(f"{self.command} {self.path}")
        body = {"number": len(self.asked), "sent": sent, "access_token": SECRET, "told": f"with {SECRET}"}
        data = json.dumps(body).encode()
        self.send_response(503 if self.path == "/busy" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Set-Cookie", f"session={SECRET}")
        if self.path == "/zipped":
            data = gzip.compress(data)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer  # noqa: N815 - as http.server calls them

    def log_message(self, *_):
        pass


@pytest.fixture
def shop():
    """A server, and what it was asked; it is closed by calling it."""
    Shop.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def close():
        server.shutdown()
        thread.join()
        server.server_close()

    server.close_it = close
    yield server
    if thread.is_alive():
        close()


def world_of(file, server, record=False):
    world = World()
    world.set_variable("shop_password", SECRET)
    world.network = Network((), Cassette(file, (f"127.0.0.1:{server.server_port}",), record))
    return world


def dag_of(function, days=1):
    from airflow.sdk import DAG, task

    with DAG("shopping", start_date=START, schedule=None) as dag:
        task(task_id="t")(function)()
    return dag


def by_requests(url, **data):
    import requests

    answer = requests.post(url, json=data) if data else requests.get(url)
    return answer.json()


def by_httpx(url, **data):
    import httpx

    answer = httpx.post(url, json=data) if data else httpx.get(url)
    return answer.json()


def by_urllib(url, **data):
    from urllib.request import Request, urlopen

    sent = json.dumps(data).encode() if data else None
    with urlopen(Request(url, sent, {"Content-Type": "application/json"})) as answer:
        return json.loads(answer.read())


def by_aiohttp(url, **data):
    import asyncio

    import aiohttp

    async def ask():
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json=data) if data else session.get(url) as answer,
        ):
            return await answer.json()

    return asyncio.run(ask())


CLIENTS = [by_requests, by_httpx, by_urllib, by_aiohttp]


@pytest.mark.parametrize("client", CLIENTS)
def test_what_was_recorded_is_played_without_a_server(client, rehearse, shop, tmp_path):
    file, url = tmp_path / "deep" / "shop.yaml", f"http://127.0.0.1:{shop.server_port}"

    def buy():
        first = client(f"{url}/items?page=1")
        sent = client(f"{url}/orders", lines=2)
        return [first["number"], client(f"{url}/items?page=1")["number"], sent["number"], sent["sent"]]

    recorded = rehearse(dag_of(buy), world_of(file, shop, record=True))
    assert recorded.ok, recorded.task("t").error
    assert len(Shop.asked) == 3
    shop.close_it()
    played = rehearse(dag_of(buy), world_of(file, shop))
    assert played.ok, played.task("t").error
    assert played.task("t").xcom() == recorded.task("t").xcom()
    assert recorded.task("t").xcom()[:3] == [1, 3, 2]
    assert len(Shop.asked) == 3
    (use,) = played.services
    assert (use.conn_id, use.service) == (str(file), "cassette")
    assert [one.about for one in use.heard] == [f"GET {url}/items", f"POST {url}/orders", f"GET {url}/items"]
    assert str(use).endswith("3 requests")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("other", ["another path", "another query", "another body", "once more"])
def test_what_is_not_in_it_fails_and_is_shown(other, client, rehearse, shop, tmp_path):
    file, url = tmp_path / "shop.yaml", f"http://127.0.0.1:{shop.server_port}"

    def buy():
        client(f"{url}/orders?day=1", lines=2)

    assert rehearse(dag_of(buy), world_of(file, shop, record=True)).ok
    asks = {
        "another path": lambda: client(f"{url}/returns?day=1", lines=2),
        "another query": lambda: client(f"{url}/orders?day=2", lines=2),
        "another body": lambda: client(f"{url}/orders?day=1", lines=3),
        "once more": lambda: [client(f"{url}/orders?day=1", lines=2) for _ in "ab"],
    }

    result = rehearse(dag_of(asks[other]), world_of(file, shop))
    assert result.state == "failed"
    (finding,) = result.findings
    path = "returns?day=1" if other == "another path" else f"orders?day={2 if other == 'another query' else 1}"
    assert finding.check == "network"
    assert f"task 't' asks POST {url}/{path}, which is not in the cassette {file}" in finding.message
    assert "--record" in str(finding.fix)
    assert Path(str(finding.path)).name == Path(__file__).name
    assert len(Shop.asked) == 1
    assert list(result.not_in_world) == []


@pytest.mark.parametrize("client", CLIENTS)
def test_no_secret_is_kept(client, rehearse, shop, tmp_path):
    file, url = tmp_path / "shop.yaml", f"http://127.0.0.1:{shop.server_port}"

    def buy():
        found = client(f"{url}/login?api_key={SECRET}x&day=1", password=f"{SECRET}y", note=f"of {SECRET}")
        return found["access_token"], client(f"{url}/items?token={found['access_token']}")["number"]

    recorded = rehearse(dag_of(buy), world_of(file, shop, record=True))
    assert recorded.ok, recorded.task("t").error
    kept = file.read_text()
    assert SECRET not in kept
    assert "day=1" in kept
    played = rehearse(dag_of(buy), world_of(file, shop))  # what is compared has no secrets either
    assert played.ok, played.task("t").error
    assert played.task("t").xcom() == ("***", 2)


def test_an_answer_that_repeats_a_request_s_secret_keeps_none_of_it(rehearse, shop, tmp_path):
    file, url = tmp_path / "shop.yaml", f"http://127.0.0.1:{shop.server_port}"
    key, token, password = "key-of/the shop", "bearer-0815", "hunter22"

    def buy():
        import requests

        headers = {"Authorization": f"Bearer {token}"}
        sent = {"password": password, "note": f"{key}, {token} and {password}, Bearer as ever"}
        return requests.post(f"{url}/login/{token}", params={"api_key": key}, json=sent, headers=headers).json()

    recorded = rehearse(dag_of(buy), world_of(file, shop, record=True))
    assert recorded.ok, recorded.task("t").error
    kept = file.read_text()
    for secret in (key, "key-of%2Fthe", token, password):
        assert secret not in kept
    assert "Bearer as ever" in kept
    played = rehearse(dag_of(buy), world_of(file, shop))
    assert played.ok, played.task("t").error
    assert json.loads(played.task("t").xcom()["sent"])["note"] == "***, *** and ***, Bearer as ever"


def test_what_is_recorded_already_is_not_asked_again_and_nothing_is_lost(rehearse, shop, tmp_path):
    file, url = tmp_path / "shop.yaml", f"http://127.0.0.1:{shop.server_port}"
    ask = lambda *pages: dag_of(lambda: [by_requests(f"{url}/items?page={page}")["number"] for page in pages])  # noqa: E731
    assert rehearse(ask(1), world_of(file, shop, record=True)).task("t").xcom() == [1]
    assert rehearse(ask(1, 2), world_of(file, shop, record=True)).task("t").xcom() == [1, 2]
    assert Shop.asked == ["GET /items?page=1", "GET /items?page=2"]
    before = file.read_bytes()
    assert rehearse(ask(2, 1), world_of(file, shop)).task("t").xcom() == [2, 1]
    assert file.read_bytes() == before


def test_statuses_and_compressed_answers_are_as_they_were(rehearse, shop, tmp_path):
    file, url = tmp_path / "shop.yaml", f"http://127.0.0.1:{shop.server_port}"

    def ask():
        import requests

        return requests.get(f"{url}/busy").status_code, requests.get(f"{url}/zipped").json()["number"]

    for record in (True, False):
        assert rehearse(dag_of(ask), world_of(file, shop, record)).task("t").xcom() == (503, 2)
    assert "number" in file.read_text()


def test_the_ledger_has_what_was_asked(rehearse, shop, tmp_path):
    file, url = tmp_path / "shop.yaml", f"http://127.0.0.1:{shop.server_port}"
    ask = dag_of(lambda: by_requests(f"{url}/items?page=1")["number"])
    assert rehearse(ask, world_of(file, shop, record=True), keep=tmp_path / "ledger").ok
    last = json.loads((tmp_path / "ledger" / "journal.jsonl").read_text().splitlines()[-2])  # before its footer
    assert (last["kind"], last["service"], last["conn_id"]) == ("service", "cassette", str(file))
    assert last["heard"] == [{"kind": "request", "about": f"GET {url}/items"}]


def test_other_hosts_go_their_way_and_clients_are_what_they_were(rehearse, shop, tmp_path):
    import http.client

    import requests
    import urllib3

    of_process = http.client.HTTPConnection, urllib3.connectionpool.HTTPConnectionPool.ConnectionCls
    file, url = tmp_path / "shop.yaml", f"http://127.0.0.1:{shop.server_port}"
    world = world_of(file, shop)
    world.network = Network(("203.0.113.7",), Cassette(file, ("api.example.com",)))

    def ask():
        return by_requests(f"{url}/items")["number"]

    assert rehearse(dag_of(ask), world).task("t").xcom() == 1
    assert not file.exists()
    assert (http.client.HTTPConnection, urllib3.connectionpool.HTTPConnectionPool.ConnectionCls) == of_process
    assert requests.get(f"{url}/items").json()["number"] == 2


def test_a_cassette_that_is_not_there_says_how_it_is_made(rehearse, tmp_path):
    world = World()
    world.network = Network((), Cassette(tmp_path / "none.yaml", ("api.example.com",)))
    result = rehearse(dag_of(lambda: by_requests("https://api.example.com/items?page=2")), world)
    (finding,) = result.findings
    assert "GET https://api.example.com/items?page=2, which is not in the cassette" in finding.message


@pytest.mark.parametrize("text", ["interactions: [", "- 1\n", "interactions:\n- request: {}\n", b"\xff\xfe"])
def test_a_file_that_is_no_cassette_is_one_error(text, rehearse, tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    world = World()
    world.network = Network((), Cassette(file, ("api.example.com",)))
    with pytest.raises(WorldError, match=r"the cassette .*bad\.yaml cannot be read"):
        rehearse(dag_of(lambda: None), world)
    assert file.read_bytes() == (text if isinstance(text, bytes) else text.encode())


def test_days_of_a_calendar_are_played_in_order(calendar, shop, tmp_path):
    from airflow.sdk import DAG, task

    file, url = tmp_path / "shop.yaml", f"http://127.0.0.1:{shop.server_port}"

    def simulated(record):
        with DAG("daily", start_date=START, schedule="@daily", catchup=True) as dag:
            task(task_id="t")(lambda: by_requests(f"{url}/items")["number"])()
        return calendar("2025-01-01", "2025-01-04", dag, world=world_of(file, shop, record))

    recorded = simulated(record=True)
    shop.close_it()
    played = simulated(record=False)
    assert [run.task("t").xcom() for run in played.runs] == [run.task("t").xcom() for run in recorded.runs]
    assert len({run.task("t").xcom() for run in played.runs}) == len(played.runs) > 2
    assert str(played.services[0]).endswith(f"{len(played.runs)} requests")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[a.yaml]", ["cassette must be a mapping with file and hosts, not a list"]),
        ("{hosts: [a.com]}", ["the file of cassette must be a path, not nothing"]),
        ("{file: 3, hosts: [a.com]}", ["the file of cassette must be a path, not a whole number"]),
        ("{file: a.yaml}", ["cassette names no hosts"]),
        ('{file: a.yaml, hosts: ["a b"], hots: 1}', ["'a b' names no host", "unknown key 'hots' of cassette"]),
    ],
)
def test_a_cassette_in_a_world_file(text, told, tmp_path):
    from harness.world import load

    file = tmp_path / "world.yaml"
    file.write_text("network: {cassette: {file: c/a.yaml, hosts: [a.com, '*.b.org:8080']}}\n")
    cassette = load(file).network.cassette
    assert cassette == Cassette(Path("c/a.yaml"), ("a.com", "*.b.org:8080"))
    assert cassette.is_about("A.com", 443)
    assert cassette.is_about("x.b.org", 8080)
    assert not cassette.is_about("x.b.org", 443)
    file.write_text(f"network:\n  cassette: {text}\n")
    with pytest.raises(WorldError) as refused:
        load(file)
    for one in told:
        assert one in str(refused.value)
    assert f"{file}:2" in str(refused.value)
