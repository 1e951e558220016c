"""Dags of projects as they are laid out: helper modules beside the Dag folder, plugins, a ``.env`` file."""

import json

import pytest

pytestmark = pytest.mark.programs

DAG = """
import os
from datetime import datetime, timezone

from airflow.sdk import DAG, task

from include.names import CITY
from doubling import double
from shared.words import WORD

REGION = os.environ["REGION"]

with DAG("laid_out", schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc), catchup=False):

    @task
    def says():
        from include.late import LATE  # as tasks import what is heavy

        return [double(CITY), WORD, LATE, REGION, os.environ["REGION"], os.environ["STAGE"]]

    says()
"""


TEST = """
import os

import pytest


@pytest.mark.parametrize(("stage", "told"), [(None, "dev"), ("mine", "mine")])
def test_it(run_dag, monkeypatch, stage, told):
    if stage is not None:
        monkeypatch.setenv("STAGE", stage)
    assert run_dag("laid_out").task("says").xcom()[3:] == ["north", "north", told]
    assert "REGION" not in os.environ
"""


@pytest.fixture
def laid_out(project):
    project.write("dags/laid_out.py", DAG)
    project.write("dags/shared/__init__.py", "")
    project.write("dags/shared/words.py", "WORD = 'rain'\n")
    project.write("include/names.py", "CITY = 'Oslo'\n")
    project.write("include/late.py", "LATE = 'late'\n")
    project.write("plugins/doubling.py", "def double(text):\n    return text * 2\n")
    project.write(".env", "# as production has it\nREGION=north\nSTAGE=dev\nAIRFLOW_VAR_SECRET=1\n")
    return project


def test_a_run_finds_what_surrounds_the_dag_folder(laid_out):
    answer = laid_out("run", "laid_out", "--json", STAGE="mine")
    assert answer.code == 0, answer.err
    (says,) = json.loads(answer.out)["task_instances"]
    assert says["xcoms"]["return_value"] == ["OsloOslo", "rain", "late", "north", "north", "mine"]


def test_so_does_pytest(laid_out):
    laid_out.write("test_it.py", TEST)
    laid_out.write("pyproject.toml", '[tool.airflow-harness]\ndags = ["dags"]\npytest-checks = false\n')
    done = laid_out.pytest("-q")
    assert done.code == 0, done.out


@pytest.mark.reference
def test_so_does_airflow_beside_it(laid_out):
    answer = laid_out("verify", "laid_out")
    assert answer.code == 0, answer.out + answer.err
    assert "laid_out alike" in answer.out
