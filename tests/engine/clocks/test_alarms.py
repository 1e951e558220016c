"""``signal.alarm`` in tasks: virtual time where they wait, real time where they compute."""

import asyncio
import signal
import subprocess
import time
from datetime import datetime, timedelta, timezone
from signal import SIGALRM, alarm, getsignal

import pytest
from airflow.sdk import DAG, get_current_context, task

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


class Late(Exception):
    pass


def late(number, frame):
    raise Late(number)


def passed(began):
    return (datetime.now() - began).total_seconds()


def in_a_wait():
    signal.signal(signal.SIGALRM, late)
    began = datetime.now()
    signal.alarm(30)
    try:
        time.sleep(600)
    except Late:
        return [passed(began), signal.alarm(0)]


def in_a_loop():
    signal.signal(SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        while True:
            pass
    except Late:
        return "stopped"


def again_and_again():
    rung, began = [], datetime.now()
    signal.signal(SIGALRM, lambda *_: rung.append(passed(began)))
    signal.setitimer(signal.ITIMER_REAL, 60, 120)
    time.sleep(480)
    return [rung, passed(began), list(signal.getitimer(signal.ITIMER_REAL))]


def set_anew():
    signal.signal(SIGALRM, late)
    left = [signal.alarm(60), signal.alarm(10)]
    time.sleep(4)
    left.append(alarm(0))
    time.sleep(100)
    former = signal.signal(SIGALRM, signal.SIG_IGN)
    alarm(1)
    time.sleep(2)
    return [*left, former is late, getsignal(SIGALRM) == signal.SIG_IGN]


def in_asyncio():
    signal.signal(SIGALRM, late)
    signal.alarm(5)
    try:
        asyncio.run(asyncio.sleep(3600))
    except Late:
        return "stopped"


def a_handler_that_waits():
    began = datetime.now()
    signal.signal(SIGALRM, lambda *_: time.sleep(100))
    signal.alarm(10)
    time.sleep(60)
    return passed(began)


WAYS = {
    in_a_wait: [30.0, 0],
    in_a_loop: "stopped",
    again_and_again: [[60.0, 180.0, 300.0, 420.0], 480.0, [60.0, 120.0]],
    set_anew: [0, 60, 6, True, True],
    in_asyncio: "stopped",
    a_handler_that_waits: 110.0,
}


@pytest.mark.parametrize(("body", "returned"), WAYS.items(), ids=[body.__name__ for body in WAYS])
def test_a_task_has_an_alarm_of_its_own(rehearse, body, returned):
    with DAG("alarms", schedule="@daily", start_date=START) as dag:
        task(task_id="t")(body)()
    result = rehearse(dag)
    assert result.state == "success", result.task("t").log
    assert result.task("t").xcoms["return_value"] == returned


def test_what_a_task_leaves_rings_nowhere(rehearse):
    with DAG("alarms", schedule="@daily", start_date=START) as dag:

        @task
        def leaves():
            signal.signal(SIGALRM, late)
            signal.alarm(1)

        @task
        def waits():
            time.sleep(3600)
            return getsignal(SIGALRM) == signal.SIG_DFL

        leaves() >> waits()
    before = signal.getsignal(SIGALRM), signal.alarm, signal.getitimer(signal.ITIMER_REAL)
    result = rehearse(dag)
    assert result.task("waits").xcoms["return_value"] is True
    assert (result.end_date - result.start_date).total_seconds() == 3600
    assert (signal.getsignal(SIGALRM), signal.alarm, signal.getitimer(signal.ITIMER_REAL)) == before


def test_a_time_limit_of_airflow_holds_beside_it(rehearse):
    with DAG("alarms", schedule="@daily", start_date=START) as dag:

        @task(execution_timeout=timedelta(seconds=10))
        def long():
            signal.signal(SIGALRM, late)
            signal.alarm(3600)
            time.sleep(60)

        @task(execution_timeout=timedelta(seconds=3600))
        def short():
            signal.signal(SIGALRM, late)
            signal.alarm(10)
            time.sleep(60)

        [long(), short()]
    result = rehearse(dag)
    assert result.task("long").error.kind == "AirflowTaskTimeout"
    assert result.task("short").error.kind == "Late"


def test_without_a_handler_the_process_ends_and_is_retried(rehearse):
    with DAG("alarms", schedule="@daily", start_date=START) as dag:

        @task(retries=1, retry_delay=timedelta(minutes=1))
        def nobody_handles():
            if get_current_context()["ti"].try_number == 1:
                signal.alarm(2)
                time.sleep(60)
            return "second"

        nobody_handles()
    found = rehearse(dag).task("nobody_handles")
    assert [attempt.state for attempt in found.attempts] == ["up_for_retry", "success"]
    assert "nothing handles SIGALRM" in found.attempts[0].reason
    assert (found.attempts[0].end_date - found.attempts[0].start_date).total_seconds() == 2


def test_a_child_that_a_task_starts_has_the_real_one(rehearse):
    with DAG("alarms", schedule="@daily", start_date=START) as dag:

        @task
        def child():
            return subprocess.run(["python", "-c", "import signal; signal.alarm(1); signal.pause()"]).returncode

        child()
    assert rehearse(dag).task("child").xcoms["return_value"] == -signal.SIGALRM
