"""``world.kafka``: Airflow's operators produce and consume, a sensor waits in virtual time, and what changed."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.programs

DAG = """
from airflow.providers.apache.kafka.operators.consume import ConsumeFromTopicOperator
from airflow.providers.apache.kafka.operators.produce import ProduceToTopicOperator
from airflow.providers.apache.kafka.sensors.kafka import AwaitMessageSensor
from airflow.sdk import DAG


def lines(day):
    for number in (1, 2):
        yield b"k", f"{day}:{number}"


def read(message):
    return message.value().decode()


def is_due(message):
    value = message.value().decode()
    return value if value.startswith("due") else None


with DAG("orders", schedule=None):
    write = ProduceToTopicOperator(
        task_id="write", topic="orders", producer_function=lines, producer_function_args=["{{ ds }}"]
    )
    taken = ConsumeFromTopicOperator(
        task_id="take", topics=["orders"], apply_function=read, return_apply_function_results=True,
        max_messages=2, max_batch_size=2, poll_timeout=20, commit_cadence="end_of_operator",
    )
    wait = AwaitMessageSensor(task_id="wait", topics=["due"], apply_function="orders.is_due", poll_timeout=60)
    write >> taken >> wait
"""

WORLD = """
connections:
  kafka_default: {service: kafka, topics: [due], extra: {enable.auto.commit: "false"}}
events:
  - {at: +3h, kafka: {topic: due, value: due now}}
"""

TESTS = """
import pytest


@pytest.mark.parametrize("turn", range(2))
def test_orders(run_dag, world, turn):
    world.kafka.arrives("due", "too early", at="+1h")
    result = run_dag("orders", "2025-02-03", start="2025-02-03")
    assert result.ok
    assert sorted(result.task("take").xcom()) == ["2025-02-03:1", "2025-02-03:2"]
    assert [one.text for one in world.kafka.messages("due")] == ["too early", "due now"]
    assert result.task("wait").attempts[-1].end_date.isoformat().startswith("2025-02-03T03:")
    (use,) = result.services
    assert [str(change) for change in use.changes] == ["topic due: 2 messages added", "topic orders: 2 messages added"]
"""


def test_a_dag_writes_reads_and_waits(bare: Project):
    bare.write(dags__orders=DAG, fixtures__world_yaml=WORLD, test_it=TESTS)
    result = bare.pytest()
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*note: the clock of kafka is real, also in virtual time: *"])
    assert bare.left_behind() == []
