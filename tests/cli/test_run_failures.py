"""Runs that fail, hang or cannot begin: what is said, and the exit code."""

import json

import pytest

REFUNDS = '''
from datetime import datetime

from airflow.sdk import BaseHook, dag, task


def check(rows):
    if not rows:
        raise ValueError("no refunds today")  # the user's line


def shout(context):
    raise KeyError("channel")


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), end_date=datetime(2025, 3, 1))
def refunds():
    @task
    def validate():
        print("validating")
        check([])

    @task
    def connect():
        BaseHook.get_connection("warehous")

    @task(on_success_callback=shout)
    def tell():
        pass

    @task
    def after():
        pass

    [validate(), connect()] >> after()
    tell()


refunds()


@dag(schedule=None, start_date=datetime(2025, 1, 1))
def callback_only():
    @task(on_success_callback=shout)
    def tell():
        pass

    tell()


callback_only()
'''

STOCK = '''
from datetime import datetime
import time

from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2025, 1, 1))
def stock():
    @task(pool="forklifts")
    def count():
        time.sleep(7200)

    @task
    def publish():
        pass

    count() >> publish()


stock()
'''

BROKEN = """
from airflow.sdk import DAG


def settings():
    return {}["region"]


region = settings()
dag = DAG("broken_dag")
"""

WORLD = """
connections:
  warehouse: {uri: "postgres://user:s3cret@db/x"}
pools:
  cranes: 3
"""


@pytest.fixture(scope="module")
def shop(project):
    for name, text in {"refunds": REFUNDS, "stock": STOCK, "broken": BROKEN}.items():
        project.write(f"dags/{name}.py", text)
    project.write("fixtures/world.yaml", WORLD)
    return project


@pytest.fixture(scope="module")
def refused(shop):
    answer = shop("run", "refunds")
    assert answer.code == 1
    return answer.out


def line_of(text, part):
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_failing_task_shows_the_users_own_frames_and_log(refused):
    failure = refused[refused.index("\nFailures\n") :].partition("✗ connect")[0]
    assert f"✗ validate  try 1  dags/refunds.py:{line_of(REFUNDS, 'the users line'.replace('users', 'user' + chr(39) + 's'))}" in failure
    assert "in check" in failure
    assert "ValueError: no refunds today" in failure
    assert "INFO    validating" in failure
    assert "task_runner" not in failure
    assert "harness" not in failure


def test_an_unknown_connection_comes_with_the_nearest_and_the_remedy(refused):
    failure = refused.partition("✗ connect")[2]
    assert "hint   connection 'warehous' is not in the world; known: warehouse" in failure
    assert "did you mean 'warehouse'?" in failure
    assert "s3cret" not in refused


def test_what_lies_downstream_says_why_it_did_not_run(refused):
    assert "✗ upstream_failed" in refused
    assert "'validate' failed" in refused


def test_files_that_do_not_import_are_mentioned_beside_another_run(refused):
    assert f"note dags/broken.py:{line_of(BROKEN, 'region')} does not import: KeyError: 'region'" in refused


def test_a_callback_that_raised_is_a_finding_and_makes_the_exit_code_1(shop):
    answer = shop("run", "callback_only", "--alone")
    assert answer.code == 1
    assert "✓ callback_only success" in answer.out
    assert "error callback:" in answer.out
    assert "KeyError: 'channel'" in answer.out
    assert f"dags/refunds.py:{line_of(REFUNDS, 'KeyError')}" in answer.out


def test_an_unknown_dag_names_the_nearest(shop):
    answer = shop("run", "refund")
    assert answer.code == 2
    assert answer.out == ""
    first, *rest = answer.err.splitlines()
    assert first == f"dag-not-found: no Dag 'refund' in {shop.folder}/dags"
    assert "did you mean 'refunds'?" in answer.err
    assert rest[-1] == "  again   airflow-harness run refund"


def test_an_unknown_task_names_the_nearest_and_leaves_no_ledger(shop):
    before = list(shop.temporary.rglob("journal.jsonl"))
    answer = shop("run", "refunds", "--only", "validat")
    assert answer.code == 2
    assert answer.err.startswith("task-not-found: no task 'validat' in Dag 'refunds'")
    assert "did you mean 'validate'?" in answer.err
    assert list(shop.temporary.rglob("journal.jsonl")) == before


def test_a_file_that_does_not_import_shows_its_own_lines(shop):
    answer = shop("run", "dags/broken.py")
    assert answer.code == 1
    assert "import-error: broken.py does not import: KeyError: 'region'" in answer.err
    assert f'dags/broken.py", line {line_of(BROKEN, "region = settings")}, in <module>' in answer.err
    assert "loader.py" not in answer.err


def test_a_date_off_the_schedule_names_its_neighbours(shop):
    answer = shop("run", "refunds", "--logical-date", "2025-01-05T07:00", "--json")
    assert answer.code == 2
    document = json.loads(answer.out)
    assert document["schema"] == "airflow-harness/error/1"
    told = document["error"]
    assert set(told) == {"id", "message", "where", "known", "why", "fix", "again"}
    assert told["id"] == "off-schedule"
    assert told["known"] == "nearest: 2025-01-05T00:00:00Z, 2025-01-06T00:00:00Z"
    assert "--manual" in told["fix"]
    assert told["again"] == "airflow-harness run refunds --logical-date 2025-01-05T07:00 --json"


def test_a_run_that_hangs_shows_its_tasks_and_what_each_waits_for(shop):
    answer = shop("run", "stock")
    assert answer.code == 1
    assert "count   · scheduled" in answer.out
    assert "· stock has not ended (running): 1 no status, 1 scheduled" in answer.out
    assert answer.err.startswith("run-stuck: nothing is left to happen")
    assert "pool 'forklifts' does not exist" in answer.err


def test_a_run_past_its_horizon_is_an_error_with_the_run_in_json(shop):
    shop.write("pools.yaml", "pools:\n  forklifts: 1\n")
    answer = shop("run", "stock", "--world", "pools.yaml", "--horizon", "90m", "--json")
    assert answer.code == 1
    document = json.loads(answer.out)
    assert document["error"]["id"] == "horizon-reached"
    assert {ti["task_id"]: ti["state"] for ti in document["run"]["task_instances"]}["count"] == "running"
    assert document["run"]["ledger"].startswith(str(shop.temporary))
