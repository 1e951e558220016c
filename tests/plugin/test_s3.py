"""``world.s3``: buckets a test, from Airflow's hooks and sensors, boto3, s3fs and the CLI, on the run's clock."""

from __future__ import annotations

import time

import pytest

from harness.project.scratch import PREFIX
from tests.plugin.conftest import Project

pytestmark = pytest.mark.programs

DAGS = """
import time
from datetime import datetime, timedelta, timezone

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.s3 import S3CopyObjectOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.amazon.aws.sensors.sqs import SqsSensor
from airflow.sdk import DAG, ObjectStoragePath, task


@task
def arrive():
    time.sleep(3 * 3600 + 1)
    S3Hook().load_string("hello", "b.csv", "landing")


@task
def now():
    return datetime.now(timezone.utc).isoformat()


MODES = {"poke": {}, "reschedule": {"mode": "reschedule"}, "deferrable": {"deferrable": True}}
for name, settings in MODES.items():
    with DAG(f"waits_by_{name}", schedule=None):
        wait = S3KeySensor(
            task_id="wait", bucket_name="landing", bucket_key="*.csv", wildcard_match=True, poke_interval=1800,
            timeout=timedelta(days=1).total_seconds(), **settings,
        )
        wait >> now()
        arrive()


with DAG("ways", schedule=None):

    @task
    def hook():
        hook = S3Hook()
        head = hook.head_object("in/a.txt", "landing")
        return [hook.list_keys("landing"), hook.read_key("in/a.txt", "landing"), head["LastModified"].isoformat()]

    copy = S3CopyObjectOperator(
        task_id="copy", source_bucket_name="landing", source_bucket_key="in/a.txt", dest_bucket_name="out",
        dest_bucket_key="copied/{{ ds }}",
    )

    @task
    def boto():
        import boto3

        client = boto3.client("s3")
        time.sleep(7200)
        client.put_object(Bucket="out", Key="boto", Body=b"1")
        head = client.head_object(Bucket="out", Key="boto")
        return [head["LastModified"].isoformat(), head["ResponseMetadata"]["HTTPHeaders"]["date"]]

    @task
    def file_system():
        import s3fs

        files = s3fs.S3FileSystem()
        with files.open("out/fs", "w") as file:
            file.write("fs")
        return files.ls("landing/in")

    @task
    def path():
        return ObjectStoragePath("s3://aws_default@landing/in/a.txt").read_text()

    hook(), boto(), file_system(), path()


with DAG("waits_of_botocore", schedule=None):

    @task
    def late():
        time.sleep(5000)
        S3Hook().load_string("x", "late", "out")

    @task
    def waiter():
        waiter = S3Hook().get_conn().get_waiter("object_exists")
        waiter.wait(Bucket="out", Key="late", WaiterConfig={"Delay": 600, "MaxAttempts": 20})
        return datetime.now(timezone.utc).isoformat()

    @task
    def retries():
        import boto3
        from botocore.config import Config
        from botocore.exceptions import EndpointConnectionError

        begun = datetime.now()
        config = Config(retries={"mode": "legacy", "max_attempts": 9})
        try:
            boto3.client("s3", endpoint_url="http://127.0.0.1:9", config=config).list_buckets()
        except EndpointConnectionError:
            return (datetime.now() - begun).total_seconds()

    late(), waiter(), retries()


with DAG("messages", schedule=None):

    @task
    def send():
        import boto3

        client = boto3.client("sqs")
        url = client.create_queue(QueueName="orders")["QueueUrl"]
        time.sleep(600)
        client.send_message(QueueUrl=url, MessageBody="one")

    @task
    def role():
        import boto3

        token = boto3.client("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/r", RoleSessionName="a_task")
        return token["Credentials"]["Expiration"].isoformat()

    send(), role()
    SqsSensor(task_id="receive", sqs_queue="orders", poke_interval=60, wait_time_seconds=20)
"""

WORLD = """
connections:
  aws_default: {service: s3, buckets: [out], seed: seeds}
"""

TESTS = """
import boto3
import pytest
import s3fs
from moto import mock_aws


def virtual(text):
    return text.removeprefix("2025-03-0").removesuffix("+00:00")


@pytest.mark.parametrize("mode", ["poke", "reschedule", "deferrable"])
def test_a_sensor(run_dag, world, mode):
    result = run_dag(f"waits_by_{mode}", "2025-03-04")
    assert result.ok, result
    assert virtual(result.task("now").xcom())[:9] == "4T03:30:0"
    assert world.s3.keys("landing") == ["b.csv", "in/a.txt"]
    head = world.s3.client().head_object(Bucket="landing", Key="b.csv")
    assert head["LastModified"].isoformat() == "2025-03-04T03:00:01+00:00"


@pytest.mark.parametrize("turn", range(2))
def test_all_ways_lead_to_the_tests_own_buckets(run_dag, world, turn):
    assert world.s3.keys("out") == []
    before = world.s3.snapshot()
    for day in (4, 5):
        result = run_dag("ways", f"2025-03-0{day}")
        assert result.ok, result
        assert result.task("hook").xcom() == [["in/a.txt"], "a", "2025-03-04T00:00:00+00:00"]
        assert result.task("boto").xcom() == [
            f"2025-03-0{day}T02:00:00+00:00", f"{ {4: 'Tue', 5: 'Wed'}[day]}, 0{day} Mar 2025 02:00:00 GMT"
        ]
        assert result.task("file_system").xcom() == ["landing/in/a.txt"]
        assert result.task("path").xcom() == "a"
    assert world.s3.keys("out") == ["boto", "copied/2025-03-04", "copied/2025-03-05", "fs"]
    assert world.s3.get("out", "fs") == b"fs"
    assert [str(change) for change in before.changes_to(world.s3.snapshot())] == ["bucket out: 4 objects added"]


def test_what_botocore_waits_for_passes_in_virtual_time(run_dag, world):
    result = run_dag("waits_of_botocore", "2025-03-04")
    assert result.ok, result
    assert virtual(result.task("waiter").xcom()) == "4T01:30:00"
    assert result.task("retries").xcom() > 5


def test_more_of_aws(run_dag, world):
    result = run_dag("messages", "2025-03-04")
    assert result.ok, result
    assert result.task("receive").xcom("messages")[0]["Body"] == "one"
    assert virtual(result.task("role").xcom()) == "4T01:00:00"


def test_the_owners_clients_are_theirs_again(run_dag, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "mine")
    boto3.setup_default_session(region_name="eu-west-3")
    mine, files = boto3.DEFAULT_SESSION, s3fs.S3FileSystem(endpoint_url="http://127.0.0.1:9")
    assert run_dag("ways", "2025-03-04").ok
    assert boto3.DEFAULT_SESSION is mine
    assert mine.get_credentials().access_key == "mine"
    assert s3fs.S3FileSystem(endpoint_url="http://127.0.0.1:9") is files


@mock_aws
def test_a_mock_around_a_run(run_dag, world):
    mocked = boto3.client("s3", region_name="us-east-1")
    mocked.create_bucket(Bucket="landing")
    mocked.put_object(Bucket="landing", Key="mine", Body=b"")
    result = run_dag("ways", "2025-03-04")
    assert result.ok, result
    assert [each["Key"] for each in mocked.list_objects_v2(Bucket="landing")["Contents"]] == ["mine"]
    assert world.s3.keys("landing") == ["in/a.txt"]


@mock_aws
def test_a_mock_alone_answers_tasks(run_dag, world):
    world.set_connection("aws_default", conn_type="aws", login="a", password="b", extra={"region_name": "us-east-1"})
    mocked = boto3.client("s3", region_name="us-east-1")
    mocked.create_bucket(Bucket="landing")
    mocked.put_object(Bucket="landing", Key="in/a.txt", Body=b"mocked")
    result = run_dag("ways", "2025-03-04", only=["hook"])
    assert result.task("hook").xcom()[:2] == [["in/a.txt"], "mocked"]


def test_buckets_of_a_test(run_dag, world):
    world.set_connection("aws_default", service="s3", buckets=["other"])
    assert world.s3.buckets() == ["other"]
    world.s3.put("other", "a", "b")
    assert world.s3("aws_default").keys() == ["a"]
"""


@pytest.fixture
def project(bare: Project) -> Project:
    bare.write(dags__aws=DAGS, world_yaml=WORLD, pyproject_toml='[tool.airflow-harness]\nworld = "world.yaml"\n')
    folder = bare.pytester.path / "seeds" / "landing" / "in"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    return bare


def test_a_suite(project: Project) -> None:
    project.write(test_it=TESTS)
    begun = time.monotonic()
    project.pytest("-W", "error::pytest.PytestUnhandledThreadExceptionWarning").assert_outcomes(passed=11)
    assert time.monotonic() - begun < 240, "waits of botocore or s3fs are real"
    assert project.left_behind() == []


def test_workers(project: Project) -> None:
    """Each has its own moto."""
    project.write(test_it=TESTS)
    project.pytest("-n", "2", "-k", "all_ways").assert_outcomes(passed=2)
    assert [name for name in project.left_behind() if not name.startswith(f"{PREFIX}home-")] == []
