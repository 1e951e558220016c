"""Two connections of one service have each their own, in every command; the environment leads to Airflow's default."""

import json

import pytest

pytestmark = pytest.mark.programs

DAG = """
import os
from datetime import datetime, timezone

from airflow.sdk import DAG, BaseHook, task

with DAG("pairs", schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)):

    @task
    def apart():
        def address(name):
            found = BaseHook.get_connection(name)
            return found.host, found.port, found.schema, found.extra

        for kind in ("db", "lake", "api", "chat", "mail", "metrics"):
            first = "aws_default" if kind == "lake" else f"{kind}_a"
            assert address(first) != address(f"{kind}_b"), kind
        endpoint = BaseHook.get_connection("aws_default").extra_dejson["endpoint_url"]
        assert os.environ["AWS_ENDPOINT_URL"] == endpoint
        assert os.environ["STATSD_PORT"] == str(BaseHook.get_connection("metrics_b").port)
        return "apart"

    apart()
"""
WORLD = """
connections:
  db_a: {service: postgres}
  db_b: {service: postgres}
  lake_b: {service: s3}
  aws_default: {service: s3}
  api_a: {service: http}
  api_b: {service: http}
  chat_a: {service: webhook}
  chat_b: {service: webhook}
  mail_a: {service: smtp}
  mail_b: {service: smtp}
  metrics_b: {service: statsd}
  metrics_a: {service: statsd}
"""


@pytest.fixture(scope="module")
def pairs(project):
    project.write("dags/pairs.py", DAG)
    project.write("fixtures/world.yaml", WORLD)
    return project


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "pairs", "--logical-date", "2025-01-02"),
        ("simulate", "--since", "2025-01-02", "--until", "2025-01-03"),
        pytest.param(("verify", "pairs", "--logical-date", "2025-01-02"), marks=pytest.mark.reference),
    ],
)
def test_each_has_its_own(pairs, arguments):
    answer = pairs(*arguments, "--json")
    assert answer.code == 0, answer.out + answer.err
    if arguments[0] != "verify":
        assert len(json.loads(answer.out)["services"]) == 12
        assert pairs.left_behind() == []  # Airflow's database is kept for the next `verify`
