"""``airflow-harness run`` in a world with services: they are up for the run, and what is wrong is told before it."""

import json

import pytest

DAG = """
from airflow.providers.http.hooks.http import HttpHook
from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook
from airflow.providers.smtp.operators.smtp import EmailOperator
from airflow.sdk import DAG, task

with DAG("shop", schedule=None):

    @task
    def items():
        found = HttpHook("GET", http_conn_id="shop_api").run("/items").json()
        SlackWebhookHook(slack_webhook_conn_id="slack_team").send_text(f"{found} are here")
        return found

    items() >> EmailOperator(task_id="report", to="a@example.com", subject="{{ ds }} is done", html_content="-")
"""

WORLD = """
connections:
  shop_api: {service: http, routes: {GET /items: {json: [1, 2]}}}
  slack_team: {service: webhook}
  smtp_default: {service: smtp}
"""


@pytest.fixture(scope="module")
def shop(project):
    project.write("dags/shop.py", DAG)
    project.write("fixtures/world.yaml", WORLD)
    return project


def test_run_has_them(shop):
    answer = shop("run", "shop", "--logical-date", "2025-03-04")
    assert answer.code == 0, answer.out + answer.err
    assert "report" in answer.out
    assert shop.left_behind() == []


def test_a_calendar_tells_what_they_heard(shop):
    answer = shop("simulate", "--since", "2025-03-04", "--until", "3d", "--action", "2025-03-05 trigger shop", "--json")
    assert answer.code == 0, answer.out + answer.err
    uses = {use["conn_id"]: [one["kind"] for one in use["heard"]] for use in json.loads(answer.out)["services"]}
    assert uses == {"shop_api": ["request"], "slack_team": ["message"], "smtp_default": ["mail"]}


@pytest.mark.parametrize(
    ("wrong", "right", "fact"),
    [
        ("GET /items", "GTE /items", "connection 'shop_api': 'GTE /items' is no route"),
        ("json: [1, 2]", "jsn: [1, 2]", "connection 'shop_api': route 'GET /items': unknown key 'jsn'"),
        (
            "json: [1, 2]",
            "file: no.csv",
            "the file of route 'GET /items' cannot be read: no.csv: No such file or directory",
        ),
        ("service: smtp", "service: smpt", "connection 'smtp_default': there is no service 'smpt'"),
        ("service: webhook", "service: webhook, url: x", "connection 'slack_team': unknown key 'url'"),
    ],
)
def test_what_cannot_be_meant(shop, wrong, right, fact):
    world = shop.write("fixtures/other.yaml", WORLD.replace(wrong, right))
    answer = shop("run", "shop", "--world", world)
    assert answer.code == 2
    assert fact in answer.err
    assert "Traceback" not in answer.err
    assert shop.left_behind() == []


def test_the_driver_of_the_command_line_goes_before_all_others(shop):
    world = shop.write("fixtures/lake.yaml", "connections:\n  lake: {service: s3, driver: embedded}\n")
    answer = shop("run", "shop", "--world", world, "--driver", "s3=external", AIRFLOW_HARNESS_S3_DRIVER="embedded")
    assert answer.code == 3
    assert "the external S3 needs the URL of its endpoint" in answer.err


@pytest.mark.parametrize(
    ("command", "drivers", "fact"),
    [
        (("run", "shop"), ("s3",), "--driver 's3' names no service and driver"),
        (("verify", "shop"), ("s4=external",), "there is no service 's4'"),
        (("doctor",), ("s3=extrenal",), "the service s3 has no driver 'extrenal' (--driver s3=…)"),
        (
            ("simulate", "--since", "2025-01-01", "--until", "1d"),
            ("s3=external", "s3=embedded"),
            "--driver asks for two drivers of s3: external, embedded",
        ),
    ],
)
def test_a_driver_that_cannot_be_meant(shop, command, drivers, fact):
    answer = shop(*command, *(word for one in drivers for word in ("--driver", one)))
    assert answer.code == 2
    assert fact in answer.err


RATES = """
import requests
from airflow.sdk import DAG, task

with DAG("rates", schedule=None):

    @task
    def rate(ds=None):
        return requests.get("https://api.example.com/rates", params={"day": ds}, timeout=10).json()["eur"]

    rate()
"""
CASSETTE = """
interactions:
- request: {method: GET, uri: "https://api.example.com/rates?day=2025-03-04", body: null, headers: {}}
  response:
    status: {code: 200, message: OK}
    headers: {Content-Type: [application/json]}
    body: {string: '{"eur": 1.05}'}
version: 1
"""


@pytest.mark.reference
def test_airflows_side_of_verify_is_answered_from_the_cassette_too(shop):
    shop.write("dags/rates.py", RATES)
    shop.write("rates.cassette.yaml", CASSETTE)
    world = shop.write(
        "fixtures/rates.yaml", "network: {cassette: {file: rates.cassette.yaml, hosts: [api.example.com]}}\n"
    )
    answer = shop("verify", "rates", "--logical-date", "2025-03-04", "--world", world)
    assert answer.code == 0, answer.out + answer.err
    assert "task rate  success, try 1  success, try 1" in answer.out
