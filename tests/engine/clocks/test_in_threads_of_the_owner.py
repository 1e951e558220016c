"""A run that is asked for in another thread than the main one: as virtual as any, one at a time."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta, timezone

import pytest

from harness.errors import AlreadySimulating

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def in_thread(body):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(body).result(timeout=120)


@pytest.fixture
def busy():
    from airflow.sdk import DAG, task

    def sleeps():
        time.sleep(3600)
        return datetime.now(timezone.utc).isoformat()

    async def awaits():
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    def joins():
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(time.sleep, [60, 120]))

    def hangs():
        time.sleep(60)

    with DAG("busy", schedule="@daily", start_date=START) as dag:
        for body in (sleeps, joins):
            task(body, task_id=body.__name__)()
        task(lambda: asyncio.run(awaits()), task_id="awaits")()
        task(hangs, task_id="hangs", execution_timeout=timedelta(seconds=5))()
    return dag


def test_a_run_in_a_thread_is_the_run_of_the_main_one(rehearse, busy):
    threaded, here = in_thread(lambda: rehearse(busy)), rehearse(busy)
    assert threaded.events == here.events
    assert threaded.task("sleeps").xcom() == "2025-01-01T01:00:00+00:00"
    assert {ti.name: ti.state for ti in threaded.task_instances if ti.state != "success"} == {"hangs": "failed"}


def test_two_at_once_are_refused_and_the_first_is_not_disturbed(rehearse):
    from airflow.sdk import DAG, task

    begun, refused = threading.Event(), threading.Event()

    def waits():
        begun.set()
        while not refused.is_set():
            time.sleep(1)

    with DAG("long", schedule="@daily", start_date=START) as dag:
        task(waits, task_id="waits")()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(rehearse, dag)
        assert begun.wait(60)
        try:
            with pytest.raises(AlreadySimulating):
                rehearse(dag)
        finally:
            refused.set()
        assert first.result(timeout=60).state == "success"


def test_a_task_that_catches_its_end_is_a_finding(rehearse):
    from airflow.sdk import DAG, task

    def stubborn():
        while True:
            with suppress(BaseException):
                time.sleep(3600)

    def fails():
        time.sleep(60)
        raise ValueError("no")

    with DAG("ends", schedule="@daily", start_date=START, fail_fast=True) as dag:
        task(stubborn, task_id="stubborn")()
        task(fails, task_id="fails")()
    [finding] = rehearse(dag).findings
    assert (finding.check, finding.task_id) == ("kill-ignored", "stubborn")


def test_threads_are_forgotten_with_their_tasks(rehearse):
    import gc
    import weakref

    from airflow.sdk import DAG, task

    kept = []

    class Big:
        """Something a thread holds."""

    def starts():
        big = Big()
        kept.append(weakref.ref(big))
        thread = threading.Thread(target=lambda held=big: time.sleep(1))
        thread.start()
        thread.join()

    def looks():
        gc.collect()
        return sum(1 for each in kept if each() is not None)

    with DAG("threads", schedule="@daily", start_date=START) as dag:
        started = [task(starts, task_id=f"starts_{n}")() for n in range(4)]
        started >> task(looks, task_id="looks")()
    assert rehearse(dag).task("looks").xcom() == 0
