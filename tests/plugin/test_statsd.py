"""``world.statsd``: metrics that tasks send, from wherever they have the address."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.programs

MEASURED = """
import os
import socket
from datetime import timedelta

from airflow.sdk import DAG, BaseHook, task

def send(line, host, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(line, (host, int(port)))

with DAG("measured", schedule=None):

    @task(retries=1, retry_delay=timedelta(hours=1))
    def load(ti=None):
        connection = BaseHook.get_connection("metrics")
        send(b"tries:%d|c" % ti.try_number, connection.host, connection.port)
        send(b"rows:3|g", os.environ["STATSD_HOST"], os.environ["STATSD_PORT"])
        if ti.try_number == 1:
            raise ValueError("once")

    load()
"""

TESTS = """
import os


def test_metrics(run_dag, world):
    world.set_connection("metrics", service="statsd")
    assert run_dag("measured").ok
    assert world.statsd.values("tries") == [1, 2]
    assert world.statsd.values("rows") == [3, 3]
    assert {metric.kind for metric in world.statsd.metrics if metric.name == "rows"} == {"gauge"}
    assert "STATSD_PORT" not in os.environ
"""


def test_metrics_of_tasks(bare: Project):
    bare.write(dags__measured=MEASURED, test_it=TESTS)
    bare.pytest().assert_outcomes(passed=1)
    assert bare.left_behind() == []


AIRFLOWS = """
import time
from datetime import timedelta

from airflow.sdk import DAG, task

with DAG("sales", schedule=None):

    @task(retries=1, retry_delay=timedelta(hours=1))
    def load(ti=None):
        time.sleep(90)
        if ti.try_number == 1:
            raise ValueError("once")

    load()
"""
NUMBERS = """
import pytest


def test_of_airflow_itself(run_dag, world):
    world.set_connection("metrics", service="statsd")
    assert run_dag("sales").ok
    assert world.statsd.values("airflow.ti_failures") == [1]
    assert world.statsd.values("airflow.ti_successes") == [1], world.statsd.metrics
    assert world.statsd.values("airflow.operator_successes") == [1]
    assert world.statsd.values("airflow.ti.finish.sales.load.success") == [1]
    assert world.statsd.values("airflow.task.duration")[-1] == 90_000.0


@pytest.mark.parametrize("there", [True, False])
def test_only_the_worlds_own_hears_of_it(run_dag, world, there, monkeypatch):
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.setblocking(False)
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "True")
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_PORT", str(other.getsockname()[1]))
        if there:
            world.set_connection("metrics", service="statsd")
        assert run_dag("sales").ok
        with pytest.raises(BlockingIOError):
            other.recv(1)
    if there:
        assert world.statsd.values("airflow.ti_successes") == [1], world.statsd.metrics
"""


def test_metrics_of_airflow(bare: Project):
    bare.write(
        dags__sales=AIRFLOWS,
        test_it=NUMBERS,
    )
    bare.pytest().assert_outcomes(passed=3)
