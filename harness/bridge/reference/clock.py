"""The reference's virtual clock: whole instants for the case, a little more for Airflow; and waits that move it.

Airflow asks whether a retry or a timeout lies strictly in the past; its real loop always looks a little later. So the
n-th instant is shown to Airflow n microseconds late: what was stamped at an earlier instant is strictly past when it
is due, the scheduler needs to look once only, and an instant cut to its second is the case's own.

Waits of task code and of ``dag.test()`` move the clock instead of taking time.
"""

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

import time_machine
from airflow.sdk.bases import sensor
from airflow.sdk.execution_time import timeout as timeouts
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import now as sql_now

from harness.bridge.versions.names import task_exception

UTC = dt.timezone.utc
MAX_INSTANTS = 900_000
SQL_NAME = "oracle_now"


class VirtualClock:
    """Time stands still until `arrive`; every Python clock of the process and SQL's ``now()`` show it.

    Until the first `arrive` the start is shown as it is, for what is done before the scheduler begins.
    """

    def __init__(self, start: dt.datetime) -> None:
        self.now = start.astimezone(UTC)
        self._instants = 0
        self._travel = time_machine.travel(self._shown(), tick=False)

    def __enter__(self) -> VirtualClock:
        self._coordinates = self._travel.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._travel.stop()

    def _shown(self) -> dt.datetime:
        return self.now + dt.timedelta(microseconds=self._instants)

    def arrive(self, instant: dt.datetime) -> None:
        """Go on to the next instant of the case."""
        if instant < self.now:
            raise ValueError(f"the clock stands at {self.now.isoformat()}, it cannot go to {instant.isoformat()}")
        self.now = instant.astimezone(UTC)
        self._instants += 1
        if self._instants > MAX_INSTANTS:
            raise RuntimeError(f"more than {MAX_INSTANTS} instants: the case does not come to an end")
        self._coordinates.move_to(self._shown())


def instant_of(stamp: dt.datetime) -> dt.datetime:
    """The case's instant of something Airflow stamped, or computed from a stamp: cases know whole seconds only."""
    return stamp.astimezone(UTC).replace(microsecond=0)


def iso(instant: dt.datetime) -> str:
    """The instant in UTC as ISO 8601, seconds without a fraction when there is none."""
    return instant.astimezone(UTC).isoformat()


@compiles(sql_now, "sqlite")
def _now(_element: Any, _compiler: Any, **_options: Any) -> str:
    """``func.now()`` is ``CURRENT_TIMESTAMP`` in SQLite: the machine's own clock, cut to seconds."""
    return f"{SQL_NAME}()"


def register_sql_now(connection: Any) -> None:
    """Give a new SQLite connection the function that `func.now()` is compiled to."""
    connection.create_function(SQL_NAME, 0, lambda: dt.datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"))


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
            raise task_exception("AirflowTaskTimeout")(struck[1])

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
