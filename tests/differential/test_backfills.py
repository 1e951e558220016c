"""Backfills here and as Airflow's own ``_create_backfill`` and scheduler have them go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.project.installed import airflow_version
from tests.differential.agree import disagreements, drawn, told
from tests.differential.case import Act, BackfillCase, Case, DagCase, TaskCase
from tests.differential.oracle.client import Oracle
from tests.differential.smaller import smaller

LONG = (Act(duration_s=600),)


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with Oracle() as one:
        yield one


def instant(day: int, hour: int = 0, minute: int = 0) -> str:
    return f"2025-01-{day:02}T{hour:02}:{minute:02}:00+00:00"


def dag(dag_id: str, *tasks: TaskCase, **options: object) -> DagCase:
    kept = {"schedule": "@hourly", "start_date": instant(10), "catchup": False}
    return DagCase(dag_id, tasks or (TaskCase("t0", acts=LONG),), **{**kept, **options})  # type: ignore[arg-type]


def agreed(oracle: Oracle, *dags: DagCase, asked: tuple[BackfillCase, ...], hours: int = 3) -> None:
    case = Case(dags, instant(10), instant(10, hours), backfills=asked)
    found = disagreements("scheduler", case, oracle)
    assert not found, told("scheduler", case, found)


def yesterday(hours: int, **options: object) -> BackfillCase:
    return BackfillCase(instant(10, 0, 15), "d0", instant(9), instant(9, hours - 1), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("reverse", [False, True])
def test_the_twenty_first_run_waits_for_one_of_the_first_twenty(oracle: Oracle, reverse: bool) -> None:
    agreed(oracle, dag("d0"), asked=(yesterday(24, max_active_runs=30, reverse=reverse),))


def test_a_backfill_starves_where_twenty_other_runs_are_running(oracle: Oracle) -> None:
    busy = dag("d1", start_date=instant(9, 1), catchup=True, max_active_runs=30)
    agreed(oracle, dag("d0"), busy, asked=(yesterday(3),))


@pytest.mark.parametrize("latest", [True, False])
def test_mapped_tasks_of_a_run_that_is_cleared(oracle: Oracle, latest: bool) -> None:
    after_removed = (TaskCase("after", upstream=("empty",)),)  # 3.1 and 3.2: docs/fidelity.md, Versions
    tasks = (
        TaskCase("listed", acts=(Act(returns=2), Act(returns=1))),
        TaskCase("empty", mapped_over=0),
        *(after_removed if airflow_version() >= (3, 3) else ()),
        TaskCase("each", mapped_over="listed", acts=(Act(state="failed"),)),
        TaskCase("pair", mapped_over=2),
    )
    asked = replace(yesterday(1), reprocess="completed", run_on_latest_version=latest)
    again = replace(asked, at=instant(10, 1, 20))
    agreed(oracle, dag("d0", *tasks), asked=(asked, again), hours=2)


def test_catchup_goes_on_behind_a_backfill(oracle: Oracle) -> None:
    slow = dag("d0", start_date=instant(9), catchup=True, max_active_runs=1)
    asked = BackfillCase(instant(10, 0, 15), "d0", instant(9, 20), instant(9, 22), max_active_runs=2)
    agreed(oracle, slow, asked=(asked,))


@pytest.mark.parametrize("schedule", ["@hourly", "every:3600", "30 * * * *", "@once", None])
def test_dates_of_schedules(oracle: Oracle, schedule: str | None) -> None:
    asked = BackfillCase(instant(10, 1), "d0", instant(9, 19, 30), instant(10, 2), max_active_runs=4)
    agreed(oracle, dag("d0", schedule=schedule, catchup=True), asked=(asked,))


@pytest.mark.parametrize("number", [2, 4, 6])
def test_generated_ones(oracle: Oracle, number: int) -> None:
    case = drawn("scheduler", 3, number)
    assert case.backfills
    found = disagreements("scheduler", case, oracle)
    assert not found, told("scheduler", case, found)


def test_cases_are_cut_down_to_fewer_backfills() -> None:
    case = drawn("scheduler", 3, 2)
    assert len(case.backfills) == 2
    assert {len(one.backfills) for one in smaller(case)} >= {1, 2}
    assert "BackfillCase(at=" in told("scheduler", case, [])
