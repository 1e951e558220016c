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

from harness.errors import NetworkRefused

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
    assert result.findings == ()


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

    from tests.engine.clocks.triggers import AsksTheNetwork

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
