"""Programs that tasks start: what they are refused is told, whatever they make of it; what is allowed is reached."""

from __future__ import annotations

import _socket
import contextlib
import os
import socket
import subprocess
import sys
import threading
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from harness.bridge.patches import network
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
FETCH = "import sys, urllib.request as r\ntry:\n    print(r.urlopen(sys.argv[1]).read().decode())\nexcept OSError: pass"


def by_curl(url):
    subprocess.run(["curl", "-s", url], check=False)


def by_python(url):
    subprocess.run([sys.executable, "-c", FETCH, url], check=False)


def by_shell(url):
    os.system(f"curl -s {url}")


def by_posix_spawn(url):
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", FETCH, url], dict(os.environ))
    os.waitpid(pid, 0)


def by_process_of_a_fork(url):
    pid = os.fork()
    if pid == 0:
        subprocess.run(["curl", "-s", url], check=False)
        os._exit(0)
    os.waitpid(pid, 0)


WAYS = [by_curl, by_python, by_shell, by_posix_spawn, by_process_of_a_fork]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("way", WAYS)
def test_what_a_program_was_refused_and_swallowed_is_told_with_the_line(rehearse, way, scheme):
    result = rehearse(dag_of(way, f"{scheme}://api.example.com/orders"))
    assert result.state == "success"
    assert not result.ok
    (finding,) = result.findings
    peer = f"api.example.com:{443 if scheme == 'https' else 80}"
    assert (finding.check, finding.severity, finding.task_id) == ("network", "error", "t")
    assert finding.message == f"task 't' connects to {peer}, which is not in the world: refused"
    assert finding.path == __file__
    first = way.__code__.co_firstlineno
    assert first < finding.line < first + 6
    assert f"--network {peer}" in finding.fix
    assert [need.name for need in result.not_in_world] == [peer]


def test_each_task_is_told_of_its_own(rehearse):
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG

    with DAG("two", schedule=None, start_date=START) as dag:
        for name in ("orders", "stock"):
            BashOperator(task_id=name, bash_command=f"curl -s http://{name}.example.com/ || true")
    result = rehearse(dag)
    told = sorted((one.task_id, one.message.split()[4]) for one in result.findings)
    assert told == [("orders", "orders.example.com:80,"), ("stock", "stock.example.com:80,")]
    assert {one.path for one in result.findings} == {dag.fileloc}


@pytest.fixture
def shop(monkeypatch):
    """The port of a server that any name leads to."""

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self):
            body = f"{self.path} for {self.headers['Host']}, {self.headers.get('Proxy-Authorization')}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Shop) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        there = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.server_port))
        monkeypatch.setattr(_socket, "getaddrinfo", lambda *_: [there])
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize("tunnel", [[], ["--proxytunnel"]])
def test_a_program_reaches_what_is_allowed_on_that_port_alone(rehearse, shop, tunnel):
    def ask(url):
        return [
            subprocess.run(["curl", "-s", *tunnel, one], capture_output=True, text=True, check=False).stdout
            for one in (url, "http://shop.example.com:81/")
        ]

    world = World()
    world.allow(f"shop.example.com:{shop}")
    result = rehearse(dag_of(ask, f"http://shop.example.com:{shop}/items?day=1"), world)
    first, second = result.task("t").xcom()
    assert first == f"/items?day=1 for shop.example.com:{shop}, None"
    assert "shop.example.com" not in second or "not in the world" in second
    assert [need.name for need in result.not_in_world] == ["shop.example.com:81"]


def test_a_program_reaches_an_address_of_an_allowed_range_and_this_machine(rehearse, shop):
    def ask(url):
        return subprocess.run(["curl", "-s", url], capture_output=True, text=True, check=False).stdout

    world = World()
    world.allow("203.0.113.0/24")
    result = rehearse(dag_of(ask, f"http://203.0.113.7:{shop}/"), world)
    assert result.task("t").xcom().startswith(f"/ for 203.0.113.7:{shop}")
    assert rehearse(dag_of(ask, f"http://127.0.0.1:{shop}/")).task("t").xcom().startswith("/ for 127.0.0.1")
    assert result.findings == ()


def test_who_starts_no_program_starts_no_proxy(rehearse, monkeypatch):
    made = []
    real = network.RefusingProxy

    def counted(*arguments):
        made.append(real(*arguments))
        return made[-1]

    monkeypatch.setattr(network, "RefusingProxy", counted)
    rehearse(dag_of(lambda url: url, ""))
    assert made == []
    rehearse(dag_of(by_curl, "http://api.example.com/"))
    assert len(made) == 1
    with (
        pytest.raises(ConnectionRefusedError),
        contextlib.closing(socket.create_connection(("127.0.0.1", made[0]._port), timeout=5)),
    ):
        pass


def dag_of(body, url):
    from airflow.sdk import DAG, task

    with DAG("d", schedule=None, start_date=START) as dag:
        task(body, task_id="t")(url)
    return dag
