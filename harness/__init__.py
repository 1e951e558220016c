"""Local testing and simulation for Apache Airflow: real task code, Airflow's own task runner, virtual time.

Importing the package imports neither Airflow nor pytest. `harness.session.Rehearsal` runs Dags, `harness.world.World`
is what they run in, `explore` and `play` combine outcomes without task code, `harness.strategies` is for Hypothesis;
tests use the fixtures of `harness.pytest_plugin`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.session.exploring import explore, play

__all__ = ["explore", "play"]


def __getattr__(name: str) -> Any:
    """`explore` and `play`, imported when they are asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from harness.session import exploring

    return getattr(exploring, name)
