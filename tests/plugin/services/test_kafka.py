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


DOWN = """
import time
from datetime import timedelta

from airflow.providers.apache.kafka.hooks.consume import KafkaConsumerHook
from airflow.providers.apache.kafka.hooks.produce import KafkaProducerHook
from airflow.sdk import DAG, task


def told(run_dag, body):
    with DAG("streams", schedule=None) as dag:
        task(body, task_id="t")()
    return run_dag(dag)


def test_a_producer_waits_until_it_is_up_or_its_time_is_over(run_dag, world):
    world.set_connection("kafka_default", service="kafka", topics=["orders"])
    world.fault("down", connection="kafka_default", at="+10m", lasts="1h")
    world.kafka.arrives("orders", "from others", at="+30m")

    def write():
        producer, found = KafkaProducerHook().get_producer(), []
        began = time.time()
        for minutes in (0, 20, 40):
            time.sleep(max(0, began + 60 * minutes - time.time()))
            note = lambda error, message: found.append((message.value().decode(), error and error.name()))
            producer.produce("orders", str(minutes), on_delivery=note)
            left = producer.flush(30 if minutes == 20 else -1)
            found.append((left, round(time.time() - began)))
        time.sleep(3600)
        producer.produce("orders", "late", on_delivery=note)
        producer.flush()
        return found

    result = told(run_dag, write)
    assert result.ok, result.findings
    found = [tuple(one) for one in result.task("t").xcom()]
    assert found[:3] == [("0", None), (0, 0), (1, 1230)]
    assert sorted(found[3:5]) == [("20", "_MSG_TIMED_OUT"), ("40", "_MSG_TIMED_OUT")]
    assert found[5:] == [(0, 2700), ("late", None)]
    assert sorted(one.text for one in world.kafka.messages("orders")) == ["0", "from others", "late"]
    assert [(one.what, one.at - result.start_date) for one in result.world_events if one.kind == "fault"] == [
        ("kafka_default goes down", timedelta(minutes=10)), ("kafka_default is well again", timedelta(minutes=70)),
    ]


def test_a_consumer_sees_nothing_meanwhile_and_goes_on_afterwards(run_dag, world):
    settings = {"enable.auto.commit": "false"}
    world.set_connection("kafka_default", service="kafka", topics=["orders"], extra=settings)
    world.kafka.produce("orders", "1")
    world.fault("down", connection="kafka_default", at="+10m", lasts="1h")
    world.kafka.arrives("orders", "2", at="+30m")

    def read():
        consumer, found, began = KafkaConsumerHook(["orders"]).get_consumer(), [], time.time()
        for _ in range(3):
            message = consumer.poll(2400)
            found.append((message and message.value().decode(), round(time.time() - began)))
            if message is not None:
                consumer.commit(message=message, asynchronous=False)
            else:
                time.sleep(60)
        consumer.close()
        return found

    result = told(run_dag, read)
    assert result.ok, result.findings
    assert [tuple(one) for one in result.task("t").xcom()] == [("1", 0), (None, 2400), ("2", 4200)]


def test_chaos_may_draw_it(run_dag, world):
    world.set_connection("kafka_default", service="kafka")
    world.chaos(1, seed=3, kinds=["down"])
    result = told(run_dag, lambda: None)
    assert [one.what for one in result.world_events][:1] == ["kafka_default goes down"]
"""


def test_a_broker_goes_down_in_virtual_time(bare: Project):
    bare.write(test_it=DOWN)
    bare.pytest().assert_outcomes(passed=3)
    assert bare.left_behind() == []
