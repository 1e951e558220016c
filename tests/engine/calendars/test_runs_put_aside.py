"""Simulations whose ended runs are put aside are those that keep all of them: ledgers, reports, what looks back."""

import time
from datetime import datetime, timedelta, timezone
from io import StringIO

import pytest
from airflow.sdk import DAG, Asset, task
from rich.console import Console

from harness.cli.masking import masked_calendar
from harness.report.calendar_terminal import CalendarReport
from harness.results.read_back import ReadBack
from harness.simulation import CalendarOptions, Rehearsal
from harness.simulation.actions import parse_action
from harness.simulation.components import spilled_runs
from harness.simulation.replays.replaying import ReplayOptions

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def looks_back():
    """Counts the runs before by an XCom of theirs, by the success before, and depends on its past."""
    with DAG("back", schedule="@daily", start_date=START, catchup=True, max_active_runs=2) as dag:

        @task(depends_on_past=True, retries=1, retry_delay=timedelta(minutes=5), outlets=[Asset("counted")])
        def count(ti, prev_data_interval_start_success=None):
            print("before", prev_data_interval_start_success)
            if ti.try_number == 1 and ti.run_id.endswith("3T00:00:00+00:00"):
                raise ValueError("the third day")
            return (ti.xcom_pull(task_ids="count", map_indexes=-1, include_prior_dates=True) or 0) + 1

        @task
        def days(number):
            return list(range(number % 3))

        @task(trigger_rule="all_done")
        def each(number, ti):
            return [ti.xcom_pull(task_ids="nothing", include_prior_dates=True), number]

        each.expand(number=days(count()))
    with DAG("follows", schedule=[Asset("counted")], start_date=START) as after:
        task(task_id="work")(lambda triggering_asset_events: time.sleep(600 + len(triggering_asset_events)))()
    return dag, after


@pytest.fixture
def simulated(monkeypatch, tmp_path):
    """``simulated(simulate)`` -> (journal, logs, report, result) with all runs in memory, and with hardly any."""
    monkeypatch.setattr(spilled_runs, "IN_MEMORY", 0)

    def simulate(how):
        found = []
        for spills in (False, True):
            folder = tmp_path / str(spills) / "ledger"
            rehearsal = Rehearsal()
            rehearsal.spills = spills
            rehearsal.folder.dags |= {dag.dag_id: dag for dag in looks_back()}
            result = how(rehearsal, folder)
            console = Console(file=StringIO(), width=120)
            CalendarReport(console, verbose=True, waited_s=1.0).show(masked_calendar(result, whole=False))
            report = console.file.getvalue().replace(str(folder), "LEDGER")
            kept = [(folder / name).read_bytes() for name in ("journal.jsonl", "logs.jsonl")]
            found.append((*kept, report, result))
        return found

    return simulate


def test_a_replay_of_dags_that_look_back(simulated):
    def replay(rehearsal, folder):
        until = START + timedelta(days=11)
        names, how = ("back", "follows"), {"max_active_runs": 1, "reprocess": "completed"}
        return rehearsal.replay(ReplayOptions(names, START, until, keep=folder, **how))

    whole, aside = simulated(replay)
    assert aside[:3] == whole[:3]
    assert [run.task("count").xcom() for run in whole[3].runs_of("back")] == list(range(1, 13))
    assert aside[3].ok
    assert aside[3].capacity == whole[3].capacity
    assert all(isinstance(run.task_instances, ReadBack) for run in aside[3].runs)


def test_the_longest_chain_goes_through_runs_that_were_put_aside(simulated):
    def simulate(rehearsal, folder):
        return rehearsal.simulate(CalendarOptions(START, START + timedelta(days=6), True, keep=folder))

    whole, aside = simulated(simulate)
    assert aside[3].capacity == whole[3].capacity
    assert {step.dag_id for step in aside[3].capacity.critical_path} == {"back", "follows"}


def test_what_stayed_in_memory_tells_its_events_too(simulated, monkeypatch):
    def simulate(rehearsal, folder):
        return rehearsal.simulate(CalendarOptions(START, START + timedelta(days=3), True, keep=folder))

    monkeypatch.setattr(spilled_runs, "IN_MEMORY", 8)
    whole, aside = simulated(simulate)
    assert [run.timeline for run in aside[3].runs] == [run.timeline for run in whole[3].runs]


def test_a_calendar_in_which_an_ended_run_is_cleared(simulated):
    def simulate(rehearsal, folder):
        clear = "2025-01-09T12:00Z clear back.days"
        until = START + timedelta(days=12)
        return rehearsal.simulate(CalendarOptions(START, until, True, actions=(parse_action(clear),), keep=folder))

    whole, aside = simulated(simulate)
    assert aside[:3] == whole[:3]
    assert {ti.try_number for run in whole[3].runs_of("back") for ti in run.tasks("days")} >= {1, 2}
