"""One run of a Dag that does a little of everything, read by a person and by a program."""

import json
from pathlib import Path

import pytest

SALES = """
import subprocess
import time
from datetime import datetime, timedelta

from airflow.exceptions import AirflowSkipException
from airflow.models import DAG
from airflow.sdk import task

print("noise while the file is imported")

with DAG("sales", schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False):

    @task(retries=2, retry_delay=timedelta(minutes=5))
    def extract(ti=None):
        if ti.try_number == 1:
            raise ConnectionError("the source sleeps")
        print("three rows read")
        return [1, 2, 3]

    @task
    def square(n):
        time.sleep(3600 * n)
        return n * n

    @task
    def total(values):
        subprocess.run(["echo", "said by a child process"], check=True)
        return {"sum": sum(values), "password": "hunter2-secret", "when": datetime(2025, 1, 1), "set": {2, 1}}

    @task
    def holiday():
        raise AirflowSkipException("no sales on a holiday")

    @task
    def report():
        pass

    total(square.expand(n=extract()))
    holiday() >> report()
"""


@pytest.fixture(scope="module")
def sales(project):
    project.write("pipelines/sales.py", SALES)
    project.write("pyproject.toml", '[tool.airflow-harness]\ndags = ["pipelines"]\n')
    return project


@pytest.fixture(scope="module")
def shown(sales):
    """The normal screen, run below the project's root; HOME before and after; what is left."""
    before = sales.fingerprint()
    below = sales.write("some/where/below.txt", "").parent
    answer = sales("run", "sales", cwd=below)
    assert answer.code == 0, answer.out + answer.err
    return answer, (before, sales.fingerprint()), sales.left_behind()


def row(text, name):
    tasks = text[text.index("\nTasks\n") :]
    return next(line.split() for line in tasks.splitlines() if line.split()[:1] == [name])


def test_one_plain_line_for_each_attempt_that_ended(shown):
    progress = shown[0].out.partition("\nTasks\n")[0].splitlines()
    assert progress[0] == "sales  scheduled run of 2025-01-01T00:00:00Z, from 2025-01-01T00:00:00Z"
    told = [line.split()[:4] for line in progress[1:]]
    assert ["+0s", "·", "extract", "up_for_retry"] in told
    assert ["+5m", "✓", "extract", "success"] in told
    assert ["+3h05m", "✓", "square[2]", "success"] in told
    assert any("ConnectionError: the source sleeps" in line for line in progress)
    assert any("try 1  lasted 3h" in line and "real)" in line for line in progress)
    assert "\x1b" not in shown[0].out
    assert "\r" not in shown[0].out


def test_each_task_with_its_state_and_reason(shown):
    out = shown[0].out
    assert row(out, "extract")[1:5] == ["✓", "success", "2", "+5m"]
    assert row(out, "square[1]")[1:6] == ["✓", "success", "1", "+5m", "2h"]
    assert " ".join(row(out, "holiday")[1:]).endswith("no sales on a holiday")
    assert "upstream 'holiday' was skipped" in " ".join(row(out, "report"))
    assert "extract try 1: ConnectionError: the source sleeps" in out


def test_xcoms_and_their_secrets(shown):
    assert "  extract = [1, 2, 3]" in shown[0].out
    assert '"sum": 14' in shown[0].out
    assert "hunter2" not in shown[0].out


def test_virtual_time_is_charted_and_the_verdict_comes_last(shown):
    out = shown[0].out
    assert "Virtual time" in out
    assert any(line.strip().startswith("square[2]") and "███" in line for line in out.splitlines())
    verdict = out.rstrip().splitlines()[-1]
    assert verdict.startswith("✓ sales success: 5 success, 2 skipped in 3h05m of virtual time")


def test_noise_stays_off_the_screen_and_is_counted(shown):
    both = shown[0].out + shown[0].err
    assert "noise while" not in both
    assert "eprecated" not in both
    assert "said by a child process" not in both
    assert "written outside the tasks' logs, -v shows them" in both


def test_the_ledger_lies_in_the_temporary_folder(shown, sales):
    line = next(line for line in shown[0].out.splitlines() if line.startswith("ledger"))
    folder = line.split(maxsplit=1)[1]
    assert folder.startswith(str(sales.temporary))
    assert json.loads(Path(folder, "journal.jsonl").read_text().splitlines()[0])["kind"] == "header"


def test_home_is_as_it_was_and_nothing_is_left_behind(shown):
    _, (before, after), left = shown
    assert before
    assert after == before
    assert left == []


def test_json_is_one_clean_document(sales):
    answer = sales("run", "sales", "--json", PYTHONIOENCODING="ascii")
    document = json.loads(answer.out)
    assert answer.code == 0
    assert document["schema"] == "airflow-harness/run/1"
    wanted = "dag_id run_id run_type logical_date data_interval_start data_interval_end state start_date end_date"
    assert set(document) >= {*wanted.split(), "real_seconds", "task_instances", "findings", "ledger"}
    tasks = {(ti["task_id"], ti["map_index"]): ti for ti in document["task_instances"]}
    assert tasks["extract", -1]["try_number"] == 2
    assert [attempt["state"] for attempt in tasks["extract", -1]["attempts"]] == ["up_for_retry", "success"]
    total = tasks["total", -1]["xcoms"]["return_value"]
    assert total["sum"] == 14
    assert total["password"] == "***"
    assert total["set"] == [1, 2]
    assert "up_for_retry" in answer.err  # progress is for people


def test_verbose_shows_every_log_and_the_noise(sales):
    answer = sales("run", "sales", "-v", "--only", "extract,holiday", "--from-nowhere")
    assert answer.code == 2  # an option that does not exist, before Airflow is imported
    answer = sales("run", "pipelines/sales.py", "-v", "--only", "extract,holiday")
    assert answer.code == 0, answer.err
    assert "three rows read" in answer.out
    assert "noise while the file is imported" in answer.out
    assert "square" not in answer.out.partition("\nTasks\n")[2]
