"""Operators whose work is done elsewhere are refused, with what to write; unless somebody means them to run."""

import sys
from datetime import timedelta
from types import ModuleType
from unittest import mock

import pytest
from airflow.providers.amazon.aws.operators import s3
from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.amazon.aws.operators.s3 import S3ListOperator
from airflow.sdk import DAG, task

from harness.results.world import as_yaml
from harness.world import World
from tests.engine.exploration.exploration_dags import START

SPARK = "airflow.providers.apache.spark.operators.spark_submit"
SUBMIT = """
from airflow.sdk import BaseOperator

class SparkSubmitOperator(BaseOperator):
    template_fields = ("application_args",)

    def __init__(self, *, application_args, conn_id="spark_default", **more):
        super().__init__(**more)
        self.application_args, self._conn_id = application_args, conn_id

    def execute(self, context):
        return "submitted"
"""


@pytest.fixture
def spark(monkeypatch):
    """A module where the provider's would be, as if it were installed."""
    module = ModuleType(SPARK)
    module.__file__ = "/usr/lib/python3/site-packages/spark_submit.py"
    exec(compile(SUBMIT, module.__file__, "exec"), vars(module))
    monkeypatch.setitem(sys.modules, SPARK, module)
    return module


def of_one(operator, **given):
    HEARD.clear()
    with DAG("far", schedule="@daily", start_date=START, default_args={"retries": 3}) as dag:
        operator(task_id="load", on_failure_callback=lambda context: HEARD.append("failed"), **given)
    return dag


HEARD = []


def test_it_is_refused_at_once_with_what_to_write(rehearse, spark):
    class Nightly(spark.SparkSubmitOperator):
        pass

    result = rehearse(of_one(Nightly, application_args=["{{ ds }}"]))
    load = result.task("load")
    assert (load.state, load.try_number, HEARD) == ("failed", 1, ["failed"])
    assert load.error.message == "Nightly needs spark-submit and a Spark cluster: it cannot run here"
    assert "stubs: {far.load: {returns: …}}" in load.error.hint
    assert "world.stub('far.load', returns=…)" in load.error.hint
    assert "commands: {far.load: [PROGRAM, …]}" in load.error.hint
    assert "declare connection 'spark_default': on this machine, or at a host of network" in load.error.hint
    assert load.error.traceback == f"CannotRunHere: {load.error.message}\n"  # no frame says more
    assert load.rendered == {"application_args": ["2025-01-01"]}
    assert [need.text for need in result.not_in_world] == ["stub Nightly"]
    assert as_yaml(result.not_in_world) == ["stubs:", "  Nightly: {returns: null}"]


def test_what_it_says_to_write_is_enough(rehearse, spark):
    world = World()
    world.stub("SparkSubmitOperator", returns=None)
    result = rehearse(of_one(spark.SparkSubmitOperator, application_args=[]), world)
    assert (result.state, result.not_in_world) == ("success", ())
    world.stub("far.load", runs=True)
    assert rehearse(of_one(spark.SparkSubmitOperator, application_args=[]), world).task("load").xcom() == "submitted"


@pytest.mark.parametrize(
    ("connection", "allowed", "runs"),
    [
        ({"conn_type": "spark", "host": "local[*]"}, (), True),
        ({"conn_type": "spark", "host": "spark://127.0.0.1", "port": 7077}, (), True),
        ({"conn_type": "spark", "host": "spark://cluster.example.com"}, (), False),
        ({"conn_type": "spark", "host": "yarn"}, (), False),
        ({"conn_type": "spark", "host": "spark://cluster.example.com"}, ("cluster.example.com",), True),
        ({"conn_type": "spark", "host": "spark://cluster.example.com"}, ("api.example.com",), False),
        ({"conn_type": "spark", "host": "yarn"}, ("10.1.0.0/16",), True),
        (None, ("cluster.example.com",), False),
    ],
)
def test_a_connection_that_leads_somewhere_means_it(rehearse, spark, connection, allowed, runs):
    world = World()
    if connection is not None:
        world.set_connection("spark_default", **connection)
    world.allow(*allowed)
    load = rehearse(of_one(spark.SparkSubmitOperator, application_args=[]), world).task("load")
    assert load.xcom() == ("submitted" if runs else None)


def test_what_a_test_has_replaced_runs(rehearse, monkeypatch):
    lists = {"bucket": "landing"}
    refused = rehearse(of_one(S3ListOperator, **lists)).task("load")
    assert refused.error.message == "S3ListOperator needs AWS: it cannot run here"
    assert "aws_default: {service: s3}" in refused.error.hint
    with mock.patch.object(s3.S3Hook, "list_keys", return_value=["a.csv"]):
        assert rehearse(of_one(S3ListOperator, **lists)).task("load").xcom() == ["a.csv"]
    with monkeypatch.context() as patch:
        patch.setattr(s3.S3Hook, "list_keys", lambda self, **asked: ["b.csv"])
        assert rehearse(of_one(S3ListOperator, **lists)).task("load").xcom() == ["b.csv"]
    with monkeypatch.context() as patch:
        patch.setattr(AthenaOperator, "execute", lambda self, context: self.query)
        athena = of_one(AthenaOperator, query="select 1", database="d", output_location="s3://b")
        assert rehearse(athena).task("load").xcom() == "select 1"
    assert rehearse(of_one(S3ListOperator, **lists)).state == "failed"


def test_a_service_of_the_world_runs_it(rehearse):
    world = World()
    world.set_connection("aws_default", service="s3", buckets=["landing"])
    run = rehearse(of_one(S3ListOperator, bucket="landing"), world)
    assert run.task("load").xcom() == []
    world.set_connection("other_aws", conn_type="aws")  # what the service allows is not this one's
    refused = rehearse(of_one(S3ListOperator, bucket="landing", aws_conn_id="other_aws"), world)
    assert "cannot run here" in refused.task("load").error.message


def test_a_task_of_another_language(rehearse):
    with DAG("polyglot", schedule="@daily", start_date=START) as dag:

        @task.stub(queue="golang")
        def load(): ...

        load()
    refused = rehearse(dag).task("load")
    assert "@task.stub needs a worker of the language it is written in" in refused.error.message
    world = World()
    world.stub("load", returns=3, takes=timedelta(minutes=1))
    assert rehearse(dag, world).task("load").xcom() == 3
