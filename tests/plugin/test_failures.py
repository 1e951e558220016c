"""What a failing test shows: the run, the user's frames, errors in the house style, none of our frames."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import harness
from tests.plugin.conftest import Project

FAILING = """
import pytest


def test_passes_quietly(run_dag):
    assert run_dag("sales").state == "success"


def test_of_the_run(run_dag):
    result = run_dag("sales", params={"bad": True})
    assert result.state == "success"


def test_of_a_task(run_dag):
    assert run_dag("sales", params={"bad": True}).task("total").state == "success"


def test_of_a_list(run_dag):
    assert run_dag("sales", params={"bad": True}).failed_tasks == ()


def test_of_a_value(run_dag):
    assert run_dag("sales", params={"bad": True}).task("total").xcom() == 12


def test_of_a_dag_that_is_not_there(run_dag):
    run_dag("sale")


def test_of_a_file_that_does_not_import(run_dag):
    run_dag("broken")


def test_of_the_horizon(run_dag):
    run_dag("sales", params={"bad": False}, horizon=60)


def test_of_a_wrong_world(world):
    world.set_pool("etl", "many")
"""


def section(output: str, name: str) -> str:
    """The report of one failing test."""
    return output.partition(f"_ {name} _")[2].partition("\n____")[0].partition("\n=====")[0]


def test_reports(project: Project):
    project.write(dags__broken="import no_such_module\nfrom airflow.sdk import DAG\n", test_it=FAILING)
    result = project.pytest()
    result.assert_outcomes(passed=1, failed=8)
    output = result.stdout.str()
    assert str(Path(harness.__path__[0])) not in output
    assert "harness.errors." not in output
    assert "Full output truncated" not in output

    run = section(output, "test_of_the_run")
    assert "E       AssertionError: assert 'failed' == 'success'" in run
    assert "E         <run of sales at 2025-01-01T00:00:00Z: failed>" in run
    assert "E           total  failed  try 2  ValueError: a bad total  (" in run
    assert "sales.py:30)" in run
    assert "- Airflow run of sales -" in run
    assert "double[1]  success          try 1" in run
    assert 'raise ValueError("a bad total")' in run
    assert "RunResult(" not in run

    task = section(output, "test_of_a_task")
    assert "E         total  failed  try 2  ValueError: a bad total" in task
    assert 'E               raise ValueError("a bad total")' in task
    assert "E           total  failed" not in section(output, "test_passes_quietly")
    assert "total  failed  try 2" in section(output, "test_of_a_list")
    assert "total      failed           try 2  ValueError: a bad total" in section(output, "test_of_a_value")

    missing = section(output, "test_of_a_dag_that_is_not_there")
    assert '>       run_dag("sale")' in missing
    assert "E   dag-not-found: no Dag 'sale' in " in missing.replace("E       ", "E   ")
    assert "did you mean 'sales'?" in missing
    broken = section(output, "test_of_a_file_that_does_not_import")
    assert "import-error: broken.py does not import: ModuleNotFoundError" in broken
    assert 'broken.py", line 1, in <module>' in broken
    horizon = section(output, "test_of_the_horizon")
    assert "horizon-reached: the run of 'sales' had not ended at the horizon" in horizon
    assert "extract  running" in horizon
    assert "pool 'etl'" in section(output, "test_of_a_wrong_world")


DEBUGGED = """
def test_it(run_dag):
    from airflow.sdk import DAG, task

    with DAG("debugged", schedule=None) as dag:
        @task
        def stops():
            import time
            secret = 40
            time.sleep(60)
            breakpoint()
            return secret + 1

        stops()
    assert run_dag(dag).task("stops").xcom() == 43
"""


def debugged(project: Project, commands: bytes, *options: str) -> pytest.RunResult:
    project.write(test_it=DEBUGGED)
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--no-airflow-checks", *options)
    return project.pytester.run(*command, stdin=commands)


def test_breakpoints_in_task_code(project: Project):
    """The debugger talks to the terminal, captured or not, and can change what the task does."""
    result = debugged(project, b"p 'local', secret\nsecret = 42\nc\n")
    result.assert_outcomes(passed=1)
    assert "('local', 40)" in result.stdout.str()


def test_the_pdb_option_stops_in_the_test(project: Project):
    result = debugged(project, b"p 'local', secret\nc\np 'dag', dag.dag_id\nq\n", "--pdb", "-s")
    result.stdout.fnmatch_lines(["*('local', 40)*", "*entering PDB*", "*('dag', 'debugged')*"])
    result.assert_outcomes(failed=1)
