"""``--airflow-report DIR``: a page for each test that failed, also in reports of pytest-html and allure."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import Project
from tests.unit.report.page_ledgers import Page

CANARY = "canary-9f3b2c"
DAG = """
from datetime import datetime
from airflow.sdk import Variable, dag, task

@dag(start_date=datetime(2025, 1, 1), schedule="@daily", catchup=False)
def stock():
    @task
    def load():
        print("key is", Variable.get("api_secret"))
        raise ValueError("no such table")

    load()

stock()
"""
TESTS = """
def test_good(run_dag):
    assert run_dag("stock").state == "failed"

def test_bad(run_dag):
    assert run_dag("stock").ok

def test_bad_twice(run_dag, tmp_path):
    run_dag("stock", "2025-01-02", keep=tmp_path / "mine")
    assert run_dag("stock").ok

def test_without_a_run():
    assert False
"""
NAMED = "Airflow runs of this test"


@pytest.fixture
def failing(bare: Project) -> Project:
    """A project of which tests fail."""
    bare.write(dags__stock=DAG, test_stock=TESTS)
    bare.write(
        w_yaml=f"variables: {{api_secret: {CANARY}}}\n", pyproject_toml='[tool.airflow-harness]\nworld = "w.yaml"\n'
    )
    return bare


def test_pages_of_failed_tests_alone(failing: Project) -> None:
    others = ("--html", "out/report.html", "--alluredir", "allure")
    result = failing.pytest("--airflow-report", "pages", *others)
    result.assert_outcomes(passed=1, failed=3)
    folder = failing.pytester.path
    pages = sorted((folder / "pages").iterdir())
    assert [page.name.rpartition("-")[0] for page in pages] == [
        "test_stock.py.test_bad",
        "test_stock.py.test_bad_twice",
    ]
    one, two = (Page(page.read_text()).data["ledgers"] for page in pages)
    assert ([ledger["name"] for ledger in one], [ledger["name"] for ledger in two]) == (
        ["1 stock"],
        ["1 stock", "2 stock"],
    )
    assert one[0]["texts"][one[0]["errors"]["message"][0]] == "no such table"
    assert "key is ***" in pages[0].read_text()
    assert not any(CANARY in page.read_text() for page in pages)
    result.stdout.fnmatch_lines([f"*{NAMED}*", f"{pages[0]}"])
    assert failing.left_behind() == []
    assert f"../pages/{pages[0].name}" in (folder / "out" / "report.html").read_text()
    told = [json.loads(file.read_text()) for file in (folder / "allure").glob("*-result.json")]
    attached = {test["name"]: [file["name"] for file in test.get("attachments", ())] for test in told}
    assert NAMED in attached["test_bad"]
    assert NAMED not in attached["test_without_a_run"]


def test_a_folder_that_cannot_be_written_is_said_and_the_test_fails_as_it_did(failing: Project) -> None:
    (failing.pytester.path / "pages").write_text("a file")
    result = failing.pytest("--airflow-report", "pages", "-k", "test_bad and not twice")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*no page could be written to *pages*"])
