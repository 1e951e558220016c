"""Services of the world that fail for a stretch of virtual time, as their clients see it."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.programs

HTTP = """
import time
from datetime import timedelta

import pytest
import requests
from airflow.sdk import DAG, task


def asking(url, *, session=False, hours=2):
    with DAG("asks", schedule=None) as dag:

        @task
        def ask():
            asker, found = requests.Session() if session else requests, []
            for _ in range(hours + 1):
                try:
                    answer = asker.get(url, timeout=5)
                    found.append(answer.status_code)
                except requests.ConnectionError as error:
                    kind = type(error.args[0].__context__ or error.args[0]).__name__
                    found.append(kind + str("refused" in str(error)))
                time.sleep(3600)
            return found

        ask()
    return dag


CASES = {"down": "True", "resets": "ConnectionResetErrorFalse", "errors": "503", "throttles": "429"}


@pytest.mark.parametrize("session", [False, True])
@pytest.mark.parametrize("kind", list(CASES))
def test_an_api_fails_for_an_hour(run_dag, world, kind, session):
    world.set_connection("api", service="http", routes={"GET /": {"body": "fine"}})
    world.fault(kind, connection="api", at="+30m", lasts="1h")
    first, second, third = run_dag(asking(world.http.url, session=session)).task("ask").xcom()
    assert (first, third) == (200, 200)
    assert str(second).endswith(CASES[kind])


def test_it_is_well_again_after_the_run_whatever_happens(run_dag, world):
    world.set_connection("api", service="http", routes={"GET /": {"body": "fine"}})
    world.fault("down", connection="api")
    result = run_dag(asking(world.http.url, hours=0))
    assert "refused" in str(result.task("ask").xcom()) or result.task("ask").xcom()[0].endswith("True")
    assert requests.get(world.http.url).status_code == 200
    [event] = result.world_events
    assert (event.kind, event.what) == ("fault", "api goes down")


def test_every_fault_stands_in_the_result(run_dag, world):
    world.set_connection("api", service="http", routes={"GET /": {"body": "fine"}})
    world.fault("errors", connection="api", at="+30m", lasts="1h")
    result = run_dag(asking(world.http.url))
    told = [(one.what, one.at - result.start_date) for one in result.world_events]
    assert told == [("api answers with errors", timedelta(minutes=30)), ("api is well again", timedelta(minutes=90))]


def test_several_at_a_time_are_each_over_in_their_time(run_dag, world):
    world.set_connection("api", service="http", routes={"GET /": {"body": "fine"}})
    world.fault("down", connection="api", lasts="30m")
    world.fault("errors", connection="api", lasts="90m")
    result = run_dag(asking(world.http.url))
    first, second, third = result.task("ask").xcom()
    assert (str(first)[-4:], second, third) == ("True", 503, 200)
    assert [one.what for one in result.world_events[2:]] == ["api: its 'down' is over", "api is well again"]


def test_a_client_of_asyncio_is_refused_too(run_dag, world):
    import asyncio

    import aiohttp

    world.set_connection("api", service="http", routes={"GET /": {"body": "fine"}})
    world.fault("down", connection="api")
    url = world.http.url

    with DAG("asks", schedule=None) as dag:

        @task
        def ask():
            async def once():
                async with aiohttp.ClientSession() as session, session.get(url) as answer:
                    return answer.status

            try:
                return asyncio.run(once())
            except aiohttp.ClientConnectorError as error:
                return type(error.os_error).__name__

        ask()
    assert run_dag(dag).task("ask").xcom() == "ConnectionRefusedError"


def test_what_cannot_fail_so_is_refused(run_dag, world):
    world.set_connection("smtp_default", service="smtp")
    world.set_connection("metrics", service="statsd")
    for settings, fact in {
        ("resets", "smtp_default"): "knows no 'resets'",
        ("down", "metrics"): "knows no 'down'",
        ("down", "nobody"): "asks for no service",
    }.items():
        world.faults.clear()
        world.fault(settings[0], connection=settings[1])
        with pytest.raises(Exception, match=fact) as caught:
            run_dag(asking("http://127.0.0.1:1", hours=0))
        assert caught.value.where.startswith(__file__)


def test_mail_and_webhook(run_dag, world):
    import smtplib

    world.set_connection("smtp_default", service="smtp")
    world.set_connection("chat", service="webhook")
    world.fault("errors", connection="smtp_default", lasts="1h")
    world.fault("down", connection="smtp_default", at="+2h", lasts="1h")
    world.fault("throttles", connection="chat", lasts="1h")
    box, hook = world.smtp, world.webhook.url

    with DAG("tells", schedule=None) as dag:

        @task
        def tell():
            found = []
            for _ in range(3):
                time.sleep(1800)
                try:
                    with smtplib.SMTP(box.host, box.port) as client:
                        client.sendmail("a@example.com", ["b@example.com"], "Subject: hello\\n\\nhello")
                    found.append("sent")
                except (smtplib.SMTPException, OSError) as error:
                    found.append(type(error).__name__)
                found.append(requests.post(hook, json={"text": "hello"}).status_code)
                time.sleep(1800)
            return found

        tell()
    told = run_dag(dag).task("tell").xcom()
    assert told == ["SMTPDataError", 429, "sent", 200, "ConnectionRefusedError", 200]
    assert (len(world.smtp.outbox), len(world.webhook.messages)) == (1, 2)
"""

OTHERS = """
import time

import pytest
from airflow.sdk import DAG, task


@pytest.mark.parametrize(
    ("kind", "error"),
    [("errors", "InternalError"), ("throttles", "SlowDown"), ("down", "EndpointConnectionError"),
     ("resets", "ConnectionClosedError")],
)
def test_s3_fails_and_botocore_tries_again_in_virtual_time(run_dag, world, kind, error):
    world.set_connection("aws_default", service="s3", buckets=["landing"])
    world.fault(kind, connection="aws_default", at="+10m", lasts="10m")

    with DAG("puts", schedule=None) as dag:

        @task
        def put():
            import boto3
            from botocore.config import Config

            client = boto3.client("s3", config=Config(retries={"total_max_attempts": 2}))
            found = []
            for number in range(3):
                try:
                    client.put_object(Bucket="landing", Key=str(number), Body=b"1")
                    found.append("put")
                except Exception as raised:
                    code = (getattr(raised, "response", None) or {}).get("Error", {}).get("Code")
                    found.append(code or type(raised).__name__)
                time.sleep(660)
            return found

        put()
    assert run_dag(dag).task("put").xcom() == ["put", error, "put"]
    assert world.s3.keys("landing") == ["0", "2"]


@pytest.mark.parametrize("service", ["s3", "redis", "sftp", "ftp", "http", "smtp"])
def test_programs_that_a_task_starts_are_refused_too_and_the_result_tells_what_is_there(run_dag, world, service):
    world.set_connection("c", service=service)
    world.fault("down", connection="c", at="+1h")  # to the end
    port = getattr(world, service).peer.rpartition(":")[2]
    program = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=5)"

    with DAG("asks", schedule=None) as dag:

        @task
        def ask():
            import subprocess
            import sys

            found = []
            for _ in range(2):
                asked = subprocess.run([sys.executable, "-I", "-c", program, port], stderr=subprocess.PIPE, text=True)
                found.append(asked.stderr.strip().rpartition("\\n")[2].partition(":")[0])
                time.sleep(7200)
            return found

        ask()
    result = run_dag(dag)
    assert result.task("ask").xcom() == ["", "ConnectionRefusedError"]
    assert [one.conn_id for one in result.services] == ["c"]


def test_postgres_restarts_in_mid_run(run_dag, world):
    world.set_connection("warehouse", service="postgres")
    world.set_connection("archive", service="postgres")
    world.fault("down", connection="warehouse", at="+10m", lasts="5m")

    with DAG("reads", schedule=None) as dag:

        @task(retries=1, retry_delay=300)
        def read():
            from airflow.providers.postgres.hooks.postgres import PostgresHook

            with PostgresHook("warehouse").get_conn() as connection, connection.cursor() as cursor:
                cursor.execute("create table if not exists t (n int); insert into t values (1)")
                connection.commit()
                time.sleep(900)
                cursor.execute("select count(*) from t")
                return cursor.fetchone()[0]

        @task(retries=0)
        def connect():
            from airflow.providers.postgres.hooks.postgres import PostgresHook

            time.sleep(720)
            return PostgresHook("warehouse").get_first("select 1")

        @task
        def neighbour():
            from airflow.providers.postgres.hooks.postgres import PostgresHook

            time.sleep(720)
            return PostgresHook("archive").get_first("select 1")

        read(), connect(), neighbour()
    result = run_dag(dag)
    assert [(one.state, type(one.reason).__name__) for one in result.task("read").attempts] == [
        ("up_for_retry", "str"), ("success", "NoneType"),
    ]
    reason = result.task("read").attempts[0].reason
    assert any(text in reason for text in ("terminating connection", "closed the connection", "already closed"))
    assert result.task("read").xcom() == 2
    assert (result.task("connect").state, result.task("connect").error.kind.rpartition(".")[2]) == (
        "failed", "OperationalError",
    )
    assert "onnection refused" in result.task("connect").error.message
    assert tuple(result.task("neighbour").xcom()) == (1,)
    assert [finding.check for finding in result.findings] == []
"""


@pytest.mark.parametrize(("tests", "passed"), [(HTTP, 14), (OTHERS, 11)], ids=["http", "others"])
def test_clients_see_what_they_see_in_production(bare: Project, tests: str, passed: int) -> None:
    bare.write(tests__test_faults=tests)
    bare.pytest("-q", "tests").assert_outcomes(passed=passed)
