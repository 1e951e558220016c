import csv
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

pytestmark = pytest.mark.airflow_world("fixtures/month_end.yaml")

HEAVY = ["margins", "forecast", "valuation", "provisions"]


def began(result):
    """Minutes after its run's start at which each task began."""
    return {ti.task_id: (ti.start_date - result.start_date) / timedelta(minutes=1) for ti in result.task_instances}


@pytest.mark.parametrize("month", ["2025-02", "2025-03"])
def test_heavy_jobs_go_first_two_at_a_time_and_the_light_ones_wait(run_dag, world, month):
    world.set_executor(executors={"LocalExecutor": 32})
    result = run_dag("month_end", f"{month}-01T06:00Z")
    assert result.ok
    at = began(result)
    assert [at[name] for name in HEAVY] == [0, 0, 40, 40]
    assert {at[name] for name in at if name.startswith("ledger_")} == {80, 90}  # ten of them, then two
    assert at["close_books"] == 100


def test_finance_has_a_worker_of_its_own_or_waits_for_ever(run_dag, world):
    general = {"queues": ["default"], "concurrency": 8}
    world.set_executor(executors={"CeleryExecutor": 16}, workers={"general": general})
    closing = run_dag("month_end", "2025-02-01T06:00Z").task("close_books")
    assert (closing.state, closing.reason.split(": ")[-1]) == ("failed", "no worker serves queue 'finance'")
    finance = {"queues": ["finance"], "concurrency": 1}
    world.set_executor(executors={"CeleryExecutor": 16}, workers={"general": general, "finance": finance})
    assert run_dag("month_end", "2025-02-01T06:00Z").ok


def test_how_long_it_takes_on_each_executor_is_a_table_from_one_command():
    command = [
        *(Path(sys.executable).with_name("airflow-harness"), "simulate", "--no-code", "--dag", "month_end"),
        *("--world", "fixtures/month_end.yaml", "--since", "2025-02-01T06:00Z", "--until", "12h", "--format", "csv"),
        *("--vary", "executor=Sequential,Local(2),Celery(8),Kubernetes(20)"),
    ]
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert {row["executor"]: float(row["makespan_s"]) / 60 for row in csv.DictReader(table.splitlines())} == {
        "Sequential": 295,
        "Local(2)": 155,
        "Celery(8)": 130,  # ten are queued, eight run: two slots of the pool are held by what waits for the worker
        "Kubernetes(20)": 115,
    }
