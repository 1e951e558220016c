"""No connection leaves the machine while a simulation runs, and what was refused is told with its line."""

import _socket
import asyncio
import contextlib
import errno
import os
import socket
import subprocess
import threading
from datetime import datetime, timezone

import pytest

from harness.errors import NetworkRefused, WorldError
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
FAR = "203.0.113.7"  # of a range that is for documentation alone


def by_connect():
    with socket.socket() as sock:
        sock.connect((FAR, 80))


def by_name():
    with socket.socket() as sock:
        sock.connect(("api.example.com", 80))


def by_connect_ex():
    with socket.socket() as sock:
        assert sock.connect_ex((FAR, 80)) == errno.ECONNREFUSED
    raise ConnectionRefusedError("as connect_ex says")


def by_create_connection():
    socket.create_connection(("api.example.com", 443), timeout=1)


def by_lookup():
    socket.getaddrinfo("api.example.com", 443)


def by_gethostbyname():
    socket.gethostbyname("api.example.com")


def by_datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", (FAR, 8125))


def by_message():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendmsg([b"x"], [], 0, (FAR, 8125))


def by_ipv6():
    with socket.socket(socket.AF_INET6) as sock:
        sock.connect(("2001:db8::1", 80))


def by_asyncio():
    async def ask():
        await asyncio.open_connection("api.example.com", 443)

    asyncio.run(ask())


def by_urllib():
    import urllib.request
    from urllib.error import URLError

    try:
        urllib.request.urlopen("http://api.example.com/", timeout=1)
    except URLError as error:
        raise error.reason from None


def by_thread():
    caught = []

    def ask():
        try:
            by_connect()
        except OSError as error:
            caught.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    raise caught[0]


def by_class_of_c():
    with contextlib.closing(_socket.socket()) as sock:
        sock.connect((FAR, 80))


def by_reverse_lookup():
    socket.getnameinfo((FAR, 80), 0)


WAYS = [value for name, value in list(globals().items()) if name.startswith("by_")]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_refused_as_by_a_server_that_is_not_there(rehearse, way):
    def swallows():
        try:
            way()
        except ConnectionRefusedError as error:
            return [error.errno or errno.ECONNREFUSED, isinstance(error, OSError)]
        return "went through"

    result = rehearse(dag_of(swallows))
    assert result.task("t").xcom() == [errno.ECONNREFUSED, True], result.task("t").error
    (finding,) = result.findings
    assert (finding.check, finding.severity) == ("network", "error")
    assert (result.state, result.ok) == ("success", False)
    assert any(host in finding.message for host in (FAR, "api.example.com", "[2001:db8::1]:80"))
    assert finding.path == __file__
    assert finding.line == line_of(way) or way in (by_create_connection, by_urllib, by_asyncio, by_thread)
    assert "allow" in finding.fix


def test_what_was_refused_to_processes_that_a_task_forks(rehearse):
    def forks():
        import multiprocessing

        child = os.fork()
        if child == 0:
            with contextlib.suppress(OSError):
                by_connect()
            os._exit(0)
        os.waitpid(child, 0)
        process = multiprocessing.get_context("fork").Process(target=by_lookup)
        process.start()
        process.join()
        with socket.socket() as sock:
            assert isinstance(sock, (_socket.socket, socket.SocketType))
        return process.exitcode

    result = rehearse(dag_of(forks))
    assert result.task("t").xcom() == 1
    told = {(finding.message.split(",")[0], finding.line) for finding in result.findings}
    assert told == {
        (f"task 't' connects to {FAR}:80", line_of(by_connect)),
        ("task 't' connects to api.example.com:443", line_of(by_lookup)),
    }
    assert [need.name for need in result.not_in_world] == [f"{FAR}:80", "api.example.com:443"]


def test_a_line_that_asks_with_a_port_and_without(rehearse):
    def asks():
        for ask in (lambda: socket.create_connection(("a.example", 80)), lambda: socket.gethostbyname("a.example")):
            with contextlib.suppress(OSError):
                ask()

    messages = [finding.message for finding in rehearse(dag_of(asks)).findings]
    assert [message.split(",")[0] for message in messages] == [
        "task 't' connects to a.example",
        "task 't' connects to a.example:80",
    ]


def test_a_task_that_fails_of_it_says_where_and_how_to_allow_it(rehearse):
    result = rehearse(dag_of(by_create_connection))
    error = result.task("t").error
    assert (error.kind, result.state) == ("NetworkRefused", "failed")
    assert 'network: {allow: ["api.example.com:443"]}' in error.message
    assert [need.text for need in result.not_in_world] == ["host api.example.com:443"]
    assert result.to_json()["not_in_world"][0]["section"] == "network"


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
    assert result.findings == []


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
    import _socket

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
    assert result.findings == []


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


def test_proxies_of_the_environment_are_no_way_out(rehearse, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:3128")

    def proxy():
        return os.environ.get("https_proxy")

    world = World()
    assert rehearse(dag_of(proxy), world).task("t").xcom() is None
    world.allow("127.0.0.1:3128")
    assert rehearse(dag_of(proxy), world).task("t").xcom() == "http://127.0.0.1:3128"
    assert os.environ["https_proxy"] == "http://127.0.0.1:3128"


def psycopg2_connects():
    import psycopg2

    psycopg2.connect(host="203.0.113.7", dbname="x", user="u", password="p", connect_timeout=1)


def psycopg_connects():
    import psycopg

    psycopg.connect("host=203.0.113.7 dbname=x user=u password=p", connect_timeout=1)


def psycopg_connects_asynchronously():
    import asyncio

    import psycopg

    asyncio.run(psycopg.AsyncConnection.connect("postgresql://u:p@203.0.113.7/x", connect_timeout=1))


@pytest.mark.parametrize("connects", [psycopg2_connects, psycopg_connects, psycopg_connects_asynchronously])
def test_clients_written_in_c_are_judged(rehearse, connects):
    import psycopg.generators
    import psycopg2

    before = psycopg2._connect, psycopg.generators.connect

    def connect():
        try:
            connects()
        except (psycopg2.OperationalError, psycopg.OperationalError) as error:
            return str(error)

    result = rehearse(dag_of(connect))
    assert "203.0.113.7:5432 is not in the world" in result.task("t").xcom()
    assert [need.name for need in result.not_in_world] == ["203.0.113.7:5432"]
    assert (psycopg2._connect, psycopg.generators.connect) == before


def test_calls_of_grpc_find_no_server_but_those_of_this_machine(rehearse):
    import grpc

    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]

        def call():
            with grpc.insecure_channel("203.0.113.7:443") as channel:
                try:
                    channel.unary_unary("/a.B/C")(b"")
                except grpc.RpcError as error:
                    told = error.details()
            with grpc.insecure_channel(f"localhost:{port}") as channel:
                asked = channel.unary_unary("/a.B/C").future(b"")
                server.settimeout(20)
                server.accept()[0].close()
                asked.cancel()
            return told

        result = rehearse(dag_of(call))
    assert "127.0.0.1:9" in result.task("t").xcom()
    assert "grpc_proxy" not in os.environ


def test_a_timeout_of_grpc_is_over_at_once(rehearse):
    import grpc

    def call():
        with grpc.insecure_channel("localhost:9") as channel:
            try:
                channel.unary_unary("/a.B/C")(b"", timeout=3600)
            except grpc.RpcError as error:
                return error.code().name

    assert rehearse(dag_of(call)).task("t").xcom() == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize(
    ("driver", "arguments", "peers"),
    [
        (
            "pyodbc",
            (("DRIVER={ODBC};SERVER=tcp:db.example.com,1433",), {}),
            [("db.example.com", "1433")],
        ),
        ("pyodbc", (("DSN=warehouse",), {"uid": "u"}), [("warehouse", None)]),
        ("pyodbc", (("DRIVER=SQLite3;Database=/tmp/a.db",), {}), []),
        ("pymssql", (("db.example.com:1434", "u", "p"), {}), [("db.example.com", "1434")]),
        ("pymssql", ((), {"server": "db.example.com"}), [("db.example.com", 1433)]),
        ("MySQLdb.connections", ((object(),), {"host": "db.example.com", "port": 3307}), [("db.example.com", 3307)]),
        ("MySQLdb.connections", ((object(),), {"unix_socket": "/run/mysqld.sock"}), []),
        ("psycopg2", (("host=a,b port=1,2",), {}), [("a", "1"), ("b", "2")]),
        ("psycopg.generators", (("host=/run/postgresql",), {}), []),
    ],
)
def test_a_call_of_a_driver_names_its_servers(driver, arguments, peers):
    from harness.bridge.patches.network_drivers import DRIVERS

    args, kwargs = arguments
    assert list(DRIVERS[driver][1](args, kwargs)) == peers


def test_programs_get_a_proxy_that_refuses(rehearse):
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG

    with DAG("programs", schedule=None, start_date=START) as dag:
        BashOperator(task_id="t", bash_command="echo $https_proxy $no_proxy")
    world = World()
    world.allow("*.example.com:443")
    said = rehearse(dag, world).task("t").xcom()
    assert said.startswith("http://127.0.0.1:9 ")
    assert "localhost" in said
    assert ".example.com" in said


def test_afterwards_all_is_as_before(rehearse):
    import _socket

    def state():
        names = ("connect", "connect_ex", "sendto", "sendmsg")
        return [vars(socket.socket).get(name) for name in names] + [
            _socket.getaddrinfo,
            socket.gethostbyname,
            subprocess.Popen.__init__,
        ]

    before = state()
    rehearse(dag_of(by_connect))
    assert state() == before
    assert state()[0] is None


def test_threads_of_others_are_left_alone(rehearse):
    go, results = threading.Event(), []

    def other():
        go.wait(10)
        with socket.socket() as sock:
            sock.settimeout(0.01)
            try:
                sock.connect((FAR, 80))
            except NetworkRefused:
                results.append("refused")
            except OSError:
                results.append("asked the network")
            else:
                results.append("asked the network")

    thread = threading.Thread(target=other)
    thread.start()

    def body():
        go.set()
        thread.join(5)

    result = rehearse(dag_of(body))
    assert results == ["asked the network"]
    assert result.findings == []


def test_dag_files_are_refused_too(tmp_path):
    from harness.simulation import Rehearsal

    (tmp_path / "asks.py").write_text(
        "import socket\nfrom airflow.sdk import DAG\n"
        "try:\n    socket.create_connection(('api.example.com', 443), timeout=1)\nexcept OSError:\n    pass\n"
        "dag = DAG('asks', schedule=None)\n"
    )
    folder = Rehearsal.of_paths([tmp_path]).folder
    assert "asks" in folder.dags
    assert any("asks.py:4 connects to api.example.com:443" in note for note in folder.notes)


def test_triggers_and_callbacks_are_judged_too(rehearse):
    from airflow.sdk import DAG, BaseOperator

    from tests.engine.triggers import AsksTheNetwork

    def callback(context):
        with contextlib.suppress(OSError):
            by_name()

    class Defers(BaseOperator):
        def execute(self, context):
            self.defer(trigger=AsksTheNetwork("trigger.example.com"), method_name="resume")

        def resume(self, context, event):
            return event

    with DAG("both", schedule=None, start_date=START) as dag:
        Defers(task_id="t", on_success_callback=callback)
    result = rehearse(dag)
    assert result.task("t").xcom() == "NetworkRefused"
    assert [need.name for need in result.not_in_world] == ["api.example.com:80", "trigger.example.com:443"]
    assert len(result.findings) == 2


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
    from harness.text.lacking import as_yaml, told

    assert told(result.not_in_world)[0] == "not in the world: connection vendor loads, variable region"
    import yaml

    pasted = yaml.safe_load("\n".join(as_yaml(result.not_in_world)))
    assert pasted == {"connections": {"vendor loads": {"conn_type": "generic"}}, "variables": {"region": ""}}


def line_of(way):
    return (
        way.__code__.co_firstlineno + 2
        if way not in (by_lookup, by_gethostbyname, by_reverse_lookup)
        else way.__code__.co_firstlineno + 1
    )


def dag_of(body):
    from airflow.sdk import DAG, task

    with DAG("network", schedule=None, start_date=START) as dag:
        task(body, task_id="t")()
    return dag
