"""What commands print for other programs keeps to the schemas of docs/schemas; runs and calendars: tests/engine."""

import json

from tests.repo.schemas import faults

BAD = """
from datetime import datetime

from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

for name in ("one", "two"):
    with DAG(name, schedule=None, start_date=datetime.now()):
        EmptyOperator(task_id="t", pool="nobody")
"""
OLD = """
from airflow.models import DAG
from airflow.providers.nowhere import Hook
from airflow.utils.dates import days_ago
"""


def test_documents_of_the_gate(project):
    project.write("pyproject.toml", "")
    project.write("dags/bad.py", BAD)
    project.write("dags/worse.py", "from airflow.sdk import DAG\n1 / 0\n")
    checked = project("check", "dags", "--format", "json")
    written = project("check", "dags", "--write-baseline")
    found = json.loads(checked.out)
    assert (checked.code, {one["severity"] for one in found["findings"]}) == (1, {"error", "warning"})
    assert faults("check", found) == []
    assert written.code == 0, written.err
    known = json.loads((project.folder / "airflow-harness-baseline.json").read_text())
    assert known["findings"]
    assert faults("baseline", known) == []


def test_a_document_of_what_is_left_of_airflow_2_and_one_of_an_error(project):
    project.write("old/dags/old.py", OLD)
    upgrade = project.ask("check", "old/dags", "--upgrade", "--format", "json")
    error = project.ask("run", "nobody", "--dags", "old/dags", "--json")
    told = json.loads(upgrade.result().out)
    assert {one["state"] for one in told["names"]} == {"gone", "old"}
    assert faults("upgrade", told) == []
    assert json.loads(error.result().out)["error"]["id"] == "dag-not-found"
    assert faults("error", json.loads(error.result().out)) == []
