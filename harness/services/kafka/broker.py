"""Brokers of the harness's own: librdkafka's in this process, and those in containers; both speak Kafka's protocol."""

from __future__ import annotations

import ctypes
import time
from concurrent.futures import TimeoutError as NoAnswer  # another class than Python's own until 3.11
from ctypes import c_char_p, c_int, c_int32, c_size_t, c_void_p
from typing import Any

from confluent_kafka import KafkaException, cimpl
from confluent_kafka.admin import AdminClient

from harness.errors import ServiceUnavailable
from harness.services.containers.container import Container
from harness.services.kafka.outages import OUTAGES

IMAGE = "confluentinc/cp-kafka:7.6.0"
"""What testcontainers is tried with."""

INTERNAL = frozenset({"__consumer_offsets", "__transaction_state", "__share_group_state"})
"""Topics that brokers keep for themselves."""

EMPTY_S = 10.0
"""For how long it is waited until topics are gone: a controller says so before its brokers know."""

_PRODUCER = 0
"""``RD_KAFKA_PRODUCER``: a client without a server, which has the cluster."""

_BROKER = 1
"""The number of the only one."""

_CALLS: dict[str, tuple[Any, list[Any]]] = {
    "rd_kafka_conf_new": (c_void_p, []),
    "rd_kafka_conf_set": (c_int, [c_void_p, c_char_p, c_char_p, c_char_p, c_size_t]),
    "rd_kafka_new": (c_void_p, [c_int, c_void_p, c_char_p, c_size_t]),
    "rd_kafka_destroy": (None, [c_void_p]),
    "rd_kafka_mock_cluster_new": (c_void_p, [c_void_p, c_int]),
    "rd_kafka_mock_cluster_bootstraps": (c_char_p, [c_void_p]),
    "rd_kafka_mock_cluster_destroy": (None, [c_void_p]),
    "rd_kafka_mock_broker_set_down": (c_int, [c_void_p, c_int32]),
    "rd_kafka_mock_broker_set_up": (c_int, [c_void_p, c_int32]),
}
"""What is called of librdkafka: what it returns and takes. Source: its ``rdkafka.h`` and ``rdkafka_mock.h`` (2.x)."""


class KafkaBroker:
    """A cluster of one broker, up when made; topics are made when they are first named, with four partitions.

    confluent-kafka brings it up too (``test.mock.num.brokers``), but has nothing by which it goes down.

    Attributes:
        servers: where it answers.
    Raises: ServiceUnavailable.
    """

    def __init__(self) -> None:
        self._client = self._cluster = None
        try:
            self._calls = _librdkafka()
        except (OSError, AttributeError) as error:
            raise _does_not_start(str(error)) from None
        reason = ctypes.create_string_buffer(512)
        settings = self._calls.rd_kafka_conf_new()
        self._calls.rd_kafka_conf_set(settings, b"log_level", b"0", reason, len(reason))
        self._client = self._calls.rd_kafka_new(_PRODUCER, settings, reason, len(reason))
        if not self._client:
            raise _does_not_start(reason.value.decode(errors="replace"))
        self._cluster = self._calls.rd_kafka_mock_cluster_new(self._client, 1)
        if not self._cluster:
            self.close()
            raise _does_not_start("its cluster has no port")
        self.servers: str = self._calls.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def cut(self) -> None:
        """Break every connection there is to it."""
        if self._cluster:
            self._calls.rd_kafka_mock_broker_set_down(self._cluster, _BROKER)
            self._calls.rd_kafka_mock_broker_set_up(self._cluster, _BROKER)

    def refuse(self) -> None:
        """Break every connection, and refuse new ones, whoever asks, until `accept`."""
        if self._cluster:
            OUTAGES.add(self.servers)
            self._calls.rd_kafka_mock_broker_set_down(self._cluster, _BROKER)

    def accept(self) -> None:
        """Take connections again."""
        if self._cluster:
            self._calls.rd_kafka_mock_broker_set_up(self._cluster, _BROKER)
            OUTAGES.discard(self.servers)

    def emptied(self) -> bool:
        """It cannot be: topics cannot be deleted."""
        return False

    def close(self) -> None:
        """End it and its connections, with the client; a second call does nothing."""
        cluster, self._cluster = self._cluster, None
        if cluster:
            OUTAGES.discard(self.servers)
            self._calls.rd_kafka_mock_cluster_destroy(cluster)
        client, self._client = self._client, None
        if client:
            self._calls.rd_kafka_destroy(client)


def _librdkafka() -> Any:
    """The library that confluent-kafka is linked to, wherever its package keeps it. Raises: OSError, AttributeError."""
    library = ctypes.CDLL(cimpl.__file__)
    for name, (returns, takes) in _CALLS.items():
        call = getattr(library, name)
        call.restype, call.argtypes = returns, takes
    return library


def _does_not_start(why: str) -> ServiceUnavailable:
    return ServiceUnavailable(
        "the embedded Kafka does not start", known=why, fix="pip install --upgrade confluent-kafka"
    )


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
