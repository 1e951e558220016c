"""The topics of one connection, as a test or a run has them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import TimeoutError as NoAnswer  # another class than Python's own until 3.11
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from harness.errors import ServiceUnavailable
from harness.services.base import Address, Breakable, Lease
from harness.services.contents import Contents
from harness.services.kafka.broker import INTERNAL

ANSWER_S = 10.0
"""For how long an answer is waited for, by librdkafka's own clock, which is real."""

_READER = "airflow-harness"
"""The group that our own reading names; it takes part in none, and commits nothing."""


@dataclass(frozen=True)
class KafkaMessage:
    """What somebody wrote.

    Attributes:
        value: None of a tombstone.
        at: when, by the clock of who wrote it.
    """

    topic: str
    value: bytes | None
    key: bytes | None
    at: datetime
    partition: int
    offset: int

    @property
    def text(self) -> str:
        """The value as text."""
        return (self.value or b"").decode()

    def json(self) -> Any:
        """The value, read as JSON."""
        return json.loads(self.value or b"null")


class KafkaLease(Lease):
    """A Kafka.

    Args:
        servers: ``host:port``, several with commas between them.
        settings: of clients, as confluent-kafka has them, beside where the servers are.
        close: what to do with it at the end.
        broker: what can go down; None of one that is not of this process.
    Attributes:
        servers: as given.
    Raises: ServiceUnavailable: it does not answer.
    """

    def __init__(
        self,
        conn_id: str,
        servers: str,
        settings: Mapping[str, object],
        close: Callable[[], None] | None = None,
        broker: Breakable | None = None,
    ) -> None:
        self.conn_id, self.servers, self._close = conn_id, servers, close
        extra = json.dumps({"bootstrap.servers": servers, "group.id": "airflow", **settings})
        # Source: airflow/providers/apache/kafka/hooks/base.py `_build_config` (2.1): all of it is in the extra.
        self.address = Address({"conn_type": "kafka", "extra": extra}, tuple(servers.split(",")))
        self._producer = Producer(self._settings())
        self.breakable = broker
        self._waiting: list[tuple[str, bytes | str | None, bytes | str | None]] | None = None
        self._ended = False
        self._former = {(one.topic, one.partition): end for one, (_, end) in self._partitions()}

    @property
    def peer(self) -> str | None:
        """Where it answers; None of one that cannot go down."""
        return None if self.breakable is None else self.servers

    def refuse(self) -> None:
        """Be down until `accept`; what somebody writes meanwhile is there then, as from producers that try again."""
        super().refuse()
        self._waiting = self._waiting or []

    def accept(self) -> None:
        """Take connections again."""
        super().accept()
        waiting, self._waiting = self._waiting or [], None
        for message in waiting:
            self.produce(*message)

    def produce(self, topic: str, value: bytes | str | None, key: bytes | str | None = None) -> None:
        """Write a message, and wait until it is there. Raises: ServiceUnavailable."""
        if self._waiting is not None:
            self._waiting.append((topic, value, key))
            return
        failed: list[Any] = []
        self._producer.produce(topic, value=value, key=key, on_delivery=lambda error, _: failed.append(error))
        self._producer.flush(ANSWER_S)
        if failed != [None]:
            raise self._refused(failed[0] if failed else f"no answer in {ANSWER_S:g} s")

    def arrives(self, topic: str, value: bytes | str, at: object, key: bytes | str | None = None) -> None:
        """Have somebody else write a message at an instant of each simulation: ``arrives("orders", "7", at="+3h")``.

        Args:
            at: as in `harness.world.World.at`.
        Raises: WorldError: no instant.
        """

        def arrive() -> None:
            self.produce(topic, value, key)

        arrive.__qualname__ = f"a message of {topic} arrives"
        self.planned(at, arrive)

    def happen(self, event: Any) -> None:
        """A message arrives."""
        self.produce(event.topic, event.value if event.file is None else Path(event.file).read_bytes(), event.key)

    def topics(self) -> list[str]:
        """Their names, sorted."""
        return sorted({topic.topic for topic, _ in self._partitions()})

    def messages(self, topic: str) -> list[KafkaMessage]:
        """What was written to a topic since the lease began, in the order of time, then partition and offset."""
        found = [message for message in self._read() if message.topic == topic]
        return sorted(found, key=lambda one: (one.at, one.partition, one.offset))

    def create(self, topic: str) -> None:
        """Have a topic be there. Raises: ServiceUnavailable."""
        deadline_s = time.monotonic() + ANSWER_S
        admin = AdminClient(self._settings())
        while (error := self._producer.list_topics(topic, timeout=ANSWER_S).topics[topic].error) is not None:
            if time.monotonic() > deadline_s:
                raise self._refused(error)
            with suppress(KafkaException, NoAnswer):  # most make one when it is first asked for: then it is there
                admin.create_topics([NewTopic(topic)])[topic].result(ANSWER_S)

    def snapshot(self) -> Contents:
        """Every topic's messages since the lease began, with a digest of what is in them."""
        parts: dict[str, dict[Hashable, Hashable]] = {topic: {} for topic in self.topics()}
        for one in self._read():
            digest = hashlib.sha256(repr((one.key, one.value)).encode()).hexdigest()
            parts[one.topic][one.partition, one.offset] = digest
        return Contents("topic", "message", parts)

    def end(self) -> None:
        """Close it; a second call does nothing. What was written to servers of the user's stays."""
        if not self._ended:
            self._ended = True
            self._producer.flush(0)
            if self._close is not None:
                self._close()

    def _settings(self) -> dict[str, Any]:
        return {"bootstrap.servers": self.servers, "log_level": 0}

    def _read(self) -> Iterator[KafkaMessage]:
        """All messages from the lease's beginning until now, in no order across partitions.

        Whoever writes meanwhile, as another process may, is not waited for: a partition ends where its
        first message found its end.
        """
        begins, ends, seen = list[Any](), dict[tuple[str, int], int](), set[tuple[str, int]]()
        for part, (begin, end) in self._partitions():
            begin = max(begin, self._former.get((part.topic, part.partition), 0))
            if begin < end:
                begins.append(TopicPartition(part.topic, part.partition, begin))
                ends[part.topic, part.partition] = end
        own = {"group.id": _READER, "enable.auto.commit": False, "enable.partition.eof": True, "fetch.wait.max.ms": 20}
        reader = Consumer({**self._settings(), **own})
        try:
            reader.assign(begins)
            while ends:
                message = reader.poll(ANSWER_S)
                if message is None:
                    raise self._refused(f"no message in {ANSWER_S:g} s")
                place, error = (message.topic(), message.partition()), message.error()
                if error is not None and error.code() != KafkaError._PARTITION_EOF:
                    raise self._refused(error)
                if error is not None:  # not at the last offset: it need not be a message's, transactions end with marks
                    if message.offset() >= ends.get(place, 0):
                        ends.pop(place, None)
                    continue
                if place not in ends:  # written meanwhile
                    continue
                if place not in seen:  # a fetch knows the end; the list of ends counts batches with some brokers
                    seen.add(place)
                    known = reader.get_watermark_offsets(TopicPartition(*place), cached=True)
                    ends[place] = max(ends[place], known[1])
                end = ends[place]
                if message.offset() >= end - 1:
                    ends.pop(place, None)
                if message.offset() >= end:
                    continue
                at = datetime.fromtimestamp(message.timestamp()[1] / 1000, timezone.utc)
                yield KafkaMessage(place[0], message.value(), message.key(), at, place[1], message.offset())
        finally:
            reader.close()

    def _partitions(self) -> list[tuple[Any, tuple[int, int]]]:
        """Each partition, and where its messages begin and end. Raises: ServiceUnavailable."""
        reader = Consumer({**self._settings(), "group.id": _READER})
        try:
            topics = reader.list_topics(timeout=ANSWER_S).topics
            parts = [
                TopicPartition(name, number)
                for name, topic in topics.items()
                if name not in INTERNAL
                for number in topic.partitions
            ]
            return [(part, reader.get_watermark_offsets(part, timeout=ANSWER_S)) for part in parts]
        except KafkaException as error:
            raise self._refused(error.args[0]) from None
        finally:
            reader.close()

    def _refused(self, reason: object) -> ServiceUnavailable:
        fact = f"connection {self.conn_id!r}: the Kafka at {self.servers} refuses: {reason}"
        return ServiceUnavailable(fact, fix="start it, or correct its address")

    def __repr__(self) -> str:
        return f"<Kafka at {self.servers}>"
