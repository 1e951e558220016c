"""The world answers hooks and variables in a test's own body, outside of any task, for every connection and service."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

WORLD = """
connections:
  warehouse: {service: postgres}
  aws_default: {service: s3, buckets: [landing]}
  shop_api: {service: http, routes: {GET /items: {json: [1, 2]}}}
  team: {service: webhook, conn_type: http}
  smtp_default: {service: smtp}
  metrics: {service: statsd}
  plain: {uri: "ssh://me:pw@host:22"}
variables: {region: eu, limits: {max: 3}}
"""
TESTS = """
import os

import pytest


def test_every_service(world):
    assert "airflow-harness" in os.environ["AIRFLOW_HOME"]
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.providers.http.hooks.http import HttpHook
    from airflow.providers.postgres.hooks.postgres import PostgresHook
    from airflow.providers.smtp.hooks.smtp import SmtpHook
    from airflow.sdk import BaseHook

    hook = PostgresHook("warehouse")
    hook.run("create table t (n int); insert into t values (7)")
    assert hook.get_records("select n from t") == world.postgres.rows("select n from t") == [(7,)]
    S3Hook().load_string("a", "k", "landing")
    assert world.s3.keys("landing") == ["k"]
    assert HttpHook("GET", "shop_api").run("/items").json() == [1, 2]
    HttpHook("POST", "team").run("/hello", data="x")
    assert [message.path for message in world.webhook.messages] == ["/hello"]
    with SmtpHook() as mail:
        mail.send_email_smtp(to="a@b.example", subject="s", html_content="-", from_email="c@b.example")
    assert [mail["subject"] for mail in world.smtp.outbox] == ["s"]
    metrics = BaseHook.get_connection("metrics")
    assert (metrics.host, metrics.port) == (world.statsd.host, world.statsd.port)
    assert BaseHook.get_connection("plain").password == "pw"


def test_what_the_test_changes_counts_at_once(world, monkeypatch):
    from airflow.sdk import BaseHook, Connection, Variable
    from airflow.sdk.exceptions import AirflowRuntimeError

    assert Variable.get("region") == "eu"
    assert Variable.get("limits", deserialize_json=True) == {"max": 3}
    world.set_variable("region", "north")
    assert Variable.get("region") == "north"
    Variable.set("made", "1")
    assert world.variables["made"] == "1"
    Variable.delete("made")
    assert "made" not in world.variables
    assert Variable.get("none", default="d") == "d"
    with pytest.raises(Exception, match="conn_id `new` isn't defined"):
        BaseHook.get_connection("new")
    world.set_connection("new", conn_type="http", host="h")
    assert Connection.get("new").host == "h"
    monkeypatch.setenv("AIRFLOW_CONN_MINE", "http://mine")
    monkeypatch.setenv("AIRFLOW_VAR_MINE", "1")
    assert (BaseHook.get_connection("mine").host, Variable.get("mine")) == ("mine", "1")
    with pytest.raises(Exception, match="conn_id `owners` isn't defined"):
        BaseHook.get_connection("owners")
    with pytest.raises(AirflowRuntimeError):
        Variable.get("owners")


def test_models_of_core_find_it_too(world):
    from airflow.models import Variable

    assert Variable.get("region") == "eu"


def test_before_and_after_a_run(run_dag, world):
    from airflow.sdk import DAG, Variable, task

    with DAG("asks", schedule=None) as dag:
        task(lambda: Variable.set("region", Variable.get("region") + "!"), task_id="t")()
    assert Variable.get("region") == "eu"
    assert run_dag(dag).ok
    assert Variable.get("region") == "eu!"


def test_threads_of_the_test(world):
    from concurrent.futures import ThreadPoolExecutor

    from airflow.sdk import Variable

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(Variable.get, ["region"] * 4)) == ["eu"] * 4


def test_the_second_name(airflow_world):
    from airflow.sdk import BaseHook

    airflow_world.set_connection("x", uri="http://x")
    assert BaseHook.get_connection("x").host == "x"


def test_without_a_world_nothing_is_answered():
    import sys

    runner = sys.modules.get("airflow.sdk.execution_time.task_runner")
    assert not hasattr(runner, "SUPERVISOR_COMMS")
"""


@pytest.mark.programs
def test_hooks_and_variables_in_a_test(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OWNERS", "http://s3cr3t")
    monkeypatch.setenv("AIRFLOW_VAR_OWNERS", "s3cr3t")
    project.write(world_yaml=WORLD, test_it=TESTS)
    result = project.pytest("--airflow-world=world.yaml", "-p", "no:randomly")
    result.assert_outcomes(passed=7)
    assert project.left_behind() == []


def test_a_service_that_cannot_start_says_so_and_not_that_there_is_no_connection(project: Project) -> None:
    project.write(
        world_yaml="connections: {lake: {service: s3, driver: external}}\n",
        test_it="""
def test_it(world):
    from airflow.sdk import BaseHook

    BaseHook.get_connection("lake")
""",
    )
    result = project.pytest("--airflow-world=world.yaml")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the external S3 needs the URL of its endpoint*"])


def test_where_airflow_is_its_owner_s_their_backend_is_not_asked(project: Project) -> None:
    project.write(
        backend="""
from airflow.secrets import BaseSecretsBackend


class Production(BaseSecretsBackend):
    def get_connection(self, conn_id, **_):
        raise SystemExit("production was asked")

    get_variable = get_connection
""",
        conftest="import airflow.configuration\nimport airflow.models\n",
        pytest_ini="[pytest]\npythonpath = .\n",
        world_yaml="variables: {region: eu}\n",
        test_it="""
import os

import pytest


def test_it(world):
    from airflow.models import Variable as Core
    from airflow.sdk import BaseHook, Variable

    assert Variable.get("region") == Core.get("region") == "eu"
    with pytest.raises(Exception, match="conn_id `none` isn't defined"):
        BaseHook.get_connection("none")
""",
    )
    project.pytester.syspathinsert(project.pytester.path)
    with pytest.MonkeyPatch.context() as owners:
        owners.setenv("AIRFLOW_HOME", str(project.pytester.path / "home"))
        owners.setenv("AIRFLOW__SECRETS__BACKEND", "backend.Production")
        owners.setenv("PYTHONPATH", str(project.pytester.path))
        result = project.pytest("--airflow-world=world.yaml")
    result.assert_outcomes(passed=1)
