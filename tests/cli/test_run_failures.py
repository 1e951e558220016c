"""Runs that fail, hang or cannot begin: what is said, and the exit code."""

import json

import pytest

REFUNDS = """
from datetime import datetime

from airflow.sdk import BaseHook, dag, task


def check(rows):
    if not rows:
        raise ValueError("no refunds today")


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
"""

STOCK = """
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
"""

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
    project.write("pools.yaml", "pools:\n  forklifts: 1\n")
    return project


COMMANDS = {
    "refunds": "refunds",
    "callback": "callback_only --alone",
    "unknown dag": "refund",
    "unknown task": "refunds --only validat",
    "broken": "dags/broken.py",
    "off schedule": "refunds --logical-date 2025-01-05T07:00 --json",
    "stuck": "stock",
    "horizon": "stock --world pools.yaml --horizon 90m --json",
}


@pytest.fixture(scope="module")
def asked(shop, tmp_path_factory):
    """``asked(name)``: the answer to one of `COMMANDS`; all were asked for at once, each with a TMPDIR of its own."""
    temporary = {name: tmp_path_factory.mktemp("tmp") for name in COMMANDS}
    futures = {name: shop.ask("run", *line.split(), TMPDIR=str(temporary[name])) for name, line in COMMANDS.items()}

    def answer(name):
        return futures[name].result(), temporary[name]

    return answer


@pytest.fixture(scope="module")
def refused(asked):
    answer, _ = asked("refunds")
    assert answer.code == 1
    return answer.out


def section(text, name):
    """What the report says about one failed task."""
    return text[text.index(f"\n  ✗ {name}  try") :].partition("\n  ✗ ")[2].partition("\n  ✗ ")[0]


def line_of(text, part):
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_failing_task_shows_the_users_own_frames_and_log(refused):
    failure = section(refused, "validate")
    assert f"validate  try 1  dags/refunds.py:{line_of(REFUNDS, 'raise ValueError')}\n" in failure
    assert "in check" in failure
    assert "ValueError: no refunds today" in failure
    assert "INFO    validating" in failure
    assert "task_runner" not in failure
    assert "/harness/" not in failure


def test_an_unknown_connection_comes_with_the_nearest_and_the_remedy(refused):
    failure = section(refused, "connect")
    assert "hint   connection 'warehous' is not in the world; known: warehouse" in failure
    assert "did you mean 'warehouse'?" in failure
    assert "s3cret" not in refused


def test_what_lies_downstream_says_why_it_did_not_run(refused):
    assert "✗ upstream_failed" in refused
    assert "'connect' failed, 'validate' failed" in " ".join(refused.split())


def test_files_that_do_not_import_are_mentioned_beside_another_run(refused):
    assert f"note dags/broken.py:{line_of(BROKEN, 'region')} does not import: KeyError: 'region'" in refused


def test_a_callback_that_raised_is_a_finding_and_makes_the_exit_code_1(asked):
    answer, _ = asked("callback")
    assert answer.code == 1
    assert "✗ callback_only success, with 1 error found" in answer.out
    assert "error callback:" in answer.out
    assert "KeyError: 'channel'" in answer.out
    assert f"dags/refunds.py:{line_of(REFUNDS, 'KeyError')}" in answer.out


def test_an_unknown_dag_names_the_nearest(shop, asked):
    answer, _ = asked("unknown dag")
    assert answer.code == 2
    assert answer.out == ""
    first, *rest = answer.err.splitlines()
    assert first == f"dag-not-found: no Dag 'refund' in {shop.folder}/dags"
    assert "did you mean 'refunds'?" in answer.err
    assert rest[-1] == "  again   airflow-harness run refund"


def test_an_unknown_task_names_the_nearest_and_leaves_no_ledger(asked):
    answer, temporary = asked("unknown task")
    assert answer.code == 2
    assert answer.err.startswith("task-not-found: no task 'validat' in Dag 'refunds'")
    assert "did you mean 'validate'?" in answer.err
    assert [path for path in temporary.rglob("*") if path.is_file()] == []


def test_a_file_that_does_not_import_shows_its_own_lines(asked):
    answer, _ = asked("broken")
    assert answer.code == 1
    assert "import-error: broken.py does not import: KeyError: 'region'" in answer.err
    assert f'dags/broken.py", line {line_of(BROKEN, "region = settings")}, in <module>' in answer.err
    assert "loader.py" not in answer.err


def test_a_date_off_the_schedule_names_its_neighbours(asked):
    answer, _ = asked("off schedule")
    assert answer.code == 2
    document = json.loads(answer.out)
    assert document["schema"] == "airflow-harness/error/1"
    told = document["error"]
    assert set(told) == {"id", "message", "where", "known", "why", "fix", "again"}
    assert told["id"] == "off-schedule"
    assert told["known"] == "nearest: 2025-01-05T00:00:00Z, 2025-01-06T00:00:00Z"
    assert "--manual" in told["fix"]
    assert told["again"] == "airflow-harness run refunds --logical-date 2025-01-05T07:00 --json"


def test_a_run_that_hangs_shows_its_tasks_and_what_each_waits_for(asked):
    answer, _ = asked("stuck")
    assert answer.code == 1
    assert "count · scheduled 1" in " ".join(answer.out.split())
    assert "· stock has not ended (running): 1 no status, 1 scheduled" in answer.out
    assert answer.err.startswith("run-stuck: nothing is left to happen")
    assert "pool 'forklifts' does not exist" in answer.err


def test_a_run_past_its_horizon_is_an_error_with_the_run_in_json(asked):
    answer, temporary = asked("horizon")
    assert answer.code == 1
    document = json.loads(answer.out)
    assert document["error"]["id"] == "horizon-reached"
    assert {ti["task_id"]: ti["state"] for ti in document["run"]["task_instances"]}["count"] == "running"
    assert document["run"]["ledger"].startswith(str(temporary))
