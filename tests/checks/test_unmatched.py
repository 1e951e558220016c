"""The gate on a world file whose entries speak of no task."""

from __future__ import annotations

import pytest

from harness.world import load
from tests.checks.cases import gate

pytestmark = pytest.mark.gate

DAG = """
from airflow.sdk import DAG, task

with DAG("few", schedule=None):

    @task
    def load():
        return 1

    load()
"""
WORLD = """
stubs: {few.load: {returns: 1}, few.laod: {state: failed}, "few.load[0]": {returns: 1}}
durations: {"*.load": 5h, "othre.load": 1h}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "few.py").write_text(DAG)
    (tmp_path / "world.yaml").write_text(WORLD)
    return tmp_path


def told(project, **options):
    result = gate(project / "dags", world=load(project / "world.yaml"), **options)
    return [(one.path, one.line, one.message, one.fix) for one in result.findings if one.check == "unmatched"]


def test_entries_that_match_nothing_are_told_where_they_stand(project):
    world = str(project / "world.yaml")
    assert told(project) == [
        (world, 2, "stub 'few.laod' matches no task", "'few.load'?"),
        (world, 2, "stub 'few.load[0]' matches no task instance: 'few.load' is not mapped", "'few.load'?"),
        (world, 3, "duration 'othre.load' matches no task", None),
    ]


def test_of_what_was_not_looked_at_nothing_is_said(project):
    assert [message for _, _, message, _ in told(project, partial=True)] == [
        "stub 'few.laod' matches no task",
        "stub 'few.load[0]' matches no task instance: 'few.load' is not mapped",
    ]
