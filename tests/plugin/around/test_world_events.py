"""Events of the world: objects that arrive while sensors wait, in each of their modes, from a test and from a file."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.programs

DAGS = """
from datetime import datetime, timezone

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import DAG, task


@task
def now():
    return datetime.now(timezone.utc).strftime("%H:%M")


for name, settings in {"poke": {}, "reschedule": {"mode": "reschedule"}, "deferrable": {"deferrable": True}}.items():
    with DAG(f"by_{name}", schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)):
        S3KeySensor(
            task_id="wait", bucket_name="landing", bucket_key="{{ ds }}/x.csv", poke_interval=600, timeout=86400,
            **settings,
        ) >> now()
"""

TESTS = """
import pytest

MODES = ["poke", "reschedule", "deferrable"]


@pytest.mark.parametrize("mode", MODES)
def test_a_sensor_sees_what_arrives(run_dag, world, mode):
    world.set_connection("aws_default", service="s3", buckets=["landing"])
    world.s3.arrives("landing/2025-01-05/x.csv", at="+3h5m", body="id")
    result = run_dag(f"by_{mode}", "2025-01-05")
    assert result.ok
    assert result.task("now").xcom() == "03:10"
    assert world.s3.get("landing", "2025-01-05/x.csv") == b"id"
    [event] = result.world_events
    assert (event.what, str(event.at)) == ("landing/2025-01-05/x.csv arrives", "2025-01-05 03:05:00+00:00")
    assert event.where.startswith(__file__)


@pytest.mark.parametrize("mode", MODES)
def test_without_it_the_sensor_waits_until_its_timeout(run_dag, world, mode):
    world.set_connection("aws_default", service="s3", buckets=["landing"])
    world.s3.arrives("landing/2025-01-05/x.csv", at="+30h")
    result = run_dag(f"by_{mode}", "2025-01-05")
    assert result.state == "failed"
    assert [one.happened for one in result.world_events] == [False]


def test_a_bucket_that_is_not_there_is_told_with_the_place(run_dag, world):
    world.set_connection("aws_default", service="s3", buckets=["landing"])
    world.s3.arrives("lending/x.csv", at="+1h")
    with pytest.raises(Exception, match="there is no bucket 'lending'") as caught:
        run_dag("by_poke", "2025-01-05")
    assert caught.value.where.startswith(__file__)


def test_an_answer_changes(run_dag, world):
    import time

    import requests
    from airflow.sdk import DAG, task

    world.set_connection("api", service="http", routes={"GET /": {"json": 1}})
    world.http.answer("GET /", {"json": 2}, at="+1h")
    url = world.http.url
    with DAG("asks", schedule=None) as dag:

        @task
        def ask():
            first = requests.get(url).json()
            time.sleep(3600)
            return [first, requests.get(url).json()]

        ask()
    assert run_dag(dag).task("ask").xcom() == [1, 2]
"""

WORLD = """
connections:
  aws_default: {service: s3, buckets: [landing]}
  shop_api: {service: http, routes: {"GET /items": {json: []}}}
variables: {region: us}
events:
  - {at: +3h, s3: {key: landing/2025-01-05/x.csv, file: x.csv}}
  - at: 2025-01-05T01:00Z
    variables: {region: eu}
  - at: +90
    http: {connection: shop_api, routes: {"GET /items": [{status: 503}, {json: [1]}]}}
"""


def test_sensors_in_every_mode_wait_for_what_a_test_has_arrive(bare: Project) -> None:
    bare.write(dags__sensors=DAGS, tests__test_events=TESTS)
    bare.pytest("-q", "tests").assert_outcomes(passed=8)


def test_a_world_file_has_them_for_commands(bare: Project) -> None:
    bare.write(dags__sensors=DAGS, world_yaml=WORLD)
    (bare.pytester.path / "x.csv").write_text("id\n1\n")
    order = ("airflow-harness", "run", "by_reschedule", "--world", "world.yaml")
    result = bare.pytester.run(*order, "--logical-date", "2025-01-05", "--json")
    document = json.loads(result.stdout.str())
    told = [(one["at"], one["what"], one["where"]) for one in document["world_events"]]
    assert told == [
        ("2025-01-05T00:01:30Z", "GET /items answers otherwise (shop_api)", "world.yaml:10"),
        ("2025-01-05T01:00:00Z", "variable region changes", "world.yaml:8"),
        ("2025-01-05T03:00:00Z", "landing/2025-01-05/x.csv arrives (aws_default)", "world.yaml:7"),
    ]
    [use] = [use for use in document["services"] if use["service"] == "s3"]
    assert use["changes"][0]["added"] == 1
    shown = bare.pytester.run(*order, "--logical-date", "2025-01-05")
    shown.stdout.fnmatch_lines(["Around the Dags", "*2025-01-05T01:00:00Z  event  variable region changes"])


def test_what_cannot_happen_is_refused_with_its_line(bare: Project) -> None:
    bare.write(dags__sensors=DAGS, world_yaml="variables: {a: b}\nevents:\n  - {at: +1h, s3: {key: landing/x}}\n")
    result = bare.pytester.run("airflow-harness", "run", "by_poke", "--world", "world.yaml")
    assert result.ret == 2
    result.stderr.fnmatch_lines(["*no connections of the world ask for that service", "*world.yaml:3"])
