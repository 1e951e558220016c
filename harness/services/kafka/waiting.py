"""Consumers of tasks wait for messages in virtual time: what librdkafka waits by is the machine's clock, in C.

A consumer that has read everything lets virtual time pass; one that has not waits, in real time, for what it is sent.
So a message is seen at the same virtual instant in every run, however long the broker takes to deliver it. While its
broker is down, it has nothing to read.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from harness.kernel.present import active, pause
from harness.services.kafka.outages import are_down, servers_of
from harness.services.kafka.producing import DELIVERY_S, STEP_S, RealProducer, WaitingProducer

JOIN_SLICE_S, JOIN_SLICES = 0.05, 200
"""Of real time: for how long a group lets somebody join."""

COORDINATOR_S = 60.0
"""Of virtual time: for how long a commit waits for a group's broker. Source: librdkafka's ``socket.timeout.ms``."""

_Real: Any = confluent_kafka.Consumer


class WaitingConsumer(_Real):  # type: ignore[misc]
    """confluent-kafka's, which waits in virtual time where a simulation runs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        given: Mapping[str, Any] = {**(args[0] if args and isinstance(args[0], Mapping) else {}), **kwargs}
        self._servers = servers_of(given)
        # Asked by a connection of its own: on this one's, an answer comes after that of a fetch, which takes its time.
        self._asked = _Real({key: value for key, value in given.items() if not callable(value)})
        self._from_the_first = given.get("auto.offset.reset") in ("earliest", "smallest", "beginning")
        self._begins: dict[tuple[str, int], int] = {}
        self._nobody_lets_it_in = False

    def poll(self, timeout: float = -1.0) -> Any:
        """The next message, None when there is none in time."""
        if active() is None:
            return super().poll(timeout)
        found = self._within(timeout, 1)
        return found[0] if found else None

    def consume(self, num_messages: int = 1, timeout: float = -1.0) -> list[Any]:
        """So many messages, fewer when there are no more in time."""
        if active() is None:
            real: list[Any] = super().consume(num_messages, timeout)
            return real
        return self._within(timeout, num_messages)

    def commit(self, *args: Any, **kwargs: Any) -> Any:
        """Tell the group how far it has read. Raises: KafkaException: the broker is down for too long."""
        waited_s = 0.0
        while active() is not None and are_down(self._servers) and kwargs.get("asynchronous") is False:
            if waited_s >= COORDINATOR_S:
                raise KafkaException(KafkaError(KafkaError._WAIT_COORD))
            if not pause(STEP_S, "a broker that is down"):
                break
            waited_s += STEP_S
        return super().commit(*args, **kwargs)

    def close(self) -> None:
        """Leave the group."""
        self._asked.close()
        super().close()

    def _within(self, timeout_s: float, wanted: int) -> list[Any]:
        left_s = float("inf") if timeout_s < 0 else timeout_s
        found = self._joined()
        while True:
            while len(found) < wanted and (message := self._next()) is not None:
                found.append(message)
            if len(found) >= wanted or left_s <= 0:
                return found
            step_s = min(left_s, STEP_S)
            if not pause(step_s, f"a message, {step_s:g} s"):  # not a task's: its time is real
                found += super().consume(wanted - len(found), left_s if left_s < float("inf") else -1)
                return found
            left_s -= step_s

    def _joined(self) -> list[Any]:
        """Wait until there are partitions to read; what comes meanwhile. Of a topic that is not there are none."""
        for _ in range(0 if self._nobody_lets_it_in or are_down(self._servers) else JOIN_SLICES):
            if self.assignment():
                return []
            message = super().poll(JOIN_SLICE_S)
            if message is not None:
                return [message]
        self._nobody_lets_it_in = not self.assignment() and not are_down(self._servers)
        return []

    def _next(self) -> Any:
        """A message that is there, None where all are read."""
        message = super().poll(0)
        if message is not None or are_down(self._servers):
            return message
        return super().poll(DELIVERY_S) if self._is_behind() else None

    def _is_behind(self) -> bool:
        """Whether somebody wrote what this one has not read."""
        try:
            for part in self.position(self.assignment()):
                first, end = self._asked.get_watermark_offsets(_place(part), timeout=DELIVERY_S)
                if (part.offset if part.offset >= 0 else self._begin(part, first, end)) < end:
                    return True
        except KafkaException:  # of a broker that is down: the consumer itself says so
            return False
        return False

    def _begin(self, part: Any, first: int, end: int) -> int:
        """Where one begins to read what is not read yet: as its group left it, or by its settings."""
        key = (part.topic, part.partition)
        if key not in self._begins:
            (left,) = self.committed([_place(part)], timeout=DELIVERY_S)
            self._begins[key] = left.offset if left.offset >= 0 else first if self._from_the_first else end
        return self._begins[key]


def _place(part: Any) -> Any:
    return TopicPartition(part.topic, part.partition)


@contextmanager
def waiting_in_virtual_time() -> Iterator[None]:
    """In the block, confluent-kafka's clients are those that wait in virtual time; also where modules imported them."""
    _put("Consumer", _Real, WaitingConsumer)
    _put("Producer", RealProducer, WaitingProducer)
    try:
        yield
    finally:
        _put("Consumer", WaitingConsumer, _Real)
        _put("Producer", WaitingProducer, RealProducer)


def _put(name: str, there: type, instead: type) -> None:
    for module in list(sys.modules.values()):
        if module is not None and module.__name__ != __name__ and vars(module).get(name) is there:
            vars(module)[name] = instead
