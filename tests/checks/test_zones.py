"""Dates without a time zone are read in the project's, and what is proposed names that zone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pendulum
import pytest
from airflow.sdk import DAG, CronTriggerTimetable
from airflow.timetables.base import Timetable

from harness.checks.schedule import default_zone_of, zone_of
from harness.checks.schedule.start_date import start_date


def context(dag: DAG) -> Any:
    """What the check asks; the date was given without a zone: ``core.default_timezone`` gave it the one that it has."""
    timetable = dag.timetable
    return SimpleNamespace(
        dag=dag, is_periodic=True, has_naive_start=True, line=None, tasks=[], timetable=timetable, file=None
    )


def made(zone: str, schedule: str | Timetable) -> DAG:
    return DAG("a", schedule=schedule, start_date=pendulum.datetime(2025, 1, 1, tz=zone))


def said(dag: DAG) -> list[tuple[str, str | None]]:
    return [(one.message, one.fix) for one in start_date(context(dag)) if "time zone" in one.message]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "Asia/Tokyo"])
def test_a_schedule_in_the_zone_of_the_project_is_fine(zone):
    dag = made(zone, "@daily")
    assert (default_zone_of(dag), zone_of(dag)) == (zone, zone)
    assert said(dag) == []
    assert said(made(zone, CronTriggerTimetable("0 6 * * *", timezone=zone))) == []


@pytest.mark.parametrize(("zone", "other"), [("Europe/Paris", "UTC"), ("UTC", "Europe/Paris")])
def test_a_schedule_in_another_one_is_told_with_the_project_s(zone, other):
    (found,) = said(made(zone, CronTriggerTimetable("0 6 * * *", timezone=other)))
    message = f"start_date has no time zone, and is read as one of {zone}, while the schedule is in {other}"
    assert found == (message, f"pendulum.datetime(…, tz={zone!r})")


def test_a_timetable_without_a_zone_has_that_of_the_dates():
    dag = DAG("a", schedule=None, start_date=pendulum.datetime(2025, 1, 1, tz="Asia/Tokyo"))
    assert zone_of(dag) == "Asia/Tokyo"
