"""How events of assets become runs, as the installed Airflow has it: one for all that wait, or one each."""

import importlib.util
import time
from datetime import datetime, timezone

import pytest
from airflow.sdk import DAG, Asset, task

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
A, B = Asset("a"), Asset("b")
ONE_EACH = importlib.util.find_spec("airflow.sdk.importers") is not None  # came with the same version, 3.4
needs_each = pytest.mark.skipif(not ONE_EACH, reason="one run an event came with 3.4")


def count(triggering_asset_events):
    return sum(len(events) for events in triggering_asset_events.values())


def slow(triggering_asset_events):
    time.sleep(900)
    return count(triggering_asset_events)


def folder(*consumers):
    with DAG("producer", schedule="@hourly", start_date=START) as dag:
        for name, outlets in (("one", [A]), ("two", [A, B])):
            task(task_id=name, outlets=outlets)(lambda: None)()
    return dag, *consumers


def consumer(dag_id, schedule, body=count, **options):
    with DAG(dag_id, schedule=schedule, start_date=START, **options) as dag:
        task(task_id="work")(body)()
    return dag


def taken(result, dag_id):
    return [run.task("work").xcom() for run in result.runs_of(dag_id) if run.state == "success"]


def test_two_events_of_an_instant_make_the_runs_that_the_installed_airflow_makes(calendar):
    dags = folder(consumer("either", A | B), consumer("both", A & B), consumer("one", A))
    result = calendar("2025-01-01T00:00", "2025-01-01T00:30", *dags)
    assert result.ok, result
    assert taken(result, "both") == [3]  # a condition with "and" takes all that wait
    assert taken(result, "one") == ([1, 1] if ONE_EACH else [2])
    assert taken(result, "either") == ([1, 1, 1] if ONE_EACH else [3])
    assert len({run.run_id for run in result.runs_of("either")}) == len(result.runs_of("either"))


@needs_each
def test_the_setting_and_the_timetable_have_all_events_in_one_run(calendar, monkeypatch):
    from airflow.sdk import AssetTriggeredTimetable

    explicit = consumer("explicit", AssetTriggeredTimetable(A | B, batch_asset_events=True))
    monkeypatch.setenv("AIRFLOW__SCHEDULER__BATCH_ASSET_EVENTS", "true")
    result = calendar("2025-01-01T00:00", "2025-01-01T00:30", *folder(explicit, consumer("by_setting", A | B)))
    assert taken(result, "explicit") == taken(result, "by_setting") == [3]


@needs_each
def test_events_wait_for_a_run_that_max_active_runs_leaves(calendar):
    dags = folder(consumer("narrow", A | B, slow, max_active_runs=1))
    result = calendar("2025-01-01T00:00", "2025-01-01T00:50", *dags)
    runs = [run for run in result.runs_of("narrow") if run.state == "success"]
    assert [(run.start_date - result.since).total_seconds() / 60 for run in runs] == [0, 15, 30]
    assert taken(result, "narrow") == [1, 1, 1]


@needs_each
@pytest.mark.parametrize(("catchup", "expected"), [(False, [1, 1, 1]), (True, [1] * 6)])
def test_events_from_while_a_dag_was_paused_are_for_those_that_catch_up(calendar, catchup, expected):
    dags = folder(consumer("paused", A | B, is_paused_upon_creation=True, catchup=catchup))
    unpause = "2025-01-01T00:30 unpause paused"
    result = calendar("2025-01-01T00:00", "2025-01-01T01:30", *dags, actions=[unpause])
    assert result.ok, result
    assert taken(result, "paused") == expected
