"""Producers of tasks wait in virtual time for a broker that is down: what librdkafka waits by is the machine's clock.

A broker that is up has what is sent in no virtual time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError

from harness.kernel.present import active, pause
from harness.services.kafka.outages import are_down, servers_of

STEP_S = 1.0
"""Of virtual time, after which one looks again whether the broker is up."""

DELIVERY_S = 10.0
"""Of real time: for how long a broker that is up again is waited for."""

_LIMITS = ("message.timeout.ms", "delivery.timeout.ms")
"""For how long a message is tried, by its two names; 5 minutes by default, 0: for ever."""

_PURGED = (KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT)
_ON_DELIVERY = 4
"""Place of ``on_delivery`` in a call of ``produce``."""
_OF_ALL = ("on_delivery", "dr_cb")
"""Settings that name who is told of each message."""

RealProducer: Any = confluent_kafka.Producer


class WaitingProducer(RealProducer):  # type: ignore[misc]
    """confluent-kafka's, which waits in virtual time where a simulation runs and its broker is down."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given: Mapping[str, Any] = {**(args[0] if args and isinstance(args[0], Mapping) else {}), **kwargs}
        told = {name: self._telling(given[name]) for name in _OF_ALL if callable(given.get(name))}
        super().__init__(*args, **{**kwargs, **told})
        self._servers = servers_of(given)
        limit_ms = next((float(given[name]) for name in _LIMITS if name in given), 300_000)
        self._limit_s = limit_ms / 1000 or float("inf")
        self._gave_up = False

    def produce(self, topic: str, *args: Any, **kwargs: Any) -> None:
        """Send a message; who is to be told of it is, also where its time was over in virtual time."""
        given = list(args)
        if len(given) >= _ON_DELIVERY and given[_ON_DELIVERY - 1] is not None:
            given[_ON_DELIVERY - 1] = self._telling(given[_ON_DELIVERY - 1])
        for name in ("on_delivery", "callback"):
            if kwargs.get(name) is not None:
                kwargs[name] = self._telling(kwargs[name])
        super().produce(topic, *given, **kwargs)

    def poll(self, timeout: float = -1.0) -> int:
        """Have callbacks called. While the broker is down, there is nothing to wait for but its time."""
        left_s = _limit_s(timeout)
        waited_s = self._outlast(left_s)
        if waited_s:  # of what is sent now that it is up again, its clients hear in real time
            timeout = min(left_s - waited_s, DELIVERY_S) if len(self) and not are_down(self._servers) else 0
        called: int = super().poll(timeout)
        return called

    def flush(self, timeout: float = -1.0) -> int:
        """Wait until all is delivered, or its time is over. Returns: how many messages are not."""
        left_s = _limit_s(timeout)
        waited_s = self._outlast(left_s) if len(self) else 0.0
        if waited_s and are_down(self._servers):
            timeout = 0
        elif waited_s:  # that it is up again its clients find out in real time
            timeout = DELIVERY_S if left_s < float("inf") else -1
        left: int = super().flush(timeout)
        return left

    def _outlast(self, left_s: float) -> float:
        """Wait in virtual time until the broker is up, or the time of the messages is over. Returns: for how long."""
        waited_s = 0.0
        while active() is not None and are_down(self._servers) and waited_s < left_s:
            if len(self) and waited_s >= self._limit_s:
                self._give_up()
                break
            step_s = min(STEP_S, left_s - waited_s)
            if not pause(step_s, "a broker that is down"):  # not a task's: its time is real
                break
            waited_s += step_s
        return waited_s

    def _give_up(self) -> None:
        """As librdkafka gives up what it could not deliver for so long."""
        self._gave_up = True
        try:
            self.purge()
            super().flush(0)
        finally:
            self._gave_up = False

    def _telling(self, callback: Callable[[Any, Any], object]) -> Callable[[Any, Any], object]:
        def tell(error: Any, message: Any) -> object:
            if error is not None and self._gave_up and error.code() in _PURGED:
                error = KafkaError(KafkaError._MSG_TIMED_OUT)
            return callback(error, message)

        return tell


def _limit_s(timeout: float | None) -> float:
    return float("inf") if timeout is None or timeout < 0 else timeout
