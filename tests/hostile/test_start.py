"""A gate that cannot begin says so, and never that all is well."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import AirflowUnusable, WorkerLost
from tests.hostile.cases import gate
from tests.hostile.made import DAG


@pytest.fixture
def project(tmp_path):
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "sound.py").write_text(DAG.format("sound"))
    return tmp_path


def test_an_airflow_that_does_not_import(project, monkeypatch):
    broken = project / "elsewhere" / "airflow"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('no libpq here')")
    monkeypatch.setenv("PYTHONPATH", f"{broken.parent}{os.pathsep}{Path(__file__).parents[2]}")
    with pytest.raises(AirflowUnusable, match="no libpq here") as raised:
        gate(project / "dags")
    assert raised.value.exit_code == 3


def test_local_settings_that_do_not_import(project):
    (project / "config").mkdir()
    (project / "config" / "airflow_local_settings.py").write_text("import no_such_policies")
    with pytest.raises(AirflowUnusable, match="no_such_policies"):
        gate(project / "dags")


def test_local_settings_that_end_the_process(project):
    (project / "airflow_local_settings.py").write_text("import os\nos._exit(0)")
    with pytest.raises(WorkerLost, match="before it was ready: exit code 0") as raised:
        gate(project / "dags")
    assert raised.value.exit_code == 70
