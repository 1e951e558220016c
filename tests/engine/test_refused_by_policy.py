"""Cluster policies that refuse Dags: told at the Dag's line, and no reason for the gate not to begin."""

import pytest

TEXT = """
from airflow.sdk import DAG, task

with DAG("refused", schedule=None):
    task(lambda: 1, task_id="t")()
"""


@pytest.fixture
def _policy(monkeypatch):
    from airflow import settings
    from airflow.exceptions import AirflowClusterPolicyViolation

    def refuse(dag):
        raise AirflowClusterPolicyViolation(f"{dag.dag_id} has no owner")

    monkeypatch.setattr(settings, "dag_policy", refuse)


@pytest.mark.usefixtures("_policy")
def test_a_dag_that_a_policy_refuses_is_told_at_its_line(tmp_path):
    from harness.bridge.loader import Folder, load_file

    (tmp_path / "d.py").write_text(TEXT)
    folder = Folder()
    load_file(tmp_path / "d.py", tmp_path, folder)
    (failure,) = folder.failures
    assert (failure.line, failure.message) == (4, "AirflowClusterPolicyViolation: refused has no owner")


@pytest.mark.usefixtures("_policy")
def test_a_policy_that_refuses_all_dags_refuses_not_the_gate(tmp_path, monkeypatch):
    from harness.checks.context import CheckSelection, Declared
    from harness.gate.preload import preload

    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    preload(Declared(), CheckSelection({}))
    assert list(tmp_path.glob("sample.py")) == [], "it has gone through its sample"
