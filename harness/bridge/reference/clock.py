"""The oracle's virtual clock: whole instants for the case, a few microseconds more for Airflow.

Airflow asks whether a retry or a timeout lies strictly in the past; its real loop always looks a little later. So the
n-th instant is shown to Airflow n microseconds late: what was stamped at an earlier instant is strictly past when it
is due, the scheduler needs to look once only, and an instant cut to its second is the case's own.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import time_machine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import now as sql_now

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
