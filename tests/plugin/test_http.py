"""``world.http``: an API with declared answers, whichever client a task asks it with."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.programs

SHOP = """
import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import requests
from airflow.providers.http.hooks.http import HttpHook
from airflow.providers.http.operators.http import HttpOperator
from airflow.providers.http.sensors.http import HttpSensor
from airflow.sdk import DAG, BaseHook, task

with DAG("shop", schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)):

    @task(retries=3, retry_delay=timedelta(minutes=10), retry_exponential_backoff=False)
    def items():
        return HttpHook("GET", http_conn_id="shop_api").run("/items", {"day": "today"}, {"X-Key": "abc"}).json()

    @task
    def order(found):
        HttpHook("POST", http_conn_id="shop_api").run("orders", json.dumps({"items": found}))

    order(items())

with DAG("operators", schedule=None):
    wait = HttpSensor(
        task_id="wait", http_conn_id="shop_api", endpoint="ready", poke_interval=60, timeout=3600,
        response_check=lambda response: response.json()["ready"],
    )
    wait >> HttpOperator(
        task_id="read", http_conn_id="shop_api", endpoint="items", method="GET",
        response_filter=lambda response: [response.json(), response.headers["Date"]],
    )

with DAG("deferred", schedule=None):
    HttpOperator(
        task_id="read", http_conn_id="shop_api", endpoint="items", method="GET", deferrable=True,
        response_filter=lambda response: response.json(),
    )

PROGRAM = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"

with DAG("clients", schedule=None):

    @task
    def ask():
        import asyncio

        import aiohttp
        import httpx

        async def with_aiohttp():
            async with aiohttp.ClientSession() as session, session.get(url) as response:
                return await response.json()

        connection = BaseHook.get_connection("shop_api")
        url = f"{connection.schema}://{connection.host}:{connection.port}/items"
        return [
            requests.get(url, timeout=5).json(),
            httpx.get(url).json(),
            asyncio.run(with_aiohttp()),
            json.loads(subprocess.check_output([sys.executable, "-c", PROGRAM, url])),
        ]

    ask()

with DAG("mistaken", schedule=None):
    task(lambda: HttpHook("GET", http_conn_id="shop_api").run("/itmes"), task_id="typo")()
"""

WORLD = """\
connections:
  shop_api:
    service: http
    routes:
      GET /items: [{status: 429}, {status: 503}, {json: [1, 2]}]
      GET /ready: [{json: {ready: false}}, {json: {ready: false}}, {json: {ready: true}}]
      POST /orders: {status: 201, json: {id: 7}, headers: {Location: /orders/7}}
"""

TESTS = """
from datetime import datetime, timedelta, timezone

import pytest


def test_answers_in_turn(run_dag, world):
    result = run_dag("shop", "2025-03-04")
    assert result.ok
    assert result.task("items").try_number == 3
    first, second, third, order = world.http.requests
    assert [request.method for request in world.http.requests] == ["GET", "GET", "GET", "POST"]
    assert (third.at - first.at, order.json()) == (timedelta(minutes=20), {"items": [1, 2]})
    assert (first.path, first.query, first.headers["x-key"]) == ("/items", {"day": "today"}, "abc")


def test_each_test_begins_anew(run_dag, world):
    assert world.http.requests == []
    assert run_dag("shop").task("items").try_number == 3


@pytest.mark.parametrize("dag_id", ["operators", "deferred", "clients"])
def test_clients(run_dag, world, dag_id):
    world.http.answer("GET /items", {"json": [3]})
    result = run_dag(dag_id, "2025-03-04")
    assert result.ok
    if dag_id == "operators":
        assert result.end_date - result.start_date == timedelta(minutes=2)
        found, date = result.task("read").xcom()
        assert (found, date) == ([3], result.end_date.strftime("%a, %d %b %Y %H:%M:%S GMT"))
    elif dag_id == "deferred":
        assert result.task("read").xcom() == [3]
    else:
        assert result.task("ask").xcom() == [[3]] * 4


def test_what_is_not_declared(run_dag, world):
    result = run_dag("mistaken")
    assert not result.ok
    assert result.task("typo").error.message.startswith("404:not declared, GET /items, GET /ready, POST /orders ")
    log = result.task("typo").log
    assert "GET /itmes is not declared for the connection 'shop_api'" in log
    assert "did you mean 'GET /items'" in log
    assert [one.path for one in world.http.requests] == ["/itmes"]
"""


@pytest.fixture
def shop(bare: Project) -> Project:
    bare.write(dags__shop=SHOP, fixtures__world_yaml=WORLD, test_it=TESTS)
    return bare


def test_every_client(shop: Project):
    shop.pytest().assert_outcomes(passed=6)
    assert shop.left_behind() == []


def test_on_workers(shop: Project):
    shop.pytest("-n", "2").assert_outcomes(passed=6)
    assert shop.left_behind() == []


def test_a_route_that_cannot_be_read(shop: Project):
    shop.write(fixtures__world_yaml=WORLD.replace("json: {id: 7}", "jsno: {id: 7}"))
    result = shop.pytest("-k", "anew")
    result.stdout.fnmatch_lines(
        [
            "world: connection 'shop_api': route 'POST /orders': unknown key 'jsno'",
            "*world.yaml:2",
            "*did you mean 'json'*",
        ]
    )
    assert shop.left_behind() == []
