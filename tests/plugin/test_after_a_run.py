"""Clocks: those a test holds, and what a process looks like after a simulation, however it ended."""

from __future__ import annotations

from tests.plugin.conftest import Project

CLOCKS = """
import time
from datetime import date, datetime, timedelta, timezone

import freezegun
import pytest
import time_machine

from harness.errors import UsageError

UTC = timezone.utc


@freezegun.freeze_time("2025-05-05 10:00", tz_offset=0)
def test_freezegun_decorator(run_dag):
    fake = datetime
    assert run_dag("sales", "2025-01-01").task("at").xcom() == "2025-05-05T10:00:00+00:00"
    assert datetime is fake
    assert datetime.now() == datetime(2025, 5, 5, 10)
    assert time.time() == datetime(2025, 5, 5, 10, tzinfo=UTC).timestamp()


def test_frozen_time(frozen_time, run_dag):
    frozen_time.move_to("2025-03-01T12:00")
    assert datetime.now(UTC) == frozen_time.now == datetime(2025, 3, 1, 12, tzinfo=UTC)
    assert frozen_time.tick() == datetime(2025, 3, 1, 12, 0, 1, tzinfo=UTC)
    frozen_time.tick(timedelta(minutes=1))
    frozen_time.tick(0.5)
    result = run_dag("sales", "2025-01-01")
    assert result.task("at").xcom() == "2025-03-01T12:01:01.500000+00:00"
    assert datetime.now(UTC) == datetime(2025, 3, 1, 12, 1, 1, 500000, tzinfo=UTC)
    assert time.time() == frozen_time.now.timestamp()
    assert frozen_time.move_to(date(2025, 4, 1)) == datetime(2025, 4, 1, tzinfo=UTC)
    assert run_dag("sales", manual=True, only="at").task("at").xcom() == "2025-04-01T00:00:00+00:00"
    with pytest.raises(UsageError, match="is no date"):
        frozen_time.move_to("noon")


def test_time_goes_on():
    before = time.time()
    assert before > 1_750_000_000
    time.sleep(0.01)
    assert time.time() > before


def test_freezegun_handle(run_dag):
    with freezegun.freeze_time("2025-05-05") as clock:
        clock.tick(60)
        assert run_dag("sales", "2025-01-01", only="at").task("at").xcom() == "2025-05-05T00:01:00+00:00"
        clock.tick(60)
        assert datetime.now() == datetime(2025, 5, 5, 0, 2)
        clock.move_to("2025-06-01")
        assert run_dag("sales", "2025-01-01", only="at").task("at").xcom() == "2025-06-01T00:00:00+00:00"
    assert datetime.now().year > 2025 or datetime.now() > datetime(2025, 6, 2)


@time_machine.travel(datetime(2025, 7, 7, tzinfo=UTC), tick=False)
def test_time_machine(run_dag):
    assert run_dag("sales", "2025-01-01", only="at").task("at").xcom() == "2025-07-07T00:00:00+00:00"
    assert datetime.now(UTC) == datetime(2025, 7, 7, tzinfo=UTC)
"""

STATE = """
import asyncio
import os
import signal
import sys
import time
from datetime import datetime

import pytest


def state():
    from airflow.sdk.execution_time import task_runner

    return {
        "clocks": (time.sleep, time.monotonic, time.time, datetime.now, time.time() // 86400),
        "environment": {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"},
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)],
        "policy": asyncio.get_event_loop_policy(),
        "comms": getattr(task_runner, "SUPERVISOR_COMMS", None),
        "streams": (sys.stdout, sys.stderr),
        "folder": os.getcwd(),
        "trace": sys.gettrace(),
    }


@pytest.fixture(autouse=True)
def unchanged(request, run_dag):
    before = state()
    yield
    after = state()
    if "user_interrupts" in request.node.name:  # then pytest tears down after it has ended its capturing
        del before["streams"], after["streams"]
    assert {name: value for name, value in after.items() if value != before[name]} == {}


def dag_of(body):
    from airflow.sdk import DAG, task

    with DAG("made", schedule=None) as dag:
        task(body, task_id="t")()
    return dag


def meddle():
    os.environ["LEFT_BEHIND"] = "1"
    os.chdir("/")
    time.sleep(100)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    asyncio.run(asyncio.sleep(5))


def test_success(run_dag):
    assert run_dag(dag_of(meddle)).state == "success"


def test_failure(run_dag):
    def fail():
        meddle()
        raise ValueError

    assert run_dag(dag_of(fail)).state == "failed"


def test_a_failing_test_too(run_dag):
    assert run_dag(dag_of(meddle)).state == "failed"


def test_interrupt(run_dag):
    def interrupt():
        meddle()
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run_dag(dag_of(interrupt))


def test_interrupt_raised(run_dag):
    def interrupt():
        meddle()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_dag(dag_of(interrupt))


def test_zz_the_user_interrupts(run_dag):
    def interrupt():
        meddle()
        signal.raise_signal(signal.SIGINT)

    run_dag(dag_of(interrupt))
"""


def test_clocks(project: Project):
    project.write(test_it=CLOCKS)
    project.pytest().assert_outcomes(passed=5)


def test_the_process_is_what_it_was(project: Project):
    project.write(test_it=STATE)
    result = project.pytest()
    result.stdout.fnmatch_lines(["*KeyboardInterrupt*"])
    assert result.ret == 2
    result.assert_outcomes(passed=4, failed=1)
    assert project.left_behind() == []


ENDS = """
def test_red(run_dag):
    import atexit
    import os

    from airflow.sdk import DAG, task

    with DAG("ends", schedule=None) as dag:
        task(lambda: atexit.register(os._exit, 0) and None, task_id="t")()
    assert run_dag(dag).state == "failed"
"""


def test_what_a_task_leaves_for_the_end_of_the_process_does_not_make_pytest_green(project: Project):
    project.write(test_it=ENDS)
    result = project.pytest()
    result.assert_outcomes(failed=1)
    assert result.ret == 1
