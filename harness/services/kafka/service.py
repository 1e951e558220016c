"""Kafka as a service: a broker of librdkafka's in this process, one in a container, or servers that run already."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from harness.errors import ServiceUnavailable, WorldError
from harness.services.base import EventOptions, Lease, Service, ServiceOptions, Texts
from harness.services.installed import see_installed
from harness.services.reused import ReusedServers

SERVERS_VARIABLE = "AIRFLOW_HARNESS_KAFKA_SERVERS"

_OWN_SETTINGS = {
    # By Kafka's older protocol, whoever joins a group that somebody left waits, with the broker in this process, until
    # the session of that one is over: 45 s by default. Servers before 4.0 know the older one alone.
    # Each producer warns of what is a consumer's, of level 4.
    "embedded": {"group.protocol": "consumer", "auto.offset.reset": "earliest", "log_level": 3},
    "container": {"auto.offset.reset": "earliest", "log_level": 3},
}


class KafkaOptions(ServiceOptions):
    """Keys of a connection's entry.

    Attributes:
        topics: made before the first task; those of ``seed`` need not be named.
        seed: files called as topics, ``orders.jsonl``: each line is a message.
    """

    topics: Texts = Field(default_factory=list)
    seed: Texts = Field(default_factory=list)


class MessageArrives(EventOptions):
    """Somebody else writes ``value``, or what is in ``file``, to ``topic``; with a ``key``, if one is given."""

    topic: str
    value: str | None = None
    file: str | None = None
    key: str | None = None

    @model_validator(mode="after")
    def _can_be(self) -> MessageArrives:
        if (self.value is None) == (self.file is None):
            raise ValueError("needs exactly one of value, file")
        return self

    @property
    def what(self) -> str:
        """The topic."""
        return f"a message of {self.topic} arrives"


class KafkaService(Service):
    """A broker for each lease, in this process or a container; on servers of the user's, their topics."""

    name = "kafka"
    conn_types = ("kafka",)
    drivers = ("embedded", "container", "external")
    title = "a Kafka broker, played by librdkafka"
    options = KafkaOptions
    event = MessageArrives
    address_variable = SERVERS_VARIABLE

    def __init__(self, driver: str) -> None:
        super().__init__(driver)
        self._brokers: ReusedServers[Any] = ReusedServers(self._broker)
        self._waiting = ExitStack()
        self._is_up = False

    @classmethod
    def why_clock_is_real(cls, driver: str) -> str | None:  # noqa: ARG003 - of all of them
        """Clients date what they write, in C."""
        return "its clients ask the machine for it"

    def start(self) -> None:
        """Load what it needs; a container is up from here on. Raises: ServiceUnavailable."""
        see_installed("Kafka", "kafka", {"confluent_kafka": "confluent-kafka"})
        if self.driver == "external":
            self._servers()
        if not self._is_up:
            from harness.services.kafka.waiting import waiting_in_virtual_time

            self._waiting.enter_context(waiting_in_virtual_time())
            self._is_up = True
        if self.driver == "container":
            self._brokers.prepare()

    def lease(self, holder: str, conn_id: str, options: Any) -> Lease:  # noqa: ARG002 - topics have the names of production
        """Topics of its own; on servers of the user's, what is written to theirs from now on.

        Raises: ServiceUnavailable. WorldError: a seed that does not exist.
        """
        from harness.services.kafka.lease import KafkaLease

        seeds = [Path(seed) for seed in options.seed]
        for seed in seeds:
            if not seed.is_file():
                fact = f"connection {conn_id!r}: the seed {seed} is no file"
                raise WorldError(
                    fact, known="files called as topics: orders.jsonl", fix="correct seed: of the connection"
                )
        if self.driver == "external":
            made = KafkaLease(conn_id, self._servers(), {})
        else:
            broker = self._brokers.take()
            give_back = partial(self._brokers.give_back, broker)
            breakable = broker if self.driver == "embedded" else None
            made = KafkaLease(conn_id, broker.servers, _OWN_SETTINGS[self.driver], give_back, breakable)
        for topic in options.topics:
            made.create(topic)
        for seed in seeds:
            for line in seed.read_text(encoding="utf-8").splitlines():
                made.produce(seed.stem, line)
        return made

    def close(self) -> None:
        """End the brokers that are left, and leave consumers as they were."""
        self._waiting.close()
        self._is_up = False
        self._brokers.close()

    def _broker(self) -> Any:
        from harness.services.kafka.broker import ContainedBroker, KafkaBroker

        return ContainedBroker(self.image) if self.driver == "container" else KafkaBroker()

    def _servers(self) -> str:
        """Of the user's own. Raises: ServiceUnavailable: nobody says where."""
        servers = os.environ.get(SERVERS_VARIABLE, "").removeprefix("kafka://")
        if not servers:
            raise ServiceUnavailable("the external Kafka needs its servers", fix=f"set {SERVERS_VARIABLE}=host:9092")
        return servers
