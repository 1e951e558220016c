"""Faults of tasks' tries: what follows is what Airflow makes of such a failure."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from airflow.sdk import DAG, task

from harness.errors import UnmatchedEntry, WorldError
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


def loads(body=lambda: "done", **settings):
    with DAG("sales", schedule="@daily", start_date=START) as dag:
        task(body, task_id="load", **{"retries": 2, "retry_delay": timedelta(minutes=5), **settings})()
    return dag


def attempts(result, task_id="load"):
    return [(one.try_number, one.state) for one in result.task(task_id).attempts]


def lasted(result, number=0):
    one = result.task("load").attempts[number]
    return one.end_date - one.start_date


def test_the_nth_try_fails_before_or_after_its_code(rehearse):
    ran, world = [], World()
    world.fault("fails", "sales.load", on_try=1)
    world.fault("fails", "sales.load", on_try=2, when="end")
    result = rehearse(loads(lambda ti=None: ran.append(ti.try_number)), world)
    assert attempts(result) == [(1, "up_for_retry"), (2, "up_for_retry"), (3, "success")]
    assert ran == [2, 3]
    assert "a fault of the world: its code raises" in result.task("load").attempts[0].reason
    assert [(one.kind, one.happened) for one in result.world_events] == [("fault", True)] * 2
    assert "sales.load, try 2 of scheduled__2025-01-01" in result.world_events[1].what


def test_a_try_fails_in_the_middle(rehearse):
    ran, world = [], World()

    def body():
        time.sleep(3600)
        ran.append("whole")

    world.fault("fails", "load", on_try=[1, 2], when="20m")
    result = rehearse(loads(body), world)
    assert attempts(result) == [(1, "up_for_retry"), (2, "up_for_retry"), (3, "success")]
    assert [lasted(result, number) for number in (0, 1, 2)] == [HOUR / 3, HOUR / 3, HOUR]
    assert ran == ["whole"]


def test_without_retries_the_task_fails(rehearse):
    world = World()
    world.fault("fails", "sales.*")
    assert rehearse(loads(retries=0), world).state == "failed"


def test_a_lost_worker_is_found_by_the_missed_heartbeat(rehearse):
    """The last heartbeat was sent at 10m, the limit of 300 s is over when the scheduler looks at 15m."""
    killed, world = [], World()

    def body():
        try:
            time.sleep(3600)
        except Exception:
            killed.append("seen")

    world.fault("lost", "sales.load", on_try=1, when="10m3s")
    result = rehearse(loads(body, on_retry_callback=lambda _: killed.append("told")), world)
    assert attempts(result) == [(1, "up_for_retry"), (2, "success")]
    assert lasted(result) == timedelta(minutes=15)
    first, second = result.task("load").attempts
    assert first.reason == "no heartbeat for 300 s: its worker was lost at 2025-01-01T00:10:03Z"
    assert second.start_date - START == timedelta(minutes=20)
    assert "seen" not in killed


def test_a_worker_lost_at_the_beginning_has_run_nothing_at_the_end_everything(rehearse):
    ran, world = [], World()
    world.fault("lost", "sales.load", on_try=1)
    world.fault("lost", "sales.load", on_try=2, when="end")
    result = rehearse(loads(lambda ti=None: ran.append(ti.try_number) or "value"), world)
    assert attempts(result) == [(1, "up_for_retry"), (2, "up_for_retry"), (3, "success")]
    assert ran == [2, 3]
    assert lasted(result) == timedelta(minutes=5)


def test_a_lost_worker_calls_no_on_kill_and_its_slot_stays_taken(rehearse):
    seen, world = [], World()

    class Slow(task(lambda: 1).operator_class):
        def execute(self, context):
            time.sleep(3600)

        def on_kill(self):
            seen.append("on_kill")

    with DAG("sales", schedule="@daily", start_date=START) as dag:
        Slow(task_id="load", python_callable=lambda: 1, op_args=[], op_kwargs={}, pool="one", priority_weight=2)
        task(lambda: 1, task_id="next", pool="one")()
    world.set_pool("one", 1)
    world.fault("lost", "sales.load", when="1m")
    result = rehearse(dag, world)
    assert (result.task("load").state, seen) == ("failed", [])
    assert result.task("next").start_date - START == timedelta(minutes=6)


@pytest.mark.parametrize(("retries", "state"), [(1, "up_for_retry"), (0, "failed")])
def test_who_is_told_of_a_lost_worker_is_what_the_installed_airflow_asks_for(rehearse, retries, state):
    """Up to 3.3 the heartbeat's request and the executor's event each ask: one task, two calls (mended in 3.4)."""
    from harness.bridge.versions.scheduling import heartbeat_rules

    told, world = [], World()
    names = ("on_retry_callback", "on_failure_callback")
    callbacks = {name: (lambda _, name=name: told.append(name)) for name in names}
    world.fault("lost", "sales.load", on_try=1)
    result = rehearse(loads(retries=retries, **callbacks), world)
    assert attempts(result)[0] == (1, state)
    assert tuple(told) == heartbeat_rules().callbacks(state == "up_for_retry")


def test_a_lost_worker_of_a_fail_fast_dag_stops_the_others(rehearse):
    world = World()
    with DAG("sales", schedule="@daily", start_date=START, fail_fast=True) as dag:
        task(lambda: time.sleep(60), task_id="load")()
        task(lambda: time.sleep(7200), task_id="other")()
    world.fault("lost", "sales.load")
    result = rehearse(dag, world)
    assert {ti.task_id: ti.state for ti in result.task_instances} == {"load": "failed", "other": "failed"}


def test_a_slow_try_takes_so_much_longer(rehearse):
    world = World()
    world.fault("slow", "sales.load", lasts="30m")
    assert lasted(rehearse(loads(lambda: time.sleep(3600)), world)) == 1.5 * HOUR


def test_a_slow_try_ends_at_its_execution_timeout(rehearse):
    world = World()
    world.fault("slow", "sales.load", lasts="30m", on_try=1)
    result = rehearse(loads(execution_timeout=timedelta(minutes=10)), world)
    assert attempts(result) == [(1, "up_for_retry"), (2, "success")]
    assert lasted(result) == timedelta(minutes=10)


def test_an_error_of_the_xcom_store_fails_the_try(rehearse):
    world = World()
    world.fault("xcom-error", "sales.load", on_try=1)
    result = rehearse(loads(), world)
    assert attempts(result) == [(1, "up_for_retry"), (2, "success")]
    assert "API_SERVER_ERROR" in result.task("load").attempts[0].reason
    assert result.task("load").xcom() == "done"


def test_a_full_disk_leaves_an_empty_file_for_the_next_try(rehearse, tmp_path):
    world, found = World(), []
    file = tmp_path / "out.csv"
    file.write_text("yesterday's")

    def body():
        found.append(file.read_text())
        with tempfile.NamedTemporaryFile("w", dir=tmp_path) as scratch:
            scratch.write("x")
        file.write_text("today's")

    world.fault("disk-full", "sales.load", on_try=1)
    result = rehearse(loads(body), world)
    assert attempts(result) == [(1, "up_for_retry"), (2, "success")]
    assert "No space left on device" in result.task("load").attempts[0].reason
    assert found == ["yesterday's", "yesterday's"]
    assert file.read_text() == "today's"

    world.faults.clear()
    world.fault("disk-full", "sales.load", on_try=1)
    result = rehearse(loads(lambda: found.append(file.read_text()) or file.write_text("new")), world)
    assert found[-2:] == ["today's", ""]
    assert Path(file).read_text() == "new"


def in_a_database():
    with closing(sqlite3.connect("rows.db")) as database:
        database.execute("create table rows (n)")


def by_a_program():
    subprocess.run(["sh", "-c", "echo 1 > out.csv"], check=True)


@pytest.mark.parametrize(
    ("writes", "told"),
    [(in_a_database, r"rows\.db \(8,192 bytes\)"), (by_a_program, r"out\.csv \(2 bytes\)"), (lambda: print("x"), None)],
)
def test_what_a_full_disk_does_not_reach_is_told(rehearse, tmp_path, monkeypatch, writes, told):
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("there.csv").write_text("before")
    tmp_path.joinpath("logs").mkdir()
    world = World()
    world.fault("disk-full", "sales.load", on_try=1)

    def body():
        writes()
        with suppress(OSError):
            Path("logs", "mine.csv").write_text("x")

    with tmp_path.joinpath("held").open("w") as held:  # somebody's who is no task
        held.write("x" * 100_000)
        result = rehearse(loads(body), world)
    facts = [one.message for one in result.findings]
    if told is None:
        assert facts == []
    else:
        [fact] = facts
        assert re.fullmatch(
            rf"the fault 'disk-full' of sales\.load did not reach {told}: C code or a program wrote there", fact
        )


def test_what_other_tasks_write_meanwhile_is_theirs(rehearse, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    world = World()
    world.fault("disk-full", "sales.load", on_try=1)
    dag = loads(lambda: time.sleep(60))

    def other():
        time.sleep(30)
        Path("theirs.csv").write_text("x")

    with dag:
        task(other)()
    result = rehearse(dag, world)
    assert [one.message for one in result.findings] == ["the fault 'disk-full' of sales.load struck no try"]
    assert tmp_path.joinpath("theirs.csv").read_text() == "x"


def test_a_fault_that_strikes_nobody_is_told(rehearse):
    world = World()
    world.fault("fails", "sales.load", on_try=5)
    result = rehearse(loads(), world)
    assert [one.happened for one in result.world_events] == [False]
    [finding] = result.findings
    assert (finding.check, finding.severity) == ("world-event", "warning")
    assert finding.message == "the fault 'fails' of sales.load struck no try"


def test_a_fault_of_a_task_that_is_not_there_is_an_error(rehearse):
    world = World()
    world.fault("fails", "sales.laod")
    with pytest.raises(UnmatchedEntry, match=r"fault 'sales\.laod' matches no task"):
        rehearse(loads(), world)


@pytest.mark.parametrize(
    ("kind", "settings", "fact"),
    [
        ("explodes", {"task": "a.b"}, "kind has an unknown value"),
        ("fails", {}, "key 'task' is missing"),
        ("fails", {"task": "a.b", "at": "+1h"}, "at goes with down"),
        ("fails", {"task": "a.b", "on_try": 0}, "on_try counts from 1"),
        ("fails", {"task": "a.b", "when": "soon"}, "when: 'soon' is not a duration"),
        ("fails", {"task": "a.b", "lasts": 3}, "lasts goes with slow, not with fails"),
        ("slow", {"task": "a.b"}, "slow needs lasts"),
        ("slow", {"task": "a.b", "lasts": 3, "when": "end"}, "when goes with fails, lost"),
        ("down", {"task": "a.b"}, "task goes with fails"),
        ("down", {}, "key 'connection' is missing"),
        ("down", {"connection": "c", "at": "soon"}, "at must be a time"),
    ],
)
def test_what_means_nothing_is_refused(kind, settings, fact):
    with pytest.raises(WorldError, match=fact):
        World().fault(kind, **settings)


def test_a_slice_after_a_reschedule_is_the_same_try(rehearse):
    """A fault strikes a try once: a sensor that is rescheduled is not struck at each poke."""
    world, pokes = World(), []

    with DAG("sales", schedule="@daily", start_date=START) as dag:

        @task.sensor(mode="reschedule", poke_interval=60, timeout=3600, retries=1, retry_delay=timedelta(0))
        def load():
            pokes.append(1)
            return len(pokes) > 2

        load()
    world.fault("lost", "sales.load", on_try=1, when="end")
    result = rehearse(dag, world)
    assert result.state == "success"
    assert [one.happened for one in result.world_events] == [True]


def test_the_log_of_a_worker_that_is_gone_ends_with_what_it_said(rehearse, capfd):
    """Lost, or killed by what ends its run or its time: a process that is gone logs no exception of its own."""

    def body():
        try:
            print("reading")
            time.sleep(7200)
        finally:
            print("closed")

    world = World()
    world.fault("lost", "sales.load", when="20m")
    lost = rehearse(loads(body, retries=0), world).task("load")
    assert lost.state == "failed"
    assert "reading" in lost.log
    assert "closed" not in lost.log
    with DAG("sales", schedule="@daily", start_date=START, dagrun_timeout=HOUR) as dag:
        task(body, task_id="load")()
    cut = rehearse(dag, World()).task("load")
    assert "closed" in cut.log  # SIGTERM lets it say so
    for log in (lost.log, cut.log):
        assert "ProcessKilled" not in log
        assert "Task failed" not in log
