"""``world.statsd``: metrics that tasks send, from wherever they have the address."""

from __future__ import annotations

from tests.plugin.conftest import Project

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
    assert [(metric.name, metric.kind) for metric in world.statsd.metrics][1::2] == [("rows", "gauge")] * 2
    assert "STATSD_PORT" not in os.environ
"""


def test_metrics_of_tasks(bare: Project):
    bare.write(dags__measured=MEASURED, test_it=TESTS)
    bare.pytest().assert_outcomes(passed=1)
    assert bare.left_behind() == []
