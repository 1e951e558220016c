"""What ``--json`` prints of runs and calendars, and what a ledger holds, keeps to the schemas of docs/schemas."""

import json
from contextlib import suppress
from datetime import datetime, timedelta, timezone

import pytest
from airflow.sdk import DAG, BaseHook, task
from airflow.sdk.definitions.deadline import AsyncCallback, DeadlineAlert, DeadlineReference

from harness.cli.entry import error_document
from harness.errors import RunStuck
from harness.results.verification import Row, Verification
from tests.engine.calendars import deadline_callbacks
from tests.repo.schemas import faults

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def everything():
    """A Dag of which a run has a bit of all: mapped tasks, a retry, a failure, a deadline, another Dag's run."""
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

    alert = DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(0), AsyncCallback(deadline_callbacks.note))
    with DAG("everything", schedule="@daily", start_date=START, deadline=alert, catchup=True) as dag:

        @task
        def count():
            return [1, 2]

        @task(retries=1)
        def half(n, ti=None):
            with suppress(Exception):
                BaseHook.get_connection("vendor")
            if n == 2:
                raise ValueError("odd \x1b[31m", {1, 2})
            return {"when": START, "set": {n}, "nan": float("nan")}

        TriggerDagRunOperator(task_id="go", trigger_dag_id="other") >> half.expand(n=count())
    return dag


def other():
    with DAG("other", schedule=None, start_date=START) as dag:
        task(lambda: None, task_id="t")()
    return dag


def test_a_run(rehearse, tmp_path):
    result = rehearse(everything(), with_dags=[other()], keep=tmp_path)
    told = result.to_json()
    assert (told["state"], len(told["companions"]), told["not_in_world"][0]["name"]) == ("failed", 1, "vendor")
    assert told["task_instances"][-1]["error"]["type"] == "ValueError"
    assert (told["deadlines"][0]["state"], bool(told["findings"])) == ("missed", True)
    assert faults("run", told) == []
    records = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    kinds = {record["kind"] for record in records}
    assert {"header", "run-created", "ti-state", "xcom", "triggered", "finding", "footer"} <= kinds
    assert [fault for record in records for fault in faults("journal", record)] == []


def test_a_calendar(calendar):
    asked = "2025-01-04T12:00Z backfill everything"
    dates = {"from": "2025-01-01", "to": "2025-01-03"}
    actions = [f"{asked} {json.dumps(options)}" for options in (dates, {**dates, "dry_run": True})]
    told = calendar("2025-01-03", "2025-01-04T12:00:00.000001", everything(), other(), actions=actions).to_json()
    assert {run["run_type"] for run in told["runs"]} >= {"scheduled", "backfill"}
    assert ([one["dry_run"] for one in told["backfills"]], bool(told["waiting"])) == ([False, True], True)
    assert faults("calendar", told) == []


def test_an_error_with_what_ran_until_then(rehearse):
    with DAG("waits", schedule=None, start_date=START) as dag:
        task(lambda: None, task_id="t", pool="nobody")()
    with pytest.raises(RunStuck) as raised:
        rehearse(dag)
    told = error_document(raised.value, raised.value.result)
    assert told["run"]["task_instances"][0]["state"] == "scheduled"
    assert faults("error", told) == []


def test_a_verification():
    """By hand: what Airflow's side takes is in test_verify_apart."""
    rows = Row("run", "d", "success", "failed", False, "why"), Row("xcom", "t[0].key", "(none)", "1", False)
    assert faults("verify", Verification("d", START, "3.3.2", rows, ("t.key",), 1.5).to_json()) == []
