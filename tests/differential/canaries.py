"""Planted wrong rules: each must change the history of a case, and so be found by comparing with Airflow.

A case on which the simulator agrees with Airflow tells a wrong rule by the difference between the simulator with it
and without it: no second comparison with Airflow is needed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from harness.scheduler.model import DagRun, TaskInstance
from tests.differential.agree import drawn
from tests.differential.case import Case
from tests.differential.compare import differences
from tests.differential.render.files import render
from tests.differential.simulator import simulated
from tests.differential.simulator_run import run_differences, simulated_run


@dataclass(frozen=True)
class Canary:
    """A wrong rule.

    Attributes:
        family: of rules it stands for.
        level: at which it must be found.
        patches: (module attribute, what is put in its place), the latter made from the right one.
    """

    family: str
    level: str
    patches: tuple[tuple[str, Callable[[Any], Any]], ...]

    @contextmanager
    def planted(self) -> Iterator[None]:
        """The simulator with the wrong rule."""
        from pkgutil import resolve_name

        with ExitStack() as stack:
            for name, wrong in self.patches:
                module, _, attribute = name.rpartition(".")
                right = getattr(resolve_name(module), attribute)
                stack.enter_context(patch(name, wrong(right)))
            yield


def found_at(canary: Canary, seed: int, count: int) -> int | None:
    """The number of the first case of the seed that tells the canary, None when none of ``count`` does."""
    for number in range(count):
        case = drawn(canary.level, seed, number)
        with tempfile.TemporaryDirectory(prefix="airflow-harness-canary-") as place:
            render(case, Path(place))
            if _tells(canary, case, Path(place)):
                return number
    return None


def _tells(canary: Canary, case: Case, folder: Path) -> bool:
    if canary.level == "scheduler":
        right = simulated(case, folder)
        with canary.planted():
            return bool(differences(simulated(case, folder), right))
    dag_id = case.dags[0].dag_id
    run = simulated_run(folder, dag_id, case.start)
    with canary.planted():
        return bool(run_differences(simulated_run(folder, dag_id, case.start), run))


def _field(name: str, value: Any) -> Callable[[Any], Any]:
    """A snapshot whose Dag, or tasks, have another value."""

    def wrong(right: Any) -> Any:
        return lambda *args, **more: replace(right(*args, **more), **{name: value})

    return wrong


def _order(right: Callable[[TaskInstance], Any]) -> Callable[[TaskInstance], Any]:
    return lambda ti: (0, *right(ti)[1:])


def _never(_: Any) -> Callable[..., bool]:
    return lambda *_args, **_more: False


def _starts(_: Any) -> Callable[..., bool]:
    return lambda run, *_args: bool(run.state == "queued")


def _backfills_start(right: Callable[..., bool]) -> Callable[..., bool]:
    return lambda run, active: right(run, 0 if run.backfill_id is not None else active)


def _forward(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda plans, now, _reverse: right(plans, now, False)


def _is_due(_: Any) -> Callable[..., bool]:
    return lambda calendar, _active, now: not calendar.paused and calendar.due is not None and calendar.due <= now


def _late(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: right(*args) + 60_000_000


def _nothing(_: Any) -> Callable[..., None]:
    return lambda *_args, **_more: None


def _an_hour_later(right: Callable[..., Any]) -> Callable[..., Any]:
    def wrong(*args: Any) -> tuple[int | None, str]:
        at, why = right(*args)
        return (None if at is None else at + 3_600_000_000), why

    return wrong


def _no_instances(_: Any) -> Callable[..., list[TaskInstance]]:
    return lambda *_args, **_more: []


def _all_leaves(_: Any) -> Callable[[DagRun], list[TaskInstance]]:
    return lambda run: list(run.task_instances.values())


TASK, DAG = "harness.bridge.snapshot._task", "harness.simulation.run_factory.snapshot"

CANARIES = (
    Canary("trigger rules", "run", ((TASK, _field("trigger_rule", "all_done")),)),
    Canary(
        "skips",
        "run",
        (
            ("harness.scheduler.dependencies.skips.skip_downstream", _no_instances),
            ("harness.scheduler.dependencies.skips._excludes", _never),
        ),
    ),
    Canary("retries", "run", ((TASK, _field("retries", 0)),)),
    Canary("mapping", "run", ((TASK, _field("map_dependencies", ())),)),
    Canary("setups", "run", ((TASK, _field("is_setup", False)),)),
    Canary("teardowns", "run", ((TASK, _field("is_teardown", False)),)),
    Canary("run state", "run", (("harness.scheduler.dag_runs.runs.tis_for_dagrun_state", _all_leaves),)),
    Canary("fail fast", "scheduler", (("harness.simulation.components.workers.fail_fast", _no_instances),)),
    Canary("retry delay", "scheduler", (("harness.simulation.components.workers.next_retry_at", _late),)),
    Canary("past dependencies", "scheduler", ((TASK, _field("depends_on_past", False)),)),
    Canary("pools", "scheduler", ((TASK, _field("pool_slots", 0)),)),
    Canary("executor slots", "scheduler", (("harness.scheduler.queueing._executor_obstacle", _nothing),)),
    Canary("stuck in queued", "scheduler", (("harness.simulation.components.launching.requeue_stuck", _never),)),
    Canary("deadlines met", "scheduler", (("harness.simulation.components.deadlines.meet", _no_instances),)),
    Canary("deadlines due", "scheduler", (("harness.simulation.components.deadlines.base_of", _an_hour_later),)),
    Canary("priorities", "scheduler", (("harness.scheduler.queueing.place_of", _order),)),
    Canary("max_active_tasks", "scheduler", ((DAG, _field("max_active_tasks", 99)),)),
    Canary("max_active_tis_per_dag", "scheduler", ((TASK, _field("max_active_tis_per_dag", None)),)),
    Canary(
        "max_active_runs",
        "scheduler",
        (
            ("harness.scheduler.dag_runs.runs.may_start", _starts),
            ("harness.simulation.calendar.needs_scheduled_run", _is_due),
        ),
    ),
    Canary("backfills' order", "scheduler", (("harness.simulation.components.backfills.in_order", _forward),)),
    Canary(
        "backfills' max_active_runs", "scheduler", (("harness.scheduler.dag_runs.runs.may_start", _backfills_start),)
    ),
    Canary(
        "backfills' reprocessing", "scheduler", (("harness.scheduler.dag_runs.backfill.no_create_reason", _nothing),)
    ),
    Canary("Dag-run creation", "scheduler", (("harness.simulation.calendar.needs_scheduled_run", _never),)),
    Canary("assets", "scheduler", (("harness.simulation.components.asset_runs.concerns", _never),)),
    Canary("dagrun_timeout", "scheduler", ((DAG, _field("dagrun_timeout", None)),)),
    Canary("consecutive failures", "scheduler", (("harness.simulation.calendar.fails_too_often", _never),)),
)
"""One for each family of rules."""
