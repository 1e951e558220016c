"""Threads of a task: they sleep in virtual time, and whoever waits for them waits in it."""

import asyncio
import queue
import subprocess
import sys
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, as_completed, wait
from concurrent.futures import TimeoutError as NotInTime
from datetime import datetime, timedelta, timezone
from multiprocessing.pool import ThreadPool

import pytest

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def told(rehearse):
    """What a task body tells: ``body(passed)``, where ``passed()`` is the virtual seconds since it began."""

    def tell(body, **arguments):
        from airflow.sdk import DAG, task

        def run():
            began = datetime.now(timezone.utc)
            return body(lambda: (datetime.now(timezone.utc) - began).total_seconds())

        with DAG("threads", schedule="@daily", start_date=START) as dag:
            task(run, task_id="t", **arguments)()
        result = rehearse(dag).task("t")
        assert result.state == "success", result.error
        return result.xcom()

    return tell


def test_work_in_threads_takes_its_time_for_whoever_awaits_it(told):
    def body(passed):
        async def main():
            await asyncio.to_thread(time.sleep, 100)
            one = passed()
            await asyncio.gather(asyncio.to_thread(time.sleep, 100), asyncio.to_thread(time.sleep, 50))
            two = passed()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.to_thread(time.sleep, 100), 5)
            return [one, two, passed()]

        return [*asyncio.run(main()), passed()]  # the end of asyncio.run waits for its threads

    assert told(body) == [100, 200, 205, 300]


def test_a_loop_goes_on_while_threads_sleep(told):
    def body(passed):
        ticks = []

        async def tick():
            while True:
                await asyncio.sleep(30)
                ticks.append(passed())

        async def main():
            ticking = asyncio.create_task(tick())
            await asyncio.get_running_loop().run_in_executor(None, time.sleep, 100)
            ticking.cancel()
            return passed()

        return [asyncio.run(main()), ticks]

    assert told(body) == [100, [30, 60, 90]]


def test_a_future_has_its_result_at_the_instant_its_work_ends(told):
    def body(passed):
        with ThreadPoolExecutor(2) as pool:
            pool.submit(time.sleep, 100).result()
            seen = [passed()]
            late = pool.submit(time.sleep, 100)
            with pytest.raises(NotInTime):
                late.result(timeout=5)
            seen.append(passed())
            seen += [pool.submit(time.sleep, 10).result(), passed()]
            return [*seen, late.exception(), passed()]

    assert told(body) == [100, 105, None, 115, None, 200]


def test_futures_are_completed_in_the_order_of_their_instants(told):
    def nap(seconds):
        time.sleep(seconds)
        return seconds

    def body(passed):
        with ThreadPoolExecutor(2) as pool:
            ends = [(each.result(), passed()) for each in as_completed(pool.submit(nap, n) for n in (100, 10, 20))]
            done, rest = wait([pool.submit(nap, n) for n in (10, 30)], return_when=FIRST_COMPLETED)
            first = (len(done), passed())
            done, rest = wait(rest, timeout=5)
            second = (len(done), passed())
            with pytest.raises(NotInTime, match="unfinished"):
                list(as_completed(rest, timeout=5))
            return [ends, first, second, passed()]

    ends, first, second, last = told(body)
    assert [tuple(each) for each in ends] == [(10, 10), (20, 30), (100, 100)]
    assert (tuple(first), tuple(second), last) == ((1, 110), (0, 115), 120)


def test_a_pool_that_outlives_the_task_and_a_thread_that_is_polled(told):
    pool = ThreadPoolExecutor(1)

    def body(passed):
        first, second = pool.submit(time.sleep, 100), pool.submit(time.sleep, 100)
        time.sleep(50)
        second.result()
        thread = threading.Thread(target=time.sleep, args=[90])
        thread.start()
        polls = 0
        while thread.is_alive():
            time.sleep(20)
            polls += 1
        return [first.done(), passed(), polls]

    assert told(body) == [True, 300, 5]
    assert told(body) == [True, 300, 5]  # its worker is a thread of the first simulation
    pool.shutdown()


def test_events_conditions_queues_and_timers_wait_in_virtual_time(told):
    def body(passed):
        seen = [threading.Event().wait(60), passed()]
        event, items = threading.Event(), queue.Queue()
        threading.Timer(40, event.set).start()
        seen += [event.wait(10), event.wait(), passed()]
        with pytest.raises(queue.Empty):
            items.get(timeout=50)
        seen.append(passed())
        threading.Timer(25, items.put, ["late"]).start()
        seen += [items.get(timeout=50), passed()]
        slots = threading.Semaphore(0)
        seen += [slots.acquire(timeout=5), passed()]
        return seen

    assert told(body) == [False, 60, False, True, 100, 150, "late", 175, False, 180]


def test_a_thread_that_beats_keeps_step_with_its_task(told):
    def body(passed):
        stop, beats = threading.Event(), []

        def beat():
            while not stop.wait(30):
                beats.append(passed())

        thread = threading.Thread(target=beat)
        thread.start()
        time.sleep(100)
        real = time.perf_counter()
        while time.perf_counter() - real < 0.2:
            pass  # computing is no virtual time for threads either
        stop.set()
        thread.join()
        return [beats, passed()]

    assert told(body) == [[30, 60, 90], 100]


def test_a_worker_that_asks_its_loop_and_a_loop_in_a_thread(told):
    def body(passed):
        async def answer():
            await asyncio.sleep(40)
            return "answer"

        async def main():
            loop = asyncio.get_running_loop()
            asked = await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(answer(), loop).result())
            return [asked, passed()]

        seen = asyncio.run(main())
        with ThreadPoolExecutor() as pool:
            both = [pool.submit(asyncio.run, answer()) for _ in range(2)]
            return [*seen, [each.result() for each in both], passed()]

    assert told(body) == ["answer", 40, ["answer", "answer"], 80]


def test_a_trigger_that_blocks_in_a_thread_lets_the_others_go_on(rehearse, minutes):
    from airflow.sdk import DAG, BaseOperator

    from tests.engine.clocks import triggers

    class Defers(BaseOperator):
        def __init__(self, seconds, **kwargs):
            super().__init__(**kwargs)
            self.seconds = seconds

        def execute(self, context):
            self.defer(trigger=triggers.InThread(self.seconds), method_name="go_on")

        def go_on(self, context, event=None):
            return event

    with DAG("blocks", schedule="@daily", start_date=START) as dag:
        Defers(task_id="long", seconds=6000)
        Defers(task_id="short", seconds=600)
    table = minutes(rehearse(dag))
    assert (table[("long", "success")], table[("short", "success")]) == (100, 10)


def test_threads_of_two_tasks_have_each_its_own_context(rehearse):
    from airflow.sdk import DAG, get_current_context, task

    seen = []

    def work(seconds):
        time.sleep(seconds)
        seen.append((get_current_context()["ti"].task_id, datetime.now(timezone.utc).minute))

    def step(seconds):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work, [seconds, 2 * seconds]))

    with DAG("two", schedule="@daily", start_date=START) as dag:
        task(lambda: step(120), task_id="two")()
        task(lambda: step(180), task_id="three")()
    assert rehearse(dag).state == "success"
    assert seen == [("two", 2), ("three", 3), ("two", 4), ("three", 6)]


def test_execution_timeout_strikes_a_task_that_waits_for_a_thread(rehearse):
    from airflow.sdk import DAG, task

    def body():
        with ThreadPoolExecutor() as pool:
            pool.submit(time.sleep, 100).result()

    with DAG("late", schedule="@daily", start_date=START) as dag:
        task(body, task_id="t", execution_timeout=timedelta(seconds=30))()
    ti = rehearse(dag).task("t")
    lasted = ti.end_date - ti.start_date
    assert (ti.error.kind, lasted.total_seconds()) == ("AirflowTaskTimeout", 100)  # the pool is joined


def test_real_work_in_threads_takes_no_virtual_time(told):
    def body(passed):
        def work():
            subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)"], check=True)

        asyncio.run(asyncio.wait_for(asyncio.to_thread(work), 0.1))
        with ThreadPoolExecutor() as pool:
            future = pool.submit(work)
            polls = 0
            while not future.done():
                time.sleep(1)
                polls += 1
        return [polls, passed()]

    assert told(body) == [1, 1]


def test_a_lock_that_a_sleeping_thread_holds_is_no_dead_end(told):
    """The main thread cannot leave a bare lock: the sleep under it ends early, and takes no virtual time."""

    def body(passed):
        lock = threading.Lock()

        def hold():
            with lock:
                time.sleep(100)

        thread = threading.Thread(target=hold)
        thread.start()
        while not lock.locked():
            pass
        with lock:
            return passed()

    assert told(body) == 0


def test_threads_take_turns_at_a_lock(told):
    def body(passed):
        lock, items, slow = threading.Lock(), queue.SimpleQueue(), []

        def limited(_):
            with lock:
                time.sleep(10)

        def consume():
            for seconds in iter(items.get, None):
                time.sleep(seconds)
                slow.append(passed())

        real = time.perf_counter()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(limited, range(8)))
        seen = [passed()]
        with ThreadPoolExecutor(1) as pool, lock:
            pool.submit(limited, 0)
            time.sleep(20)
            lock.release()
            time.sleep(5)
            seen.append(passed())
            lock.acquire()  # pool's work has it for five seconds more: a bare lock of the main thread
        consumer = threading.Thread(target=consume)
        consumer.start()
        began = passed()
        for seconds in (3, 4, None):
            items.put(seconds)
        consumer.join()
        return [*seen, [at - began for at in slow], time.perf_counter() - real < 5]

    assert told(body) == [80, 105, [3, 7], True]


def test_a_pool_of_multiprocessing_counts_when_it_is_joined(told):
    def body(passed):
        pool = ThreadPool(2)
        pool.map(lambda seconds: time.sleep(seconds), [100, 100, 100])
        mapped = passed()
        pool.close()
        pool.join()
        return [mapped, passed() >= 100]

    assert told(body) == [0, True]


def test_a_thread_left_behind_ends_with_the_simulation(told):
    left = []

    def body(passed):
        def beat():
            while True:
                time.sleep(30)
                left.append(passed())

        left.append(threading.Thread(target=beat, daemon=True))
        left[0].start()
        return passed()

    before = (threading.Thread.start, threading.Thread.join, threading.Condition.wait, ThreadPoolExecutor.submit)
    assert told(body) == 0
    left[0].join(5)
    assert not left[0].is_alive()
    assert left[1:] == []
    assert before == (
        threading.Thread.start, threading.Thread.join, threading.Condition.wait, ThreadPoolExecutor.submit
    )  # fmt: skip


def test_threads_of_a_task_that_is_cut_go_no_further(rehearse):
    from airflow.sdk import DAG, task

    done = []

    def work():
        time.sleep(100)
        done.append("work")

    def cut():
        threading.Thread(target=work).start()
        with ThreadPoolExecutor() as pool:
            pool.submit(work).result()

    def fails():
        time.sleep(10)
        raise ValueError("no")

    def long_callback(context):
        time.sleep(3600)
        done.append("callback")

    with DAG("cut", schedule="@daily", start_date=START, fail_fast=True, on_failure_callback=long_callback) as dag:
        task(cut, task_id="cut")()
        task(fails, task_id="fails")()
    result = rehearse(dag)
    assert result.task("cut").state == "failed"
    assert done == ["callback"]


def test_a_timeout_that_a_driver_asks_for_is_real(told):
    driver = {"__name__": "psycopg2.of_this_test"}
    exec("def ask(event): return event.wait(0.2)", driver)

    def body(passed):
        real = time.perf_counter()
        threading.Timer(1000, print).start()
        return [driver["ask"](threading.Event()), time.perf_counter() - real >= 0.19, passed() in (0, 1000)]

    assert told(body) == [False, True, True]


def test_a_wait_for_a_thread_that_never_comes_is_told(rehearse):
    from airflow.sdk import DAG, task

    from harness.errors import HarnessError

    def body():
        threading.Thread(target=queue.Queue().get, daemon=True).start()
        threading.Event().wait()

    with DAG("never", schedule="@daily", start_date=START) as dag:
        task(body, task_id="t")()
    with pytest.raises(HarnessError, match="in wait for a thread"):
        rehearse(dag)
