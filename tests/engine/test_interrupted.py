"""Ctrl-C while a task runs: what ran until then is kept, as the result of a simulation that did not end."""

import json
import signal
from datetime import datetime, timedelta, timezone

import pytest
from airflow.sdk import DAG, task

from harness.simulation import CalendarOptions, Rehearsal, RunOptions
from harness.simulation.replays.replaying import ReplayOptions

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def struck(date: str = "2025-01-02", times: int = 1, **options):
    """A daily Dag whose second task is sent Ctrl-C in the run of one date."""
    with DAG("struck", schedule="@daily", start_date=START, catchup=True, **options) as dag:

        @task
        def first():
            return 1

        @task
        def second(ds=None):
            for _ in range(times if ds == date else 0):
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


class Watcher:
    """Is told when a stop has to wait."""

    def __init__(self):
        self.told = 0

    def __call__(self, run, ti):
        """Nothing of this is of interest."""

    def stops_later(self):
        self.told += 1


def replayed(dag, keep, watcher=None, **options):
    rehearsal = rehearsal_of(dag)
    asked = ReplayOptions(("struck",), START, START + timedelta(days=4), max_active_runs=1, keep=keep, **options)
    return rehearsal, lambda: rehearsal.replay(asked, None, watcher)


def test_a_replay_that_was_interrupted_ends_with_a_whole_run_and_goes_on(tmp_path):
    watcher = Watcher()
    rehearsal, replay = replayed(struck(), tmp_path / "cut", watcher)
    with pytest.raises(KeyboardInterrupt):
        replay()
    assert watcher.told == 1
    result = rehearsal.unfinished
    assert result is not None
    assert result.was_interrupted
    assert [run.state for run in result.runs] == ["success"] * 2 + ["queued"] * 3
    records = [json.loads(line) for line in (tmp_path / "cut" / "journal.jsonl").read_text().splitlines()]
    ends = [record for record in records if record["kind"] == "run-state" and record["state"] == "success"]
    assert len(ends) == 2
    assert records.index(ends[-1]) == len(records) - 2
    assert records[-1]["interrupted"] is True
    for folder, resume in (("cut", True), ("whole", False)):
        _, replay = replayed(struck("2024-01-01"), tmp_path / folder, resume=resume)
        assert replay().ok
    assert (tmp_path / "cut" / "journal.jsonl").read_bytes() == (tmp_path / "whole" / "journal.jsonl").read_bytes()


@pytest.mark.parametrize(("times", "watcher"), [(2, Watcher()), (1, None)])
def test_a_second_ctrl_c_does_not_wait_for_the_end_of_a_run_nor_one_of_which_nobody_says_so(tmp_path, times, watcher):
    """In a test nobody would know why nothing happens."""
    rehearsal, replay = replayed(struck(times=times), tmp_path / "cut", watcher)
    with pytest.raises(KeyboardInterrupt):
        replay()
    result = rehearsal.unfinished
    assert result is not None
    assert [run.state for run in result.runs] == ["success", "running"] + ["queued"] * 3
