"""Every way task code meets time: each behaviour here is stated in docs/fidelity.md."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone
from time import monotonic as monotonic_by_name
from time import sleep as sleep_by_name

import pytest
from freezegun import freeze_time

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def one_task(body, **arguments):
    """A Dag of one task."""
    from airflow.sdk import DAG, task

    with DAG("timely", schedule="@daily", start_date=START) as dag:
        task(body, task_id="t", **arguments)()
    return dag


def virtual_seconds(result):
    ti = result.task("t")
    assert ti.state == "success", result
    return (ti.end_date - ti.start_date).total_seconds()


def test_sleep_under_every_name(rehearse):
    def body():
        time.sleep(10)
        sleep_by_name(20)
        from time import sleep as late

        late(30)

    assert virtual_seconds(rehearse(one_task(body))) == 60


def test_dates_and_clocks_agree_with_virtual_time(rehearse):
    def body():
        import pandas

        before = (monotonic_by_name(), time.monotonic(), time.time())
        time.sleep(86_400)
        return {
            "now": datetime.now(timezone.utc).isoformat(),
            "naive": datetime.now().isoformat(),
            "today": date.today().isoformat(),
            "pandas": pandas.Timestamp.now(tz="UTC").isoformat(),
            "strftime": time.strftime("%Y-%m-%d"),
            "monotonic": [round(monotonic_by_name() - before[0]), round(time.monotonic() - before[1])],
            "time": time.time() - before[2],
        }

    result = rehearse(one_task(body), logical_date="2025-03-01")
    assert result.task("t").xcom() == {
        "now": "2025-03-02T00:00:00+00:00", "naive": "2025-03-02T00:00:00", "today": "2025-03-02",
        "pandas": "2025-03-02T00:00:00+00:00", "strftime": "2025-03-02", "monotonic": [86400, 86400], "time": 86400.0,
    }  # fmt: skip


def test_perf_counter_measures_real_time(rehearse):
    def body():
        began = time.perf_counter()
        time.sleep(3600)
        return time.perf_counter() - began

    assert rehearse(one_task(body)).task("t").xcom() < 60


def test_tenacity_waits_in_virtual_time_and_gives_up_in_it(rehearse):
    def body():
        import tenacity

        calls = []

        @tenacity.retry(wait=tenacity.wait_fixed(60), stop=tenacity.stop_after_delay(600), reraise=True)
        def flaky():
            calls.append(1)
            raise OSError("busy")

        with pytest.raises(OSError, match="busy"):
            flaky()
        return len(calls)

    result = rehearse(one_task(body))
    assert result.task("t").xcom() == 11
    assert virtual_seconds(result) == 600


def test_a_thread_pool_sleeps_side_by_side(rehearse):
    def body():
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(time.sleep, [600, 600, 600, 600]))

    assert virtual_seconds(rehearse(one_task(body))) == 1200


def test_threads_speak_for_their_task(rehearse):
    from harness.world import World

    def body():
        from airflow.sdk import Variable

        seen = []
        thread = threading.Thread(target=lambda: seen.append(Variable.get("region")))
        thread.start()
        thread.join()
        return seen

    world = World()
    world.set_variable("region", "eu")
    assert rehearse(one_task(body), world).task("t").xcom() == ["eu"]


def test_a_subprocess_of_real_length_does_not_throw_the_clock_ahead(rehearse):
    def body():
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.5)"])
        process.wait(timeout=30)  # polls with short sleeps inside the standard library
        return process.returncode

    result = rehearse(one_task(body))
    assert result.task("t").xcom() == 0
    assert virtual_seconds(result) == 0


def test_bash_takes_no_virtual_time_unless_declared(rehearse):
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG

    from harness.world import World

    with DAG("timely", schedule="@daily", start_date=START) as dag:
        BashOperator(task_id="t", bash_command="sleep 0.3; echo done")
    assert virtual_seconds(rehearse(dag)) == 0
    world = World()
    world.set_duration("timely.t", "5m")
    assert virtual_seconds(rehearse(dag, world)) == 300


def test_a_slow_asyncio_subprocess_and_a_socket_are_real(rehearse):
    def body():
        import asyncio

        async def work():
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", "import time; time.sleep(0.3); print(42)", stdout=asyncio.subprocess.PIPE
            )
            out, _ = await asyncio.wait_for(process.communicate(), timeout=3600)
            await asyncio.sleep(60)
            in_thread = await asyncio.to_thread(lambda: "thread")
            return [out.decode().strip(), in_thread]

        return asyncio.run(work())

    result = rehearse(one_task(body))
    assert result.task("t").xcom() == ["42", "thread"]


def test_processes_take_turns_at_their_own_instants(rehearse):
    from airflow.sdk import DAG, get_current_context, task

    order = []

    def step(seconds):
        for _ in range(3):
            time.sleep(seconds)
            order.append((get_current_context()["ti"].task_id, datetime.now(timezone.utc).minute))

    with DAG("turns", schedule="@daily", start_date=START) as dag:
        task(lambda: step(120), task_id="two")()
        task(lambda: step(180), task_id="three")()
    rehearse(dag)
    assert order == [("two", 2), ("three", 3), ("two", 4), ("three", 6), ("two", 6), ("three", 9)]


@freeze_time("2025-06-01 12:00:00")
def test_a_frozen_test_starts_the_simulation_at_its_instant(rehearse):
    def body():
        time.sleep(3600)
        return datetime.now(timezone.utc).isoformat()

    before = datetime.now(timezone.utc)
    result = rehearse(one_task(body), logical_date="2025-06-01")
    assert result.task("t").xcom() == "2025-06-01T13:00:00+00:00"
    assert type(before).__name__ == "FakeDatetime"
    assert datetime.now(timezone.utc) == before


def test_a_frozen_test_keeps_its_own_tick(rehearse):
    with freeze_time("2025-06-01 12:00:00") as frozen:
        rehearse(one_task(lambda: time.sleep(60)), logical_date="2025-06-01")
        frozen.tick(timedelta(minutes=5))
        assert datetime.now(timezone.utc).minute == 5
    assert datetime.now(timezone.utc).year > 2025


def test_a_declared_duration_is_of_the_try_and_held_where_it_ends(rehearse):
    from airflow.providers.standard.sensors.python import PythonSensor
    from airflow.sdk import DAG

    from harness.world import World

    with DAG("timely", schedule="@daily", start_date=START) as dag:
        pokes = iter([False, False, True])
        PythonSensor(
            task_id="t", mode="reschedule", poke_interval=60, timeout=3600, python_callable=lambda: next(pokes)
        )
    world = World()
    world.set_duration("timely.t", 200)
    result = rehearse(dag, world)
    assert [(a.end_date - a.start_date).total_seconds() for a in result.task("t").attempts] == [0, 0, 80]
