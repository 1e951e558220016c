"""What makes runs quicker can be switched off, in one place, and a run is the same, byte for byte."""

import time
from datetime import datetime, timedelta, timezone

from harness.bridge.patches.shortcuts import VARIABLE

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def varied():
    from airflow.sdk import DAG, Variable, get_current_context, task

    with DAG("varied", schedule="@daily", start_date=START, params={"limit": 3}) as dag:

        @task(retries=1, retry_delay=timedelta(minutes=5))
        def numbers(params=None):
            if get_current_context()["ti"].try_number == 1:
                raise ValueError("not yet")
            return list(range(params["limit"]))

        @task
        def double(n, ds=None):
            time.sleep(n)
            return {"n": n * 2, "ds": ds, "name": Variable.get("name", default="nobody")}

        @task.bash
        def says(values):
            return "echo '{{ ds }} {{ run_id }}' {{ params.limit }}"

        says(double.expand(n=numbers()))
    return dag


def test_a_run_is_the_same_without_shortcuts(rehearse, tmp_path, monkeypatch):
    from airflow.sdk.execution_time import task_runner

    from harness.bridge.patches.shortcuts import shortcuts

    coerce = task_runner.coerce_datetime
    assert [name for _, name, _ in shortcuts() if name == "coerce_datetime"]
    quick = rehearse(varied(), keep=tmp_path / "quick")
    monkeypatch.setenv(VARIABLE, "off")
    assert not list(shortcuts())
    plain = rehearse(varied(), keep=tmp_path / "plain")
    assert quick.state == plain.state == "success"
    journals = [(tmp_path / name / "journal.jsonl").read_bytes() for name in ("quick", "plain")]
    assert journals[0] == journals[1]
    assert task_runner.coerce_datetime is coerce
