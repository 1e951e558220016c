"""Dags that are late, worlds that make them so, and what is said of it."""

from datetime import datetime, timedelta, timezone

import pytest
from airflow.sdk import DAG, task
from airflow.sdk.definitions.deadline import AsyncCallback, DeadlineAlert, DeadlineReference

from harness.project.installed import airflow_version
from harness.world import World
from tests.engine.calendars import deadline_callbacks

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
QUEUED = DeadlineReference.DAGRUN_QUEUED_AT

from_3_2 = pytest.mark.skipif(airflow_version() < (3, 2), reason="came with Airflow 3.2")
from_3_3 = pytest.mark.skipif(airflow_version() < (3, 3), reason="came with Airflow 3.3")


def alert(minutes, callback=None, reference=QUEUED):
    return DeadlineAlert(
        reference, timedelta(minutes=minutes), callback or AsyncCallback(deadline_callbacks.note, {"text": "late"})
    )


def dag_of(*alerts, dag_id="late", schedule="@daily", **options):
    """A Dag of one task."""
    with DAG(dag_id, schedule=schedule, start_date=START, deadline=list(alerts), **options) as dag:
        task(lambda: None, task_id="work", queue="default")()
    return dag


def lasting(minutes, **executor):
    world = World()
    world.set_duration("*.work", f"{minutes}m")
    world.set_executor(**executor)
    return world


def messages(result):
    return [(finding.check, finding.severity, finding.message) for finding in result.findings]
