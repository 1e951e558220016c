"""What has not changed is not parsed again; what has, is."""

from __future__ import annotations

import pytest

from harness.checks.context import CheckSelection, Declared
from harness.gate.cache import Cache, question_of
from tests.checks.cases import gate

pytestmark = pytest.mark.gate

HELPED = """
from airflow.sdk import DAG, task
from cache_helper import POOL

with DAG("helped", schedule=None):
    @task(pool=POOL)
    def work(): ...
    work()
"""
NOTHING = {"depends": {}, "imported": [], "libraries": [], "events": []}
PLAIN = """
from airflow.sdk import DAG, task

with DAG("plain", schedule=None):
    @task
    def work(): ...
    work()
"""
LISTED = """
from pathlib import Path
from airflow.sdk import DAG, task

for found in sorted((Path(__file__).parent / "tables").iterdir()):
    with DAG(found.stem, schedule=None):
        @task(pool=found.read_text().strip())
        def work(): ...
        work()
"""


@pytest.fixture
def project(tmp_path):
    """Three Dag files, one with a helper module, one that reads a folder; and how to look at them."""
    dags = tmp_path / "dags"
    (dags / "tables").mkdir(parents=True)
    (dags / "helped.py").write_text(HELPED)
    (dags / "plain.py").write_text(PLAIN)
    (dags / "listed.py").write_text(LISTED)
    (dags / "cache_helper.py").write_text("POOL = 'reporting'\n")
    (dags / "tables" / "first.txt").write_text("reporting")
    return dags


def context(dags):
    """(names of files that were parsed, findings as (check, Dag))."""
    result = gate(dags, cache=dags.parent / "cache")
    parsed = {file.path.rsplit("/", 1)[1] for file in result.files if not file.cached}
    return parsed, [(one.check, one.dag_id) for one in result.findings if one.check in ("pool-missing", "import-error")]


def test_what_depends_on_a_change_is_parsed_again(project):
    assert context(project) == ({"helped.py", "plain.py", "listed.py"}, [])
    assert context(project) == (set(), [])
    (project / "cache_helper.py").write_text("POOL = 'gone'\n")
    assert context(project) == ({"helped.py"}, [("pool-missing", "helped")])
    assert context(project) == (set(), [("pool-missing", "helped")])
    (project / "tables" / "second.txt").write_text("absent")
    (project / "plain.py").write_text("from airflow.sdk import DAG\nimport os\nos._exit(0)\n")
    found = [("pool-missing", "helped"), ("pool-missing", "second"), ("import-error", None)]
    assert context(project) == ({"listed.py", "plain.py"}, found)
    assert context(project) == ({"plain.py"}, found)  # a file that dies is looked at again


def test_another_question_is_another_answer_and_a_broken_cache_is_none(tmp_path):
    path = tmp_path / "some.py"
    path.write_text("content")
    questions = [
        question_of(CheckSelection({"cycle": severity}), Declared(), 30.0) for severity in ("error", "warning", "error")
    ]
    assert questions[0] == questions[2] != questions[1]
    cache = Cache(tmp_path / "cache", questions[0])
    cache.keep(str(path), {**NOTHING, "depends": {f"file:{tmp_path / 'not there'}": None}})
    cache.write()
    assert Cache(tmp_path / "cache", questions[0]).find(str(path)) is not None
    assert Cache(tmp_path / "cache", questions[1]).find(str(path)) is None
    (tmp_path / "not there").write_text("now it is")
    assert Cache(tmp_path / "cache", questions[0]).find(str(path)) is None
    kept = tmp_path / "cache" / "check.json"
    kept.write_text(kept.read_text()[:-3])
    assert Cache(tmp_path / "cache", questions[0]).find(str(path)) is None
