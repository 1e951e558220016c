"""Clients that Python's sockets do not see: in C, of gRPC, in programs that a task starts."""

import asyncio
import contextlib
import os
import re
import socket
from datetime import datetime, timezone

import pytest

from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


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
            (("DRIVER={ODBC};SERVER=tcp:db.example.com,1433;DATABASE=crm",), {}),
            [("db.example.com", "1433", "crm")],
        ),
        ("pyodbc", (("DSN=warehouse",), {"uid": "u"}), [("warehouse", None, None)]),
        ("pyodbc", (("DRIVER=SQLite3;Database=/tmp/a.db",), {}), []),
        ("pymssql", (("db.example.com:1434", "u", "p"), {}), [("db.example.com", "1434", None)]),
        ("pymssql", ((), {"server": "db.example.com", "database": "crm"}), [("db.example.com", 1433, "crm")]),
        (
            "MySQLdb.connections",
            ((object(),), {"host": "db.example.com", "port": 3307, "db": "crm"}),
            [("db.example.com", 3307, "crm")],
        ),
        ("MySQLdb.connections", ((object(),), {"unix_socket": "/run/mysqld.sock"}), []),
        ("psycopg2", (("host=a,b port=1,2 dbname=crm",), {}), [("a", "1", "crm"), ("b", "2", "crm")]),
        ("psycopg.generators", (("host=/run/postgresql",), {}), []),
    ],
)
def test_a_call_of_a_driver_names_its_servers(driver, arguments, peers):
    from harness.bridge.patches.network_unseen import DRIVERS

    args, kwargs = arguments
    assert list(DRIVERS[driver][1](args, kwargs)) == peers


def test_programs_get_a_proxy_that_refuses(rehearse):
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG

    with DAG("programs", schedule=None, start_date=START) as dag:
        BashOperator(task_id="t", bash_command="echo $https_proxy $no_proxy")
    world = World()
    world.allow("*.example.com", "db.example.org:443")
    said = rehearse(dag, world).task("t").xcom()
    assert re.match(r"http://program0:x@127\.0\.0\.1:\d+ ", said)
    assert "localhost" in said
    assert ".example.com" in said
    assert "db.example.org" not in said  # on another port it is refused, which the proxy sees to


def dag_of(body):
    from airflow.sdk import DAG, task

    with DAG("network", schedule=None, start_date=START) as dag:
        task(body, task_id="t")()
    return dag
