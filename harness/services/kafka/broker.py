"""Brokers of the harness's own: librdkafka's in this process, and those in containers; both speak Kafka's protocol."""

from __future__ import annotations

import time
from concurrent.futures import TimeoutError as NoAnswer  # another class than Python's own until 3.11
from typing import Any

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient

from harness.errors import ServiceUnavailable
from harness.services.containers.container import Container

IMAGE = "confluentinc/cp-kafka:7.6.0"
"""What testcontainers is tried with."""

INTERNAL = frozenset({"__consumer_offsets", "__transaction_state", "__share_group_state"})
"""Topics that brokers keep for themselves."""

START_S = 10.0
EMPTY_S = 10.0
"""For how long it is waited until topics are gone: a controller says so before its brokers know."""


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

    def emptied(self) -> bool:
        """It cannot be: topics cannot be deleted."""
        return False

    def close(self) -> None:
        """End it and its connections, with the client; a second call does nothing."""
        self._client = None


class ContainedBroker:
    """A broker in a container, up when made.

    Args:
        image: as confluentinc/cp-kafka from 7.0 on, of which one runs without ZooKeeper.
    Attributes:
        servers: where it answers.
    Raises: ServiceUnavailable.
    """

    def __init__(self, image: str) -> None:
        self._container = Container("kafka", image or IMAGE, {})
        host, port = self._container.start()
        self.servers = f"{host}:{port}"

    def emptied(self) -> bool:
        """Delete its topics and groups; a consumer that nobody closed keeps its group."""
        admin = AdminClient({"bootstrap.servers": self.servers, "log_level": 0})
        deadline_s = time.monotonic() + EMPTY_S
        try:
            groups = [one.group_id for one in admin.list_consumer_groups().result(EMPTY_S).valid]
            topics = _topics(admin)
            for deleted in [
                *(admin.delete_consumer_groups(groups) if groups else {}).values(),
                *(admin.delete_topics(topics, operation_timeout=EMPTY_S) if topics else {}).values(),
            ]:
                deleted.result(EMPTY_S)
            while _topics(admin):
                if time.monotonic() > deadline_s:
                    return False
                admin.poll(0.05)
        except (KafkaException, NoAnswer):
            return False
        return True

    def close(self) -> None:
        """Remove it; a second call does nothing."""
        self._container.close()


def _topics(admin: AdminClient) -> list[str]:
    return [name for name in admin.list_topics(timeout=EMPTY_S).topics if name not in INTERNAL]
