"""Settings and notes of a project are the same to every command, and what is wrong with them is one error."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from harness.project.installed import airflow_version
from tests.cli.project import Project

pytestmark = pytest.mark.gate  # whole processes

DAG = """
from airflow.sdk import DAG, task

with DAG("{dag_id}", schedule="@daily"):
    for number in range(3):
        task(lambda: __import__("time").sleep(60), task_id=f"t{{number}}")()
"""
TEST = """
def test_it(run_dag):
    assert run_dag("a").state == "success"
"""


@pytest.fixture
def alone(tmp_path):
    """A project of a test's own."""
    return Project(tmp_path)


def test_local_settings_that_raise_are_one_error_with_their_line(alone):
    alone.write("dags/a.py", DAG.format(dag_id="a"))
    alone.write("config/airflow_local_settings.py", "# policies\nimport nowhere_at_all\n")
    alone.write("test_it.py", TEST)
    simulated = ("simulate", "--since", "2025-01-01", "--until", "1d")
    waiting = [alone.ask(*command) for command in (("check", "--no-cache"), ("run", "a"), simulated)]
    for answer in (one.result() for one in waiting):
        assert answer.code == 3, answer
        fact = "airflow_local_settings.py raises ModuleNotFoundError: No module named 'nowhere_at_all'"
        assert answer.err.startswith(f"airflow-unusable: {fact}")
        assert "where   config/airflow_local_settings.py:2" in answer.err
        assert "_load_unlocked" not in answer.err
    told = alone.pytest("-q", "--no-airflow-checks", "test_it.py")
    assert "airflow-unusable: airflow_local_settings.py raises ModuleNotFoundError" in told.out
    assert "contextlib" not in told.out


def test_an_airflow_that_the_locale_keeps_from_importing_is_one_error(alone):
    alone.write("dags/a.py", DAG.format(dag_id="a"))
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    simulated = ("simulate", "--since", "2025-01-01", "--until", "1d")
    commands = (("check", "--no-cache"), ("run", "a"), ("verify", "a"), simulated)
    waiting = [alone.ask(*command, **ascii_only) for command in commands]
    program = [sys.executable, "-c", "import airflow.sdk, airflow.settings"]
    imports = subprocess.run(program, env={**os.environ, **ascii_only}, capture_output=True).returncode == 0
    assert imports == (airflow_version() < (3, 3))  # which read the description of their settings as UTF-8
    for answer in (one.result() for one in waiting):
        if imports:
            assert answer.code == 0, answer
            continue
        assert answer.code == 3, answer
        assert "airflow-unusable: Airflow does not import here" in answer.err
        assert "why     UnicodeDecodeError: 'ascii' codec" in answer.err
        assert "fix     use a locale of UTF-8: export LC_ALL=C.UTF-8" in answer.err


def test_what_runs_at_once_is_the_projects(alone):
    alone.write("dags/a.py", DAG.format(dag_id="a"))
    alone.write(".env", "AIRFLOW__CORE__PARALLELISM=1\n")
    answer = alone("run", "a", "--logical-date", "2025-01-01", "--json")
    assert answer.code == 0, answer.err
    starts = {ti["start_date"] for ti in json.loads(answer.out)["task_instances"]}
    assert len(starts) == 3, starts


def test_several_projects_have_each_its_settings_or_are_refused(alone):
    for name in ("one", "two"):
        alone.write(f"{name}/.env", f"TEAM={name}\n")
        asserted = f"import os\nassert os.environ['TEAM'] == '{name}'\n"
        alone.write(f"{name}/dags/{name}.py", DAG.format(dag_id=name) + asserted)
    checked = alone.ask("check", "one/dags", "two/dags", "--no-cache", "--select", "import-error")
    ran = alone("run", "one", "--dags", "one/dags", "--dags", "two/dags")
    assert checked.result().code == 0, checked.result()
    assert ran.code == 2
    assert ran.err.startswith("usage: two is another project than one")


def test_what_was_left_out_is_told_by_all(alone):
    alone.write("pyproject.toml", "")
    alone.write("dags/a.py", DAG.format(dag_id="a"))
    alone.write("old/dags/b.py", DAG.format(dag_id="b"))
    said = "looked at dags/ only, as the project has it; Dag files lie in old/dags/ too"
    asked = (("run", "a"), ("simulate", "--since", "2025-01-01", "--until", "1d"), ("init",), ("check",))
    waiting = [alone.ask(*command, *(["--dags"] if command[0] != "check" else []), ".") for command in asked]
    for answer in waiting:
        assert said in answer.result().out, answer.result()
