"""A run of a ledger as it was: which tasks are given the time that they took there, and which wait by themselves."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from airflow.providers.standard.sensors.date_time import DateTimeSensor, DateTimeSensorAsync
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import DAG, task

from harness.ledger.past_run import PastRun
from harness.ledger.past_tries import PastSlice, PastTries, PastTry
from harness.simulation import Rehearsal, RunOptions
from harness.simulation.replays.incidents import world_as_then
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
MINUTE = 60_000_000
PAST = PastRun(Path("then"), "friday", "r1", "manual", None, None, None, "2025-01-01T00:00:00Z")


def tries_of(**tries):
    """What a ledger tells of tasks: by number, the slices of each try."""
    found = {
        ("friday", "r1", name, -1): {number: PastTry(tuple(slices)) for number, slices in enumerate(of_task, 1)}
        for name, of_task in tries.items()
    }
    return PastTries(PAST.ledger, found, {}, {}, {})


def lasted(minutes, ends="success", waits=0):
    return PastSlice(minutes * MINUTE, ends, waits * MINUTE)


@pytest.fixture
def friday():
    with DAG("friday", schedule=None, start_date=START) as dag:
        at = START.isoformat()
        DateTimeSensorAsync(task_id="always_defers", target_time=at)
        TimeDeltaSensor(task_id="may_defer", delta=timedelta(minutes=5), deferrable=True)
        TimeDeltaSensor(task_id="pokes_in_a_worker", delta=timedelta(minutes=5), deferrable=False)
        DateTimeSensor(task_id="comes_again", target_time=at, mode="reschedule")

        @task(retries=2, retry_delay=timedelta(minutes=1))
        def loads(ti=None):
            if ti.try_number < 3:
                raise ValueError("not yet")

        loads()
    return dag


def test_what_leaves_its_worker_to_wait_takes_the_time_that_it_waits_here(friday):
    """The ledger of a deployed Airflow has each try in one piece, as here."""
    names = [one.task_id for one in friday.tasks]
    then = world_as_then(PAST, tries_of(**{name: [[lasted(60)]] for name in names}), friday, World())
    assert {task_id for _, task_id, _ in then.tries_last} == {"pokes_in_a_worker", "loads"}


def test_a_ledger_that_tells_of_waiting_is_believed(friday):
    waited = [lasted(1, "deferred", 30), lasted(1)]
    assert world_as_then(PAST, tries_of(loads=[waited]), friday, World()).tries_last == {}


def test_each_try_takes_what_it_took_and_one_more_what_the_last_one_did(friday):
    tries = tries_of(loads=[[lasted(5, "up_for_retry")], [lasted(2, "up_for_retry")]])
    world = world_as_then(PAST, tries, friday, World())
    rehearsal = Rehearsal()
    rehearsal.folder.dags["friday"] = friday
    result = rehearsal.run("friday", world, RunOptions(manual=True, logical_date=START, only=("loads",)))
    attempts = result.task("loads").attempts
    assert [(one.end_date - one.start_date) // timedelta(minutes=1) for one in attempts] == [5, 2, 2]
