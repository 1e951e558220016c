"""Local testing and simulation for Apache Airflow: real task code, Airflow's own task runner, virtual time.

Importing the package imports neither Airflow nor pytest. `harness.simulation.Rehearsal` runs Dags,
`harness.world.World` is what they run in, `explore` and `play` combine outcomes without task code,
`harness.strategies` is for Hypothesis; tests use the fixtures of `harness.pytest_plugin`; `check` makes a function a
check of the gate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.checks.own import check
    from harness.results.finding import Problem
    from harness.simulation.exploring import explore, play

__all__ = ["Problem", "check", "explore", "play"]

_ROOMS = {
    "Problem": "harness.results.finding",
    "check": "harness.checks.own",
    "explore": "harness.simulation.exploring",
    "play": "harness.simulation.exploring",
}


def __getattr__(name: str) -> Any:
    """What the package gives, imported when it is asked for."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_ROOMS[name]), name)
