"""How the connections are found that a first world file names: by argument, by place, by what a hook takes unasked."""

import pytest

from harness.world import load
from tests.cli.project import Project

pytestmark = pytest.mark.gate  # whole processes that parse


def test_operators_of_kafka_name_their_connection_otherwise(tmp_path):
    project = Project(tmp_path)
    project.write(
        "dags/stream.py",
        "from airflow.sdk import DAG, BaseOperator\n"
        "class Read(BaseOperator):\n"
        "    def __init__(self, kafka_config_id='kafka_default', **kwargs):\n"
        "        super().__init__(**kwargs)\n"
        "        self.kafka_config_id = kafka_config_id\n"
        "with DAG('stream', schedule=None):\n"
        "    Read(task_id='read', kafka_config_id='events')\n",
    )
    assert project("init").code == 0
    connection = load(project.folder / "fixtures" / "world.yaml").connections["events"]
    assert connection.service == "kafka"


def test_hooks_in_code_name_theirs_in_whatever_way_and_take_their_own(tmp_path):
    project = Project(tmp_path)
    project.write(
        "dags/hooks.py",
        "from airflow.providers.amazon.aws.hooks.s3 import S3Hook\n"
        "from airflow.providers.apache.kafka.hooks.produce import KafkaProducerHook\n"
        "from airflow.providers.http.hooks.http import HttpHook\n"
        "from airflow.providers.postgres.hooks.postgres import PostgresHook\n"
        "from airflow.providers.redis.hooks.redis import RedisHook\n"
        "from airflow.providers.sftp.hooks.sftp import SFTPHook\n"
        "from airflow.sdk import DAG, task\n"
        "FILES = 'files'\n"
        "with DAG('hooks', schedule=None):\n"
        "    @task\n"
        "    def work():\n"
        "        S3Hook().read_key('a', 'b')\n"
        "        SFTPHook(FILES).list_directory('.')\n"
        "        RedisHook('redis_default').get_conn()\n"
        "        HttpHook('GET', 'shop').run('/')\n"
        "        PostgresHook('warehouse').get_records('select 1')\n"
        "        KafkaProducerHook(kafka_config_id='kafka_default').get_producer()\n"
        "    work()\n",
    )
    made = project("init")
    assert made.code == 0, made.err
    print(made.out, made.err)
    found = load(project.folder / "fixtures" / "world.yaml").connections
    assert {name: one.service for name, one in found.items()} == {
        "aws_default": "s3",
        "files": "sftp",
        "kafka_default": "kafka",
        "redis_default": "redis",
        "shop": "http",
        "warehouse": "postgres",
    }
