"""What tasks hold of memory, where somebody asks; and of a worker's slot, always."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta, timezone

import pytest
from airflow.sdk import DAG, PokeReturnValue, task

from harness.kernel.footprint import measured_memory
from harness.report.calendar_terminal import CalendarReport, most_memory
from tests.repo.schemas import faults

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
MEGABYTE = 1_000_000


@pytest.fixture
def dag():
    """A hog that is retried, and takes more at its second try, and a task that streams the same."""
    with DAG("sales", schedule="@daily", start_date=START) as made:

        @task(retries=1, retry_delay=timedelta(minutes=1))
        def hog(ti=None):
            held = bytearray(10 * MEGABYTE * ti.try_number)
            if ti.try_number == 1:
                raise ConnectionError("busy")
            return len(held)

        @task
        def streams():
            return sum(len(bytes(MEGABYTE)) for _ in range(20))

        [hog(), streams()]
    return made


def test_each_task_has_the_most_that_a_try_held(rehearse, dag):
    with measured_memory():
        result = rehearse(dag, logical_date="2025-01-02")
    hog, streams = result.task("hog"), result.task("streams")
    assert hog.xcom() == streams.xcom() == 20 * MEGABYTE
    assert [one.peak_bytes // (10 * MEGABYTE) for one in hog.attempts] == [1, 2]
    assert hog.peak_bytes == hog.attempts[1].peak_bytes
    assert MEGABYTE < streams.peak_bytes < 3 * MEGABYTE
    document = json.loads(json.dumps(result.to_json()))
    assert faults("run", document) == []
    assert document["task_instances"][0]["attempts"][1]["peak_bytes"] == hog.peak_bytes


def test_nobody_has_it_unasked(rehearse, dag):
    result = rehearse(dag, logical_date="2025-01-02")
    assert result.task("hog").peak_bytes is None
    assert "peak_bytes" not in json.dumps(result.to_json())


def test_a_report_names_those_that_held_most(calendar, dag):
    with measured_memory():
        measured = calendar("2025-01-02", "2025-01-03", dag)
    (most, where), (_, then) = most_memory(measured)
    assert round(most / MEGABYTE) == 20
    assert where.startswith("sales.hog in scheduled__2025-01-0")
    assert then.startswith("sales.streams in ")
    assert "Held most memory" in shown(measured)
    assert "Held most memory" not in shown(calendar("2025-01-02", "2025-01-03", dag))


def test_how_long_a_worker_was_held_is_the_sum_of_its_attempts(rehearse):
    with DAG("waits", schedule="@daily", start_date=START) as dag:
        for mode in ("poke", "reschedule"):

            @task.sensor(task_id=mode, mode=mode, poke_interval=600, timeout=7200)
            def wait():
                return PokeReturnValue(datetime.now(timezone.utc) >= START + timedelta(days=1, hours=1))

            wait()
    result = rehearse(dag, logical_date="2025-01-02")
    assert result.task("poke").in_worker == timedelta(hours=1)
    assert result.task("reschedule").in_worker == timedelta()


def shown(result):
    from rich.console import Console

    text = io.StringIO()
    CalendarReport(Console(file=text, width=200)).show(result)
    return text.getvalue()
