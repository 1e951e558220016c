"""The discrete-event kernel: a clock, an ordered queue of events, processes that hold.

Vocabulary of SimPy (``now``, ``schedule``, ``hold``, ``step``, ``run_until``); processes are greenlets, so that
code never written for simulation can be parked inside ``time.sleep``. Nothing here knows of Airflow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from harness.kernel.instant import SECOND, Instant, Microseconds, iso, seconds, span, to_datetime, to_instant

if TYPE_CHECKING:
    from harness.kernel.process import CodeExit, Event, Process, ProcessKilled, StrayExit
    from harness.kernel.simulation import Simulation, StuckClock

_ROOMS = {
    **dict.fromkeys(("CodeExit", "Process", "ProcessKilled", "StrayExit"), "harness.kernel.process"),
    "Event": "harness.kernel.process",
    **dict.fromkeys(("Simulation", "StuckClock"), "harness.kernel.simulation"),
}

__all__ = [
    "SECOND",
    "CodeExit",
    "Event",
    "Instant",
    "Microseconds",
    "Process",
    "ProcessKilled",
    "Simulation",
    "StrayExit",
    "StuckClock",
    "iso",
    "seconds",
    "span",
    "to_datetime",
    "to_instant",
]


def __getattr__(name: str) -> Any:
    """What runs processes, imported when it is asked for: a world needs instants only."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)
