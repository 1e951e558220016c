"""Kafka: what clients of this and of other processes write and read, groups, seeds, and the drivers alike."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import confluent_kafka
import pytest
from confluent_kafka import KafkaError, TopicPartition

from harness.errors import ServiceUnavailable, WorldError
from harness.services.base import Service
from harness.services.kafka import broker as kafka_broker
from harness.services.kafka import lease as kafka_lease
from harness.services.kafka.service import SERVERS_VARIABLE, KafkaOptions, KafkaService, MessageArrives


@pytest.fixture(params=["embedded", "external", pytest.param("container", marks=pytest.mark.containers)])
def service(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """By each driver; the broker of ``external`` is an embedded one, which that driver cannot tell from another."""
    elsewhere = KafkaService("embedded")
    if request.param == "external":
        elsewhere.start()
        monkeypatch.setenv(SERVERS_VARIABLE, leased(elsewhere).servers)
    image = ":airflow-harness-test/kafka" if request.param == "container" else ""
    made = KafkaService(f"{request.param}{image}")
    made.start()
    yield made
    made.close()
    made.close()
    elsewhere.close()


def leased(service: Service, **options: Any) -> Any:
    return service.lease("test", "stream", KafkaOptions(**options))


def consumer(lease: Any, **more: Any) -> Any:
    """As a task makes one, of its connection."""
    settings = json.loads(lease.address.fields["extra"])
    if "auto.offset.reset" not in settings:  # a server of the user's, played by an embedded one, which likes these
        settings |= {"auto.offset.reset": "earliest", "group.protocol": "consumer"}
    if "group.protocol" not in settings:  # the broker of our image has a group wait for half of this
        settings["session.timeout.ms"] = 6000
    made = confluent_kafka.Consumer({**settings, "log_level": 0, **more})
    made.subscribe(["orders"])
    return made


def test_what_is_written_is_there_and_seen_to_be_new(service: Service) -> None:
    lease = leased(service, topics="orders")
    before = lease.snapshot()
    lease.produce("orders", '{"n": 1}', key="a")
    lease.happen(MessageArrives(topic="orders", value="é"))
    lease.produce("other", None, key=b"gone")
    one, two = sorted(lease.messages("orders"), key=lambda message: message.text)
    assert (one.json(), one.key, two.text) == ({"n": 1}, b"a", "é")
    assert [message.value for message in lease.messages("other")] == [None]
    assert lease.messages("nowhere") == []
    assert lease.topics() == ["orders", "other"]
    changes = [str(change) for change in before.changes_to(lease.snapshot())]
    assert changes == ["topic orders: 2 messages added", "topic other: 1 message added"]
    lease.end()
    lease.end()


def test_another_process_writes_and_a_group_reads_each_message_once(service: Service) -> None:
    lease = leased(service, topics="orders")
    code = (
        "import sys; from confluent_kafka import Producer; made = Producer({'bootstrap.servers': sys.argv[1]});"
        "[made.produce('orders', str(n)) for n in range(6)]; sys.exit(made.flush(20))"
    )
    subprocess.run([sys.executable, "-c", code, lease.servers], check=True, timeout=60)
    first = consumer(lease, **{"enable.auto.commit": False})
    found = [first.poll(20).value() for _ in range(3)]
    first.commit(asynchronous=False)
    first.close()
    second = consumer(lease, **{"enable.auto.commit": False})
    found += [second.poll(20).value() for _ in range(3)]
    assert sorted(found) == [b"0", b"1", b"2", b"3", b"4", b"5"]
    second.commit(asynchronous=False)
    parts = second.committed([TopicPartition("orders", number) for number in range(4)], timeout=20)
    assert sum(max(part.offset, 0) for part in parts) == 6
    second.close()
    assert len(lease.messages("orders")) == 6
    lease.end()


def test_seeds_are_lines_of_files_called_as_topics(service: Service, tmp_path: Path) -> None:
    (tmp_path / "orders.jsonl").write_text('{"n": 1}\n{"n": 2}\n')
    lease = leased(service, seed=str(tmp_path / "orders.jsonl"))
    assert sorted(message.json()["n"] for message in lease.messages("orders")) == [1, 2]
    with pytest.raises(WorldError, match=r"connection 'stream': the seed .*gone\.jsonl is no file"):
        leased(service, seed=str(tmp_path / "gone.jsonl"))


def test_each_lease_has_topics_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_lease, "ANSWER_S", 2)
    service = KafkaService("embedded")
    service.start()
    one, two = leased(service), leased(service)
    one.produce("orders", "1")
    assert two.topics() == []
    one.end()
    with pytest.raises(ServiceUnavailable, match=f"the Kafka at {one.servers} refuses"):
        kafka_lease.KafkaLease("stream", one.servers, {})
    service.close()


def test_what_was_there_is_not_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = KafkaService("embedded")
    elsewhere.start()
    theirs = leased(elsewhere)
    theirs.produce("orders", "theirs")
    assert KafkaService.automatic({SERVERS_VARIABLE: theirs.servers}) == ("external", SERVERS_VARIABLE)
    monkeypatch.setenv(SERVERS_VARIABLE, f"kafka://{theirs.servers}")
    service = KafkaService("external")
    service.start()
    lease = leased(service)
    assert lease.messages("orders") == []
    lease.produce("orders", "ours")
    assert [message.text for message in lease.messages("orders")] == ["ours"]
    lease.end()
    service.close()
    assert sorted(message.text for message in theirs.messages("orders")) == ["ours", "theirs"]
    elsewhere.close()


def test_consumers_are_as_they_were_afterwards() -> None:
    before = confluent_kafka.Consumer
    service = KafkaService("embedded")
    service.start()
    service.start()
    assert confluent_kafka.Consumer is not before
    service.close()
    assert confluent_kafka.Consumer is before


def test_what_cannot_be_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SERVERS_VARIABLE, raising=False)
    with pytest.raises(ServiceUnavailable, match="the external Kafka needs its servers") as caught:
        KafkaService("external").start()
    assert caught.value.fix == f"set {SERVERS_VARIABLE}=host:9092"
    with pytest.raises(ValueError, match="needs exactly one of value, file"):
        MessageArrives(topic="orders")
    monkeypatch.setattr("harness.services.installed.find_spec", lambda module: None)
    with pytest.raises(ServiceUnavailable, match="Kafka needs confluent-kafka") as missing:
        KafkaService("embedded").start()
    assert missing.value.fix == 'pip install "airflow-harness[kafka]"'


class _Silent:
    """An admin client of a server that answers nothing."""

    def __init__(self, _: dict[str, Any]) -> None: ...

    def create_topics(self, topics: list[Any]) -> dict[str, Future[None]]:
        return {topic.topic: Future() for topic in topics}

    def list_consumer_groups(self) -> Future[Any]:
        return Future()


def test_a_server_that_does_not_answer_is_told_and_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    service = KafkaService("embedded")
    service.start()
    lease = leased(service)
    missing = SimpleNamespace(topics={"orders": SimpleNamespace(error=KafkaError(3))})
    with monkeypatch.context() as patched:
        patched.setattr(kafka_lease, "ANSWER_S", 0.1)
        patched.setattr(kafka_lease, "AdminClient", _Silent)
        patched.setattr(lease, "_producer", SimpleNamespace(list_topics=lambda *_, **__: missing))
        with pytest.raises(ServiceUnavailable):
            lease.create("orders")
    service.close()
    monkeypatch.setattr(kafka_broker, "EMPTY_S", 0.1)
    monkeypatch.setattr(kafka_broker, "AdminClient", _Silent)
    broker = object.__new__(kafka_broker.ContainedBroker)
    broker.servers = "127.0.0.1:9"
    assert broker.emptied() is False
