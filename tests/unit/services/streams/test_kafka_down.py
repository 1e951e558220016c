"""A broker in this process that goes down: for clients of this process and of others, and what becomes of messages."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient

from harness.errors import ServiceUnavailable
from harness.kernel.instant import SECOND
from harness.kernel.present import activated
from harness.kernel.simulation import Simulation
from harness.services.kafka import broker as kafka_broker
from harness.services.kafka.outages import OUTAGES
from harness.services.kafka.producing import WaitingProducer
from harness.services.kafka.service import KafkaOptions, KafkaService

ASKS = (
    "import sys; from confluent_kafka.admin import AdminClient; made = AdminClient({'bootstrap.servers': sys.argv[1]});"
    "print(len(made.list_topics(timeout=float(sys.argv[2])).brokers))"
)


@pytest.fixture
def lease() -> Iterator[Any]:
    service = KafkaService("embedded")
    service.start()
    yield service.lease("test", "stream", KafkaOptions(topics=["orders"]))
    service.close()


def test_it_answers_nobody_until_it_is_up_again(lease: Any) -> None:
    asker = AdminClient({"bootstrap.servers": lease.servers, "log_level": 0})
    assert asker.list_topics(timeout=10).brokers
    lease.refuse()
    assert {lease.servers} == OUTAGES
    with pytest.raises(KafkaException):
        asker.list_topics(timeout=0.3)
    other = subprocess.run([sys.executable, "-c", ASKS, lease.servers, "0.5"], capture_output=True, text=True)
    assert "KafkaException" in other.stderr
    lease.accept()
    assert not OUTAGES
    assert asker.list_topics(timeout=10).brokers
    other = subprocess.run([sys.executable, "-c", ASKS, lease.servers, "10"], capture_output=True, text=True)
    assert other.stdout == "1\n"


def test_what_is_written_meanwhile_is_there_afterwards(lease: Any) -> None:
    lease.produce("orders", "before")
    lease.refuse()
    lease.produce("orders", "meanwhile")
    lease.accept()
    lease.produce("orders", "after")
    assert sorted(message.text for message in lease.messages("orders")) == ["after", "before", "meanwhile"]


def test_connections_break_and_begin_anew(lease: Any) -> None:
    lease.cut()
    lease.produce("orders", "1")
    assert len(lease.messages("orders")) == 1


def test_one_that_has_ended_goes_down_no_more(lease: Any) -> None:
    broker = lease.breakable
    lease.refuse()
    lease.end()
    for call in (broker.cut, broker.refuse, broker.accept, broker.close):
        call()
    assert not OUTAGES


def test_only_one_of_this_process_goes_down(lease: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_HARNESS_KAFKA_SERVERS", lease.servers)
    theirs = KafkaService("external")
    theirs.start()
    assert theirs.lease("test", "stream", KafkaOptions()).peer is None
    assert lease.peer == lease.servers
    theirs.close()


def test_what_comes_while_it_is_read_is_not_waited_for(lease: Any) -> None:
    for number in range(4):
        lease.produce("orders", str(number), key="k")
    found = []
    for message in lease._read():
        found.append(message.text)
        for topic in ("orders", "others"):
            lease.produce(topic, f"after {message.text}", key="k")
    assert found == ["0", "1", "2", "3"]
    assert len(lease.messages("orders")) == 8


def test_a_library_without_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kafka_broker._CALLS, "rd_kafka_mock_of_tomorrow", (None, []))
    with pytest.raises(ServiceUnavailable, match="the embedded Kafka does not start") as caught:
        kafka_broker.KafkaBroker()
    assert "rd_kafka_mock_of_tomorrow" in str(caught.value.known)


def test_producers_outside_a_simulation_are_as_they_were(lease: Any) -> None:
    told: list[Any] = []
    made = Producer({"bootstrap.servers": lease.servers, "log_level": 0})
    made.produce("orders", b"1", on_delivery=lambda error, message: told.append((error, message.value())))
    assert made.flush(10) == 0
    assert told == [(None, b"1")]


@pytest.mark.parametrize("wait", ["poll", "flush"])
@pytest.mark.parametrize("limit_s", [300, 7200], ids=["gives up", "waits"])
def test_who_waits_without_a_limit_waits_in_virtual_time(lease: Any, wait: str, limit_s: int) -> None:
    told: list[Any] = []
    settings = {"bootstrap.servers": lease.servers, "log_level": 0, "message.timeout.ms": limit_s * 1000}
    simulation = Simulation(0)

    def write() -> None:
        made = WaitingProducer(settings, on_delivery=lambda error, _: told.append(error and error.name()))
        made.produce("orders", b"1")
        while len(made):
            getattr(made, wait)()
        told.append(simulation.now // SECOND)

    simulation.spawn(write)
    simulation.schedule(3600 * SECOND, lease.accept)
    lease.refuse()
    with activated(simulation, time.perf_counter):
        simulation.run_until()
    assert told == (["_MSG_TIMED_OUT", 300] if limit_s == 300 else [None, 3600])
