"""Small cases in which a rule is easily got wrong: both sides come to the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.differential.agree import disagreements, told
from tests.differential.case import Act, Case, DagCase, GroupCase, TaskCase
from tests.differential.oracle.client import Oracle
from tests.differential.simulator_run import run_differences, simulated_run

FAIL, FAILED, SKIPPED, NOTHING = Act("fail"), Act("failed"), Act("skipped"), Act(follows=())


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with Oracle() as one:
        yield one


def of(*tasks: TaskCase, groups: tuple[GroupCase, ...] = (), **options: Any) -> Case:
    """One Dag, run once."""
    return Case(
        (DagCase("d0", tasks, groups, schedule="@once", **options),),
        "2025-01-01T00:00:00+00:00",
        "2025-01-03T00:00:00+00:00",
    )


RUNS = {
    "states travel down a chain before a retry is due": of(
        TaskCase("t0", acts=(FAIL,)),
        TaskCase("t1", upstream=("t0",)),
        TaskCase("t2", upstream=("t1",)),
        TaskCase("t3", upstream=("t2",)),
        TaskCase("t4", acts=(FAILED, SKIPPED), retries=1),
        TaskCase("t5", upstream=("t3", "t4")),
    ),
    "as_teardown of a mapped task does not fail the run": of(
        TaskCase("t0"),
        TaskCase("t1", "plain", ("t0",), acts=(FAIL,), mapped_over=1, is_teardown=True, on_failure_fail_dagrun=True),
    ),
    "what was scheduled before it was skipped runs": of(
        TaskCase("t0", "short_circuit", acts=(NOTHING,)),
        TaskCase("t1", "plain", ("t0",), "always"),
    ),
    "who runs first is skipped by who runs second": of(
        TaskCase("t0", "short_circuit", acts=(NOTHING,), weight_rule="absolute"),
        TaskCase("t1", "empty", ("t0",), "always"),
        *(
            TaskCase(f"t{n}", "plain", ("t1",), "always", acts=(FAILED, Act()), retries=1, priority_weight=n % 3)
            for n in range(2, 9)
        ),
    ),
    "fail_fast spares whose turn is still to come": of(
        TaskCase("t0", acts=(FAILED, Act()), retries=1),
        TaskCase("t1", acts=(FAIL,)),
        TaskCase("t2", acts=(FAILED, Act()), retries=1),
        fail_fast=True,
    ),
    "a deferred task ends before the next pass": of(
        TaskCase("t0", acts=(SKIPPED,)),
        TaskCase("t1", acts=(Act("failed", deferred_s=300),)),
        TaskCase("t2", upstream=("t0", "t1")),
    ),
    "tasks that take time hold up a retry": of(
        TaskCase("t0", acts=(FAILED, SKIPPED), retries=1, retry_delay_s=60),
        TaskCase("t1", acts=(Act(duration_s=300),)),
        TaskCase("t2", acts=(Act("failed", duration_s=30),), upstream=("t1",)),
        TaskCase("t3", upstream=("t0", "t2")),
        dagrun_timeout_s=60,
    ),
    "a mapped group sees in the same pass that what it maps over is skipped": of(
        TaskCase("t0", acts=(SKIPPED,)),
        TaskCase("t1", "plain", ("t0",), acts=(Act(returns=1),)),
        TaskCase("t2", "plain", ("t0",), "all_done", acts=(FAIL,)),
        TaskCase("m.t3", "plain", ("t2",), group="m"),
        groups=(GroupCase("m", "t1"),),
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_alone_ends_alike(oracle: Oracle, name: str) -> None:
    found = disagreements("run", RUNS[name], oracle)
    assert not found, told("run", RUNS[name], found)


SCHEDULES = {
    "instances of one pass are queued as their tasks are defined": of(
        TaskCase("t0", acts=(Act(returns=2),)),
        TaskCase("t2", acts=(Act(duration_s=60),), mapped_over="t0"),
        TaskCase("t1", acts=(Act(duration_s=60),), mapped_over="t0"),
        max_active_tasks=1,
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_goes_alike(oracle: Oracle, name: str) -> None:
    found = disagreements("scheduler", SCHEDULES[name], oracle)
    assert not found, told("scheduler", SCHEDULES[name], found)


POKES = """
from datetime import datetime, timezone

from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG, task

with DAG("d0", schedule="@once", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)):
    ended = task(lambda: datetime.now(timezone.utc).isoformat()[:16], task_id="ended", trigger_rule="all_done")()
    PythonSensor(task_id="poke", python_callable=lambda: False, poke_interval=60, timeout=120) >> ended
"""


def test_a_sensor_times_out_after_the_same_poke(oracle: Oracle, tmp_path: Path) -> None:
    (tmp_path / "d0.py").write_text(POKES)
    start = "2025-01-01T00:00:00+00:00"
    history = oracle.run(tmp_path, "d0", start)
    assert run_differences(simulated_run(tmp_path, "d0", start), history) == []
    assert history.xcoms["ended", -1, "return_value"] == "2025-01-01T00:02"
