"""Ctrl-C while a task runs: what ran until then is kept, as the result of a simulation that did not end."""

import signal
from datetime import datetime, timedelta, timezone

import pytest
from airflow.sdk import DAG, task

from harness.simulation import CalendarOptions, Rehearsal, RunOptions

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def struck(date: str = "2025-01-02", **options):
    """A daily Dag whose second task is sent Ctrl-C in the run of one date."""
    with DAG("struck", schedule="@daily", start_date=START, catchup=True, **options) as dag:

        @task
        def first():
            return 1

        @task
        def second(ds=None):
            if ds == date:
                signal.raise_signal(signal.SIGINT)

        @task
        def third():
            return 3

        first() >> second() >> third()
    return dag


def rehearsal_of(dag):
    made = Rehearsal()
    made.folder.dags[dag.dag_id] = dag
    return made


def test_a_run_that_was_interrupted():
    rehearsal = rehearsal_of(struck())
    with pytest.raises(KeyboardInterrupt):
        rehearsal.run("struck", None, RunOptions(logical_date=START + timedelta(days=1)))
    result = rehearsal.unfinished
    assert result is not None
    assert not result.ok
    assert (result.task("first").state, result.task("third").state) == ("success", None)
    assert [finding.check for finding in result.findings] == []


def test_a_calendar_that_was_interrupted():
    rehearsal = rehearsal_of(struck("2025-01-03"))
    options = CalendarOptions(START + timedelta(hours=1), START + timedelta(days=9))
    with pytest.raises(KeyboardInterrupt):
        rehearsal.simulate(options)
    result = rehearsal.unfinished
    assert result is not None
    assert result.was_interrupted
    assert result.until == START + timedelta(days=2)
    assert [finding.check for finding in result.findings] == []
    assert [run.state for run in result.runs] == ["success", "running"]


def test_one_that_was_not_says_so_and_keeps_nothing():
    rehearsal = rehearsal_of(struck("2024-01-01"))
    result = rehearsal.run("struck", None, RunOptions(logical_date=START))
    assert (result.ok, rehearsal.unfinished) == (True, None)
