"""A broker in this process: the one that librdkafka is tested with, which speaks Kafka's protocol on 127.0.0.1."""

from __future__ import annotations

from typing import Any

from confluent_kafka import Producer

from harness.errors import ServiceUnavailable

START_S = 10.0


class KafkaBroker:
    """A cluster of one broker, up when made; topics are made when they are first named, with four partitions.

    Source: librdkafka's CONFIGURATION.md, ``test.mock.num.brokers``: the client that has it brings the cluster up.

    Attributes:
        servers: where it answers.
    """

    def __init__(self) -> None:
        settings = {"bootstrap.servers": "127.0.0.1:1", "test.mock.num.brokers": 1, "log_level": 0}
        self._client: Any = Producer(settings)
        brokers = self._client.list_topics(timeout=START_S).brokers.values()
        if not brokers:
            raise ServiceUnavailable("the embedded Kafka does not start", fix="pip install --upgrade confluent-kafka")
        (broker,) = brokers
        self.servers = f"{broker.host}:{broker.port}"

    def close(self) -> None:
        """End it and its connections, with the client; a second call does nothing."""
        self._client = None
