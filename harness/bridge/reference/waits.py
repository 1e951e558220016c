"""Waits of task code and of ``dag.test()`` under the oracle's clock: they move it instead of taking time."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace, TracebackType
from typing import Any
from unittest.mock import patch

from airflow.sdk.bases import sensor
from airflow.sdk.execution_time import timeout as timeouts

from harness.bridge.reference.clock import UTC, VirtualClock
from harness.bridge.reference.named import named

DAG_TEST = "airflow.sdk.definitions.dag"


class NothingDue(Exception):
    """``dag.test()`` waits, and no date will let it go on."""


class VirtualSleeps:
    """Sleeps that move a clock.

    Args:
        next_date: when something that ``dag.test()`` waits for is due; None when nothing is.
    """

    def __init__(self, clock: VirtualClock, next_date: Callable[[], dt.datetime | None]) -> None:
        self.clock, self.next_date = clock, next_date
        self.really = time.sleep
        self.thread = threading.current_thread()
        self.deadlines: list[tuple[dt.datetime, str]] = []
        self.readings = 0

    def sleep(self, seconds: float) -> None:
        """In place of ``time.sleep``; the standard library's own polling, and threads, wait for real."""
        caller = str(sys._getframe(1).f_globals.get("__name__"))
        if caller.partition(".")[0] in sys.stdlib_module_names or threading.current_thread() is not self.thread:
            self.really(seconds)
        elif caller == DAG_TEST:
            due = self.next_date()
            if due is None:
                raise NothingDue
            self.clock.arrive(max(due.astimezone(UTC), self.clock.now))
        else:
            self._hold(seconds)

    async def asleep(self, delay: float, result: Any = None) -> Any:
        """In place of ``asyncio.sleep``; triggers of ``dag.test()`` have the process to themselves."""
        self._hold(delay)
        return result

    def monotonic(self) -> float:
        """In place of ``time.monotonic`` for sensors, which ask whether more than their timeout has passed: a
        microsecond passes between any two questions.
        """
        self.readings += 1
        return self.clock.now.timestamp() + self.readings * 1e-6

    def _hold(self, seconds: float) -> None:
        until = self.clock.now + dt.timedelta(seconds=max(seconds, 0))
        struck = min((one for one in self.deadlines if one[0] < until), default=None)
        self.clock.arrive(until if struck is None else max(struck[0], self.clock.now))
        if struck is not None:
            raise named("AirflowTaskTimeout")(struck[1])

    @contextmanager
    def patched(self) -> Iterator[None]:
        """Put these in place, before Dag files are parsed: they may import names."""
        sensor_time = SimpleNamespace(**{**vars(time), "monotonic": self.monotonic, "sleep": self.sleep})
        with (
            patch.object(time, "sleep", self.sleep),
            patch.object(asyncio, "sleep", self.asleep),
            patch.object(sensor, "time", sensor_time),
            patch.object(timeouts, "timeout", self.deadline),
        ):
            yield

    def deadline(self, seconds: float = 1, error_message: str = "Timeout") -> BlockTimeout:
        """In place of the task runner's ``timeout``, which asks the machine for an alarm."""
        return BlockTimeout(self, seconds, error_message)


class BlockTimeout:
    """A block that may only hold for so long."""

    def __init__(self, waits: VirtualSleeps, seconds: float, message: str) -> None:
        self.waits, self.seconds, self.message = waits, seconds, message

    def __enter__(self) -> BlockTimeout:
        self.mine = (self.waits.clock.now + dt.timedelta(seconds=self.seconds), self.message)
        self.waits.deadlines.append(self.mine)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.waits.deadlines.remove(self.mine)
