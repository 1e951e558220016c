"""``world.redis``: Airflow's hook, operator and sensors, and keys that expire in virtual time."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.programs

DAG = """
import time

from airflow.providers.redis.hooks.redis import RedisHook
from airflow.providers.redis.operators.redis_publish import RedisPublishOperator
from airflow.providers.redis.sensors.redis_key import RedisKeySensor
from airflow.sdk import DAG, task

with DAG("cached", schedule=None):

    @task
    def fill():
        time.sleep(7200)
        RedisHook("cache").get_conn().set("ready", "{{ ds }}", ex=3600)

    @task
    def later():
        before = RedisHook("cache").get_conn().ttl("ready")
        time.sleep(3601)
        return [before, RedisHook("cache").get_conn().exists("ready")]

    fill()
    waits = [RedisKeySensor(task_id=mode, redis_conn_id="cache", key="ready", poke_interval=600, mode=mode)
             for mode in ("poke", "reschedule")]
    told = RedisPublishOperator(task_id="tell", redis_conn_id="cache", channel="c", message="{{ ds }}")
    waits >> told >> later()
"""

TESTS = """
import pytest


@pytest.mark.parametrize("turn", range(2))
def test_cache(run_dag, world, turn):
    world.redis.set("other", turn)
    result = run_dag("cached", "2025-02-03")
    assert result.ok
    ttl, exists = result.task("later").xcom()
    assert 0 < ttl <= 3600
    assert exists == 0
    assert world.redis.keys() == ["other"]
"""


def test_a_dag_waits_for_a_key_that_expires(bare: Project):
    bare.write(dags__cached=DAG, fixtures__world_yaml="connections:\n  cache: {service: redis}\n", test_it=TESTS)
    bare.pytest("-n", "2").assert_outcomes(passed=2)
    assert bare.left_behind() == []
