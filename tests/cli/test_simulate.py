"""The calendar of a folder from the command line, and a Dag beside Airflow itself."""

import json
import re

import pytest

DAGS = """
import time
from datetime import datetime, timedelta

from airflow.sdk import DAG, Asset, task

SALES = Asset("sales")

with DAG("extract", schedule="@hourly", start_date=datetime(2025, 1, 1), catchup=True, max_active_runs=2):

    @task(outlets=[SALES], pool="db", retries=1, retry_delay=timedelta(minutes=3))
    def load(ti=None):
        time.sleep(2400)
        if ti.try_number == 1 and ti.run_id.endswith("02:00:00+00:00"):
            raise ConnectionError("the source sleeps")

    load()

with DAG("report", schedule=SALES):

    @task(pool="db")
    def write(triggering_asset_events=None):
        time.sleep(1500)
        return sum(len(events) for events in triggering_asset_events.values())

    write()
"""

BROKEN = """
from datetime import datetime

from airflow.sdk import DAG, task

with DAG("broken", schedule="@hourly", start_date=datetime(2025, 1, 1)):

    @task
    def fail(params=None):
        raise ValueError("password=hunter2 does not fit")

    fail()
"""


@pytest.fixture(scope="module")
def company(project):
    project.write("dags/sales.py", DAGS)
    project.write("broken/broken.py", BROKEN)
    project.write("world.yaml", "pools: {db: 1}\n")
    return project


def test_a_calendar_for_people_and_for_programs(company):
    before = company.fingerprint()
    arguments = ("simulate", "--since", "2025-01-01", "--until", "6h", "--world", "world.yaml")
    told = company(*arguments, "--memory")
    assert told.code == 0, told.err
    assert re.search(r"Held most memory\n +\d+\.\d MB  (extract\.load|report\.write) in ", told.out)
    assert "extract" in told.out
    assert "Waited longest for a slot" in told.out
    assert "extract.load in scheduled__2025-01-01T0" in told.out
    assert "6h of virtual time" in told.out
    done = company(*arguments, "--json", "--keep", "ledger")
    assert "peak_bytes" not in done.out
    document = json.loads(done.out)
    assert document["schema"] == "airflow-harness/calendar/1"
    assert document["states"]["success"] >= 5
    dags = {run["dag_id"] for run in document["runs"]}
    assert dags == {"extract", "report"}
    assert all(entry["why"] for entry in document["waiting"])
    assert (company.folder / "ledger" / "journal.jsonl").read_text().count('"kind":"run-created"') == len(
        document["runs"]
    )
    assert company.fingerprint() == before


def test_failures_are_told_once_and_the_exit_code_says_so(company):
    done = company("simulate", "--since", "2025-01-01", "--until", "3h", "--dags", "broken")
    assert done.code == 1
    assert "broken.fail  in 4 runs" in done.out
    assert "broken/broken.py:10" in done.out


def test_no_exit_1_without_a_finding(company):
    company.write("half/good.py", DAGS)
    company.write("half/bad.py", "from airflow.sdk import DAG\n\nimport nowhere_to_be_found\n")
    done = company(
        "simulate", "--since", "2025-01-01", "--until", "1h", "--dags", "half", "--json", "--world", "world.yaml"
    )
    found = json.loads(done.out)["findings"]
    assert done.code == 1
    assert [(one["check"], one["severity"], one["line"]) for one in found] == [("import-error", "error", 3)]


def test_fresh_and_actions(company):
    done = company(
        "simulate", "--since", "2025-01-01T04:00", "--until", "30m", "--dag", "extract", "--fresh", "--json",
        "--action", "2025-01-01T04:10Z pause extract", "--world", "world.yaml",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert [run["logical_date"][11:13] for run in json.loads(done.out)["runs"]] == ["00", "01"]


def test_a_backfill_for_people_and_for_programs(company):
    asked = '2025-01-03T00:30Z backfill extract {"from": "2025-01-01", "to": "2025-01-01T03:00", "max_active_runs": 2'
    arguments = ("simulate", "--since", "2025-01-03", "--until", "6h", "--dag", "extract", "--world", "world.yaml")
    told = company(*arguments, "--action", asked + "}")
    assert told.code == 0, told.err
    assert "Backfills" in told.out
    assert "2 at a time" in told.out
    assert "4 created; complete at 2025-01-03T" in told.out
    done = company(*arguments, "--json", "--action", asked + ', "dry_run": true}', "--action", asked + "}")
    document = json.loads(done.out)
    dry, real = document["backfills"]
    assert dry["dates"] == [{**date, "run_id": None} for date in real["dates"]]
    assert [date["outcome"] for date in real["dates"]] == ["created"] * 4
    assert [run["run_id"] for run in document["runs"] if run["run_type"] == "backfill"] == [
        date["run_id"] for date in real["dates"]
    ]


def test_a_backfill_that_airflow_refuses(company):
    asked = '2025-01-03T00:30Z backfill report {"from": "2026-01-01", "to": "2026-01-02"}'
    arguments = ("simulate", "--since", "2025-01-03", "--until", "6h", "--world", "world.yaml")
    done = company(
        *arguments, "--action", asked.replace("2025-01-01", "2026-01-01").replace("2025-01-02", "2026-01-02")
    )
    assert done.code == 1
    assert "refused: " in done.out
    assert "error backfill: report: Airflow refuses the backfill: " in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--since", "soon", "--until", "1d"), "--since 'soon' is not an ISO 8601 date"),
        (("--since", "2025-01-02", "--until", "2025-01-01"), "is not after --since"),
        (("--since", "2025-01-01", "--until", "1d", "--dag", "extrakt"), "did you mean 'extract'"),
        (
            ("--since", "2025-01-01", "--until", "1d", "--action", "dance"),
            "verbs: trigger, pause, unpause, clear, backfill",
        ),
        (
            ("--since", "2025-01-01", "--until", "1d", "--action", '2025-01-01T05:00Z backfill extract {"til": 1}'),
            "known   conf",
        ),
        (
            ("--since", "2025-01-01", "--until", "1d", "--memory", "--no-code"),
            "--memory is told of one simulation with code",
        ),
        (("--since", "2025-01-01"), "--until"),
    ],
)
def test_bad_input(company, arguments, said):
    done = company("simulate", *arguments)
    assert done.code in (1, 2)
    assert said in done.err


@pytest.mark.reference
def test_a_dag_beside_airflow_itself(company):
    before = company.fingerprint()
    done = company("verify", "extract", "--world", "world.yaml", "-v")
    assert done.code == 0, done.out + done.err
    assert "task load" in done.out
    assert "extract alike" in done.out
    assert company.fingerprint() == before
    assert [name for name in company.left_behind() if "oracle" not in name] == []


@pytest.mark.reference
def test_a_difference_is_told_and_is_exit_code_1(company):
    project = company
    project.write(
        "differs/differs.py",
        BROKEN.replace('"broken"', '"differs"').replace(
            'raise ValueError("password=hunter2 does not fit")',
            'import sys; return "here" if "harness.simulation" in sys.modules else "there"',
        ),
    )
    done = project("verify", "differs/differs.py", "--json")
    assert done.code == 1, done.err
    document = json.loads(done.out)
    assert (document["alike"], document["volatile"]) == (False, [])
    (row,) = [row for row in document["rows"] if not row["alike"]]
    assert (row["name"], row["here"], row["airflow"]) == ("fail.return_value", "'here'", "'there'")


@pytest.mark.reference
def test_a_dag_that_airflow_cannot_run_in_time(company):
    slow = BROKEN.replace('"broken"', '"slow"').replace('raise ValueError("password=hunter2 does not fit")', SPIN)
    company.write("slow/slow.py", slow)
    done = company("verify", "slow/slow.py", "--limit", "15")
    assert done.code == 1
    assert "had not ended after 15 s" in done.err
    assert "--limit" in done.err


SPIN = 'import sys\n        while "harness.simulation" not in sys.modules: pass'


def test_rows_of_worlds_stand_alone_and_what_was_found_is_told(company):
    arguments = ("simulate", "--since", "2025-01-01", "--until", "2h", "--no-code", "--vary", "pools.db=1,2")
    answer = company(*arguments, "--format", "csv")
    assert (answer.code, [line.split(",")[0] for line in answer.out.splitlines()]) == (0, ["pools.db", "1", "2"])
    assert "tasks take no time, for nobody says how long they last: extract.load, report.write" in answer.err
