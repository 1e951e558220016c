"""Airflow's own timetables are asked once for all Dags of one schedule; those of users every time."""

from datetime import datetime, timezone

import pytest
from airflow.sdk import DAG
from airflow.timetables.trigger import CronTriggerTimetable

from harness.bridge import timetables
from harness.bridge.timetables import ScheduleMemo, next_run, next_run_since
from harness.kernel.clock import wall_clock
from harness.kernel.instant import to_instant

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
NOW = to_instant(datetime(2025, 1, 5, 12, tzinfo=timezone.utc))


class Ours(CronTriggerTimetable):
    """A timetable of the user's, which may answer as it likes."""


def asked_of(monkeypatch, *dags):
    """The dag_ids whose timetables were asked, each Dag wanting its next run twice."""
    asked, original = [], timetables.next_run
    monkeypatch.setattr(timetables, "next_run", lambda dag, *given: asked.append(dag.dag_id) or original(dag, *given))
    memo = ScheduleMemo()
    for dag in dags:
        answers = [memo.next_run(dag, None, NOW) for _ in range(2)]
        assert answers == [original(dag, None)] * 2
    return asked


def test_dags_of_one_schedule_are_asked_once(monkeypatch):
    daily = [DAG(f"d{n}", schedule="0 4 * * *", start_date=START, catchup=True) for n in range(3)]
    hourly = DAG("h", schedule="@hourly", start_date=START, catchup=True)
    assert asked_of(monkeypatch, *daily, hourly) == ["d0", "h"]


def test_another_start_or_catchup_is_another_schedule(monkeypatch):
    first = DAG("a", schedule="@daily", start_date=START, catchup=True)
    later = DAG("b", schedule="@daily", start_date=START.replace(month=2), catchup=True)
    without = DAG("c", schedule="@daily", start_date=START, catchup=False)
    assert asked_of(monkeypatch, first, later, without) == ["a", "b", "c"]


def test_a_timetable_of_the_users_is_asked_every_time(monkeypatch):
    dag = DAG("ours", schedule=Ours("0 4 * * *", timezone="UTC"), start_date=START, catchup=True)
    monkeypatch.setattr(timetables, "timetable_of", lambda _: Ours("0 4 * * *", timezone="UTC"))
    assert asked_of(monkeypatch, dag) == ["ours", "ours"]


def test_where_a_schedule_stands_is_asked_once(monkeypatch):
    asked, original = [], timetables.next_run_since
    monkeypatch.setattr(timetables, "next_run_since", lambda dag, at: asked.append(dag.dag_id) or original(dag, at))
    memo = ScheduleMemo()
    for n in range(3):
        dag = DAG(f"d{n}", schedule="0 4 * * *", start_date=START)
        assert memo.next_run_since(dag, NOW) == original(dag, NOW)
    assert asked == ["d0"]


@pytest.mark.parametrize("catchup", [True, False])
@pytest.mark.parametrize(
    "schedule", ["*/20 * * * *", "30 2 * * *", CronTriggerTimetable("30 1,2 * * *", timezone="Europe/Berlin")]
)
@pytest.mark.parametrize("first", ["2025-03-29T21:00:00+00:00", "2025-10-25T21:00:00+00:00"])
def test_dates_that_are_remembered_are_those_that_are_found(schedule, catchup, first):
    """Through both changes of the clock, a run behind the other, each asked when it is due and once more then."""
    start = datetime.fromisoformat(first)
    dag, memo = DAG("d", schedule=schedule, start_date=start, catchup=catchup), ScheduleMemo()
    with wall_clock(to_instant(start)):
        last = next_run_since(dag, to_instant(start))
    for _ in range(24):
        with wall_clock(last.run_after):
            found = [memo.next_run(dag, last, last.run_after) for _ in range(2)]
            expected = next_run(dag, last)
        assert found == [expected] * 2
        last = expected
