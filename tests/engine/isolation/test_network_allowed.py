"""What tasks may connect to: this machine, and what the world names."""

import _socket
import os
import socket
from datetime import datetime, timezone

import pytest

from harness.errors import NetworkRefused, WorldError
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
FAR = "203.0.113.7"  # of a range that is for documentation alone


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", os.uname().nodename])
def test_this_machine_is_reached(rehearse, host):
    family = socket.AF_INET6 if host == "::1" else socket.AF_INET
    with socket.socket(family) as server:
        server.bind(("::1" if host == "::1" else "0.0.0.0", 0))
        server.listen()
        port = server.getsockname()[1]

        def reach():
            socket.create_connection((host, port), timeout=5).close()

        result = rehearse(dag_of(reach))
    assert result.state == "success", result.task("t").error
    assert result.findings == ()


def test_unix_sockets_are_no_network(rehearse, tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()

        def reach():
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(tmp_path / "s"))

        assert rehearse(dag_of(reach)).state == "success"


@pytest.mark.parametrize(
    ("allow", "host", "port", "reached"),
    [
        (FAR, FAR, 80, True),
        (f"{FAR}:80", FAR, 80, True),
        (f"{FAR}:443", FAR, 80, False),
        ("203.0.113.0/24", FAR, 80, True),
        ("10.0.0.0/8", FAR, 80, False),
        ("2001:db8::/32", "2001:db8::1", 80, True),
        ("[2001:db8::1]:80", "2001:db8::1", 80, True),
        ("*", FAR, 80, True),
        ("*.example.com", "api.example.com", 80, True),
        ("*.example.com", "example.org", 80, False),
        ("API.example.com.", "api.example.com", 80, True),
        ("api.example.com:443", "api.example.com", 80, False),
    ],
)
def test_what_the_world_allows(allow, host, port, reached):
    from harness.bridge.patches.network import NetworkGuard

    world = World()
    world.allow(allow)
    guard = NetworkGuard(world.network, lambda _: None)
    if reached:
        guard.judge(host, port)
    else:
        with pytest.raises(NetworkRefused):
            guard.judge(host, port)


def test_addresses_of_an_allowed_name_are_allowed(monkeypatch, rehearse):

    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (FAR, 80))]
    monkeypatch.setattr(_socket, "getaddrinfo", lambda *_: found)
    world = World()
    world.allow("*.example.com:80")

    def reach():
        *_, address = socket.getaddrinfo("api.example.com", 80)[0]
        with socket.socket() as sock:
            sock.settimeout(0.01)
            try:
                sock.connect(address)
            except OSError as error:
                return type(error).__name__
        return "connected"

    result = rehearse(dag_of(reach), world)
    assert result.task("t").xcom() != "NetworkRefused"
    assert result.findings == ()


@pytest.mark.parametrize("entry", ["", "a b", "http://x", "h:0", "h:99999", 3])
def test_an_entry_that_names_no_host(entry):
    with pytest.raises(WorldError, match="network"):
        World().allow(entry)


def test_world_file(tmp_path):
    from harness.world import load

    file = tmp_path / "world.yaml"
    file.write_text('network: {allow: [api.example.com, "db:5432"]}\n')
    assert load(file).network.allow == ("api.example.com", "db:5432")
    file.write_text("network:\n  allow:\n    - http://x\n  deny: []\n")
    with pytest.raises(WorldError, match="2 problems"):
        load(file)


def test_what_is_not_in_the_world_is_ready_to_paste(rehearse):
    from airflow.sdk import DAG, BaseHook, Variable, task

    with DAG("asks", schedule=None, start_date=START) as dag:

        @task
        def quiet():
            return Variable.get("with_default", default="x")

        @task
        def connection():
            BaseHook.get_connection("vendor loads")

        @task
        def variable():
            Variable.get("region")

        quiet()
        connection()
        variable()
    result = rehearse(dag)
    from harness.results.world import as_yaml, reported

    assert reported(result.not_in_world)[0] == "not in the world: connection vendor loads, variable region"
    import yaml

    pasted = yaml.safe_load("\n".join(as_yaml(result.not_in_world)))
    assert pasted == {"connections": {"vendor loads": {"conn_type": "generic"}}, "variables": {"region": ""}}


def dag_of(body):
    from airflow.sdk import DAG, task

    with DAG("network", schedule=None, start_date=START) as dag:
        task(body, task_id="t")()
    return dag


@pytest.mark.parametrize(
    ("down", "part", "refused"),
    [
        ("127.0.0.1:5432", "crm", True),
        ("127.0.0.1:5432/crm", "crm", True),
        ("127.0.0.1:5432/crm", "warehouse", False),
        ("127.0.0.1:5432/crm", None, True),
        ("127.0.0.1:54321/crm", "crm", False),
    ],
)
def test_a_database_that_is_down_is_refused_and_its_neighbour_is_not(down, part, refused):
    """Both are of one server here, and of two in production."""
    from harness.bridge.patches.network import NetworkGuard

    guard = NetworkGuard(World().network, lambda _: None)
    guard.down.add(down)
    if refused:
        with pytest.raises(ConnectionRefusedError):
            guard.judge("127.0.0.1", 5432, part)
    else:
        guard.judge("127.0.0.1", 5432, part)
