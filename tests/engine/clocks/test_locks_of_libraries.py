"""A library's lock is each task's own: a worker process has one task."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

from airflow.sdk import DAG, task

from harness.world import World

CLIENT = threading.Lock()


def ask(secs: int) -> int:
    with CLIENT:
        time.sleep(secs)  # tries again and again
    return secs


def test_a_lock_of_a_library_that_a_sleeping_task_holds_keeps_no_other_task(rehearse):
    with DAG("asks", schedule=None, start_date=datetime(2025, 1, 1)) as dag:
        task(ask, task_id="ask").expand(secs=[600, 60, 3600])
    result = rehearse(dag, World())
    assert [ti.end_date - ti.start_date for ti in result.tasks("ask")] == [
        timedelta(minutes=10),
        timedelta(minutes=1),
        timedelta(hours=1),
    ]
    assert not CLIENT.locked()


def test_threads_of_one_task_do_wait_for_it(rehearse):
    def both():
        ends = []

        def work():
            ask(60)
            ends.append(datetime.now().minute)

        threads = [threading.Thread(target=work) for _ in range(2)]
        with CLIENT:
            for one in threads:
                one.start()
            time.sleep(300)
        for one in threads:
            one.join()
        return sorted(ends)

    with DAG("asks", schedule=None, start_date=datetime(2025, 1, 1)) as dag:
        task(both)()
    assert rehearse(dag, World(), start="2025-01-01").task("both").xcom() == [6, 7]
    assert not CLIENT.locked()


def test_a_lock_that_a_thread_of_another_task_has_taken_is_waited_for(rehearse):
    """Neither gives back what the other one holds, which would be an error (``release unlocked lock``)."""

    def in_a_thread():
        time.sleep(60)
        thread = threading.Thread(target=ask, args=(1800,))
        thread.start()
        thread.join()
        return CLIENT.locked()

    def twice():
        with CLIENT:
            time.sleep(600)
            time.sleep(600)

    with DAG("asks", schedule=None, start_date=datetime(2025, 1, 1)) as dag:
        task(in_a_thread)()
        task(twice)()
    result = rehearse(dag, World())
    assert result.state == "success", result
    assert result.task("in_a_thread").xcom() is False
    lasted = {ti.task_id: ti.end_date - ti.start_date for ti in result.task_instances}
    assert lasted == {"in_a_thread": timedelta(minutes=31), "twice": timedelta(minutes=41)}
    assert not CLIENT.locked()
