"""Local testing and simulation for Apache Airflow: real task code, Airflow's own task runner, virtual time.

What is public stands here, in `harness.errors` (all exceptions) and in `harness.strategies` (for Hypothesis); tests use
the fixtures of the pytest plugin beside it. `Rehearsal` runs Dags in a `World`, `explore` and `play` combine outcomes
without task code, `check` makes a function a check of the gate; the rest is what these take and give. Importing the
package imports neither Airflow nor pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.checks.context import DagContext, FileContext
    from harness.checks.own import check
    from harness.errors import HarnessError
    from harness.exploration.outcomes import Scenario
    from harness.exploration.result import Conclusion, Exploration
    from harness.results.calendar import BackfillDate, BackfillResult, CalendarResult
    from harness.results.finding import Finding, Problem
    from harness.results.run import Attempt, DeadlineResult, Failure, RunResult, TaskResult
    from harness.results.world import Need
    from harness.simulation.exploring import explore, play
    from harness.simulation.options import Action, CalendarOptions, RunOptions
    from harness.simulation.rehearsal import Rehearsal
    from harness.world.file import load as load_world
    from harness.world.model import World

_PLACES = {
    "Action": "harness.simulation.options",
    "Attempt": "harness.results.run",
    "BackfillDate": "harness.results.calendar",
    "BackfillResult": "harness.results.calendar",
    "CalendarOptions": "harness.simulation.options",
    "CalendarResult": "harness.results.calendar",
    "Conclusion": "harness.exploration.result",
    "DagContext": "harness.checks.context",
    "DeadlineResult": "harness.results.run",
    "Exploration": "harness.exploration.result",
    "Failure": "harness.results.run",
    "FileContext": "harness.checks.context",
    "Finding": "harness.results.finding",
    "HarnessError": "harness.errors",
    "Need": "harness.results.run",
    "Problem": "harness.results.finding",
    "Rehearsal": "harness.simulation.rehearsal",
    "RunOptions": "harness.simulation.options",
    "RunResult": "harness.results.run",
    "Scenario": "harness.exploration.outcomes",
    "TaskResult": "harness.results.run",
    "World": "harness.world.model",
    "check": "harness.checks.own",
    "explore": "harness.simulation.exploring",
    "load_world": "harness.world.file:load",
    "play": "harness.simulation.exploring",
}

__all__ = [
    "Action",
    "Attempt",
    "BackfillDate",
    "BackfillResult",
    "CalendarOptions",
    "CalendarResult",
    "Conclusion",
    "DagContext",
    "DeadlineResult",
    "Exploration",
    "Failure",
    "FileContext",
    "Finding",
    "HarnessError",
    "Need",
    "Problem",
    "Rehearsal",
    "RunOptions",
    "RunResult",
    "Scenario",
    "TaskResult",
    "World",
    "check",
    "explore",
    "load_world",
    "play",
]


def __getattr__(name: str) -> object:
    """What the package gives, imported when it is asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, _, other = _PLACES[name].partition(":")
    found: object = getattr(import_module(module), other or name)
    return found


def __dir__() -> list[str]:
    """The public names."""
    return list(__all__)
