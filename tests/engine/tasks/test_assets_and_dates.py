"""What a run is told of its assets and its dates."""

from datetime import datetime, timedelta, timezone

import pytest

from harness.errors import HarnessError

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def test_asset_events_are_written_and_read(rehearse):
    from airflow.sdk import DAG, Asset, Metadata, task

    orders = Asset("orders", uri="s3://lake/orders")
    with DAG("lake", schedule="@daily", start_date=START) as dag:

        @task(outlets=[orders])
        def write():
            yield Metadata(orders, {"rows": 3})

        @task(inlets=[orders])
        def read(inlet_events=None):
            return [event.extra for event in inlet_events[orders]]

        @task
        def writes(outlet_events=None):
            return 1

        @task(outlets=[orders])
        def write_more(outlet_events=None):
            outlet_events[orders].extra = {"rows": 5}

        write() >> write_more() >> read()
    result = rehearse(dag)
    assert result.task("read").xcom() == [{"rows": 3}, {"rows": 5}]


def test_data_interval_and_run_ids_are_the_schedules_own(rehearse):
    from airflow.sdk import DAG, task
    from airflow.timetables.interval import CronDataIntervalTimetable

    with DAG("interval", schedule=CronDataIntervalTimetable("0 6 * * *", timezone="UTC"), start_date=START) as dag:
        task(
            lambda data_interval_start=None, data_interval_end=None: [str(data_interval_start), str(data_interval_end)],
            task_id="show",
        )()
    result = rehearse(dag, logical_date="2025-01-02T06:00")
    assert result.run_id == "scheduled__2025-01-03T06:00:00+00:00"
    assert result.task("show").xcom() == ["2025-01-02 06:00:00+00:00", "2025-01-03 06:00:00+00:00"]
    assert result.run_type == "scheduled"
    manual = rehearse(dag, logical_date="2025-01-02T12:34", manual=True)
    assert manual.run_type == "manual"
    assert manual.run_id.startswith("manual__")


def test_dates_off_the_schedule_name_the_nearest(rehearse):
    from airflow.sdk import DAG, task

    with DAG("weekly", schedule="0 6 * * 1", start_date=START, end_date=START + timedelta(days=60)) as dag:
        task(lambda: 1, task_id="t")()
    with pytest.raises(HarnessError) as caught:
        rehearse(dag, logical_date="2025-01-15")
    assert "2025-01-13T06:00:00Z, 2025-01-20T06:00:00Z" in str(caught.value)
    with pytest.raises(HarnessError, match="start_date is 2025-01-01"):
        rehearse(dag, logical_date="2024-01-15")
    assert rehearse(dag, logical_date="2025-01-15", manual=True).state == "success"


def test_assets_behind_a_condition_are_known_and_start_no_date(rehearse):
    from airflow.sdk import DAG, Asset, AssetAll, task

    one, two = Asset("one", uri="s3://lake/one"), Asset("two", uri="s3://lake/two")
    with DAG("consumer", schedule=AssetAll(one, two), start_date=START) as dag:

        @task(inlets=[one])
        def read(triggering_asset_events=None, dag_run=None):
            return [dag_run.run_type, [e.extra for events in triggering_asset_events.values() for e in events]]

        read()
    result = rehearse(dag, asset_events=(("one", "s3://lake/one", {"rows": 1}),))
    assert result.run_type == "asset_triggered"
    assert result.logical_date is None
    assert result.task("read").xcom() == ["asset_triggered", [{"rows": 1}]]
