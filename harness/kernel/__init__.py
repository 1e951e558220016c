"""The discrete-event kernel: a clock, an ordered queue of events, processes that hold.

Vocabulary of SimPy (``now``, ``schedule``, ``hold``, ``step``, ``run_until``); processes are greenlets, so that
code never written for simulation can be parked inside ``time.sleep``. Nothing here knows of Airflow.
"""

from harness.kernel.instant import SECOND, Instant, Microseconds, iso, seconds, span, to_datetime, to_instant
from harness.kernel.process import CodeExit, Process, ProcessKilled, StrayExit
from harness.kernel.simulation import Event, Simulation, StuckClock

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
