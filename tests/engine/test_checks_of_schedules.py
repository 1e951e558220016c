"""What timetables are asked, at dates that are given."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pendulum
import pytest
from airflow.sdk import DAG
from airflow.timetables.base import Timetable

from harness.bridge.parsing.schedule import clock_change, due_runs, first_run
from harness.bridge.timetables import timetable_of

START = pendulum.datetime(2025, 1, 1, tz="UTC")


def dag_of(schedule, start=START, **fields):
    return DAG("asked", schedule=schedule, start_date=start, **fields)


def due(dag, at, most=50):
    return due_runs(dag, timetable_of(dag), at, most)


def change(schedule, zone, start=(2025, 1, 1)):
    dag = dag_of(schedule, pendulum.datetime(*start, tz=zone))
    return clock_change(dag, timetable_of(dag))


def test_runs_that_are_due_are_counted_up_to_the_limit():
    at = datetime(2025, 1, 31, 12, tzinfo=timezone.utc)
    assert due(dag_of("@daily"), at) == (31, True)
    assert due(dag_of("@daily", end_date=START.add(days=9)), at) == (10, True)
    assert due(dag_of("@daily", START.add(years=1)), at) == (0, True)


def test_beyond_the_limit_their_number_is_estimated():
    at = datetime(2028, 1, 1, 12, tzinfo=timezone.utc)
    assert due(dag_of("@daily"), at) == (3 * 365 + 1, False)
    number, exact = due(dag_of("0 6 * * 1-5"), at)
    assert abs(number / 783 - 1) < 0.1
    assert not exact


class Raises(Timetable):
    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        raise KeyError("holidays")


def test_the_first_run_of_a_schedule():
    assert first_run(dag_of("@daily"), timetable_of(dag_of("@daily"))) == (True, timedelta(0), None)
    interval = dag_of("0 0 1 1 *", end_date=START.add(months=6), start=START.add(days=1))
    assert not first_run(interval, timetable_of(interval)).exists
    assert isinstance(first_run(dag_of("@daily"), Raises()).error, KeyError)


@pytest.mark.parametrize(
    ("schedule", "zone", "expected"),
    [
        ("30 2 * * *", "Europe/Berlin", ("gap", "2025-03-30", "02:30", "03:30+0200")),
        ("30 1 * * *", "America/New_York", ("fold", "2025-11-02", "01:30", "01:30-0500")),
        ("0 0 * * *", "Africa/Cairo", ("gap", "2025-04-25", "00:00", "01:00+0300")),
        ("15 2 * 10 0", "Europe/Berlin", ("fold", "2025-10-26", "02:15", "02:15+0100")),
        ("30 2 * * 1-5", "Europe/Berlin", None),
        ("0 3 * * *", "Europe/Berlin", None),
        ("59 1 * * *", "Europe/Berlin", None),
        ("30 * * * *", "Europe/Berlin", None),
        ("*/30 2 * * *", "Europe/Berlin", ("gap", "2025-03-30", "02:00", "03:00+0200")),
        ("30 2 * * *", "Asia/Tokyo", None),
        ("30 2 * * *", "UTC", None),
    ],
)
def test_crons_in_an_hour_that_clocks_skip_or_show_twice(schedule, zone, expected):
    assert change(schedule, zone) == expected


def test_clock_changes_of_the_year_after_the_start_are_looked_at():
    assert change("30 2 * * *", "Europe/Berlin", (2027, 6, 1)).day == "2027-10-31"
