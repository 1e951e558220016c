"""Answers of ``world.http`` that take virtual time: clients wait for them, and time out, in virtual time."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.programs

TESTS = """
import asyncio
import time
from datetime import datetime, timedelta, timezone

import pytest
import requests
from airflow.sdk import DAG, task


def elapsed(body):
    with DAG("asks", schedule=None) as dag:

        @task
        def ask():
            began = datetime.now(timezone.utc)
            said = body()
            return [said, (datetime.now(timezone.utc) - began).total_seconds()]

        ask()
    return dag


@pytest.fixture
def api(world):
    world.set_connection("api", service="http", routes={"GET /": {"body": "fine", "takes": "30s"}, "GET /fast": {}})
    return world.http


def tried(ask, *errors):
    try:
        return ask()
    except errors as error:
        return type(error).__name__


@pytest.mark.parametrize(
    ("timeout", "said", "took"), [(None, 200, 30), (60, 200, 30), (30, 200, 30), (5, "TimeoutError", 5)]
)
@pytest.mark.parametrize("client", ["requests", "session", "httpx", "urllib", "hook"])
def test_an_answer_takes_virtual_time_and_a_timeout_is_virtual(run_dag, api, client, timeout, said, took):
    import httpx

    def urllib(url, timeout):
        import urllib.request

        with urllib.request.urlopen(url, timeout=timeout) as answer:
            answer.status_code = answer.status
            return answer

    def hook(url, timeout):
        from airflow.providers.http.hooks.http import HttpHook

        return HttpHook("GET", "api").run("/", extra_options={"timeout": timeout})

    askers = {"requests": requests.get, "session": requests.Session().get, "httpx": httpx.get}
    ask = {**askers, "urllib": urllib, "hook": hook}[client]
    errors = (requests.ReadTimeout, httpx.ReadTimeout, TimeoutError)
    began = time.perf_counter()
    result = run_dag(elapsed(lambda: tried(lambda: ask(api.url, timeout=timeout).status_code, *errors)))
    found, seconds = result.task("ask").xcom()
    assert (str(found).replace("ReadTimeout", "TimeoutError"), seconds) == (str(said), took)
    assert time.perf_counter() - began < 25


@pytest.mark.parametrize(("timeout", "said", "took"), [(60, 200, 30), (5, "TimeoutError", 5)])
@pytest.mark.parametrize("client", ["aiohttp", "httpx"])
def test_a_client_of_asyncio_lets_others_go_on(run_dag, api, client, timeout, said, took):
    import aiohttp
    import httpx

    ticks = []

    async def tick():
        while True:
            await asyncio.sleep(1)
            ticks.append(1)

    async def once():
        ticking = asyncio.create_task(tick())
        try:
            if client == "httpx":
                async with httpx.AsyncClient(timeout=timeout) as asker:
                    return (await asker.get(api.url)).status_code
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout)) as asker:
                async with asker.get(api.url) as answer:
                    return answer.status
        finally:
            ticking.cancel()

    def body():
        ticks.clear()
        said = tried(lambda: asyncio.run(once()), TimeoutError, httpx.ReadTimeout)
        return "TimeoutError" if said == "ReadTimeout" else said

    result = run_dag(elapsed(body))
    assert result.task("ask").xcom() == [said, took]
    assert len(ticks) in (took - 1, took)


def test_others_run_meanwhile_and_threads_wait_each_for_its_own(run_dag, api):
    from concurrent.futures import ThreadPoolExecutor

    def body():
        with ThreadPoolExecutor(3) as pool:
            return list(pool.map(lambda path: requests.get(api.url + path).status_code, ["/", "/fast", "/"]))

    assert run_dag(elapsed(body)).task("ask").xcom() == [[200, 200, 200], 30]


def test_the_test_itself_does_not_wait(api):
    assert requests.get(api.url).status_code == 200


def test_an_execution_timeout_ends_the_wait(run_dag, api):
    with DAG("asks", schedule=None) as dag:
        task(lambda: requests.get(api.url).status_code, task_id="ask", execution_timeout=timedelta(seconds=10))()
    result = run_dag(dag)
    assert result.task("ask").error.kind.endswith("AirflowTaskTimeout")
    one = result.task("ask").attempts[0]
    assert one.end_date - one.start_date == timedelta(seconds=10)
"""


def test_clients_wait_and_time_out_in_virtual_time(bare: Project) -> None:
    bare.write(tests__test_late=TESTS)
    bare.pytest("-q", "tests").assert_outcomes(passed=27)
