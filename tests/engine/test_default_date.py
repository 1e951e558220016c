"""``run`` and ``verify`` take one date where nobody gives one."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from airflow.sdk import DAG, Asset, task
from airflow.timetables.assets import AssetOrTimeSchedule  # the SDK of 3.1 has none of these
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable

from harness.bridge.reference import RunHistory
from harness.bridge.timetables import default_date, parse_date
from harness.errors import OffSchedule
from harness.simulation import Rehearsal, RunOptions, verification
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
SCHEDULES = {
    "cron": ("0 6 * * *", "2025-01-01T06:00"),
    "trigger": (CronTriggerTimetable("0 6 * * *", timezone="UTC"), "2025-01-01T06:00"),
    "interval": (CronDataIntervalTimetable("0 6 * * *", timezone="UTC"), "2025-01-01T06:00"),
    "span": (timedelta(hours=5), "2025-01-01T00:00"),
    "assets": ([Asset("a")], "2025-01-01T00:00"),
    "both": (
        AssetOrTimeSchedule(timetable=CronTriggerTimetable("0 6 * * *", timezone="UTC"), assets=[Asset("a")]),
        None,
    ),
    "none": (None, "2025-01-01T00:00"),
}


def made(schedule):
    with DAG("dated", schedule=schedule, start_date=START) as dag:
        task(task_id="work")(lambda: 1)()
    return dag


@pytest.mark.parametrize("name", SCHEDULES)
def test_verify_takes_the_date_that_run_takes(name, monkeypatch):
    schedule, expected = SCHEDULES[name]
    dag, dates = made(schedule), []

    def airflow_run(folder, dag_to_run, date, *_):
        dates.append(date)
        return RunHistory({}, {}, "success")

    monkeypatch.setattr(verification, "airflow_run", airflow_run)
    rehearsal = Rehearsal()
    rehearsal.folder.dags["dated"] = dag
    run = rehearsal.run(dag, World(), RunOptions())
    verification.verify(rehearsal, dag, World(), None, {}, 1)
    assert dates == [default_date(dag)]
    plan = rehearsal.plan(dag, RunOptions())
    assert dates == [plan.run_after if plan.logical_date is None else plan.logical_date]
    assert run.ok
    if expected is not None:
        assert dates == [parse_date(expected)]


def test_a_schedule_that_never_makes_a_run_is_told_alike():
    dag = DAG("never", schedule="0 0 30 2 *", start_date=START)
    with pytest.raises((OffSchedule, ValueError)) as of_run:
        Rehearsal().plan(dag, RunOptions())
    with pytest.raises(type(of_run.value)):
        default_date(dag)
