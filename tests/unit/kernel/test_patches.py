"""What time is, seen from code that knows nothing of the simulation."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from time import sleep

import pytest

from harness.kernel import SECOND, Simulation, to_instant
from harness.kernel.clock import wall_clock
from harness.kernel.event_loop import RunningLoop, virtual_event_loops
from harness.kernel.patches import Reading, time_patched

START = to_instant(datetime(2025, 1, 1, tzinfo=timezone.utc))


def simulate(*bodies):
    """Run functions as processes of one simulation; the instant each ended, in seconds after the start."""
    ends = {}
    with wall_clock(START) as clock:
        simulation = Simulation(START, clock)
        simulation.ambients.append(RunningLoop())

        def run(body):
            body()
            ends[body.__name__] = (simulation.now - START) / SECOND

        with time_patched(simulation), virtual_event_loops():
            for body in bodies:
                simulation.spawn(run, body, name=body.__name__)
            simulation.run_until()
            simulation.close()
    return ends


def test_sleep_imported_by_name_holds():
    seen = []

    def a():
        sleep(3600)
        seen.append(datetime.now(timezone.utc))

    def b():
        time.sleep(60)
        seen.append(datetime.now(timezone.utc))

    real = time.perf_counter()
    assert simulate(a, b) == {"b": 60, "a": 3600}
    assert time.perf_counter() - real < 5
    assert [moment.isoformat() for moment in seen] == ["2025-01-01T00:01:00+00:00", "2025-01-01T01:00:00+00:00"]


def test_asyncio_run_and_two_loops_at_once():
    async def work(n):
        await asyncio.gather(asyncio.sleep(n), asyncio.sleep(n / 2))

    def a():
        asyncio.run(work(100))

    def b():
        asyncio.run(work(30))
        asyncio.run(work(30))

    assert simulate(a, b) == {"b": 60, "a": 100}


def test_thread_pool_sleeps_in_parallel():
    def pool():
        with ThreadPoolExecutor(2) as executor:
            list(executor.map(time.sleep, [60, 60, 60, 60]))

    def executor_of_own_function():
        with ThreadPoolExecutor(4) as executor:
            list(executor.map(lambda s: sleep(s), [10, 20, 30, 40]))

    assert simulate(executor_of_own_function)["executor_of_own_function"] == 40
    ends = simulate(lambda: None)
    assert ends


def test_monotonic_of_user_code_is_virtual():
    def poll():
        began = time.monotonic()
        while time.monotonic() - began < 3600:
            time.sleep(60)

    assert simulate(poll) == {"poll": 3600}


def test_at_one_instant_no_time_has_passed_for_who_measures_it():
    def measures():
        began = time.monotonic()
        assert time.monotonic() - began == 0
        time.sleep(2)
        assert time.monotonic() - began == 2

    assert simulate(measures) == {"measures": 2}


def test_names_are_put_back():
    before = (time.sleep, time.monotonic, sleep, asyncio.get_event_loop_policy())
    simulate(lambda: sleep(5))
    assert (time.sleep, time.monotonic, sleep, asyncio.get_event_loop_policy()) == before


def test_failure_in_a_process_is_not_swallowed():
    def broken():
        raise LookupError("x")

    with pytest.raises(LookupError):
        simulate(broken)
    assert time.sleep.__module__ == "time"


@pytest.mark.parametrize("secs", [-0.001, -1, -5.5])
def test_a_sleep_of_less_than_nothing_is_refused_as_python_refuses_it(secs):
    def body():
        with pytest.raises(ValueError, match="sleep length must be non-negative"):
            time.sleep(secs)
        time.sleep(0)

    assert simulate(body) == {"body": 0}


def test_who_is_nobody_s_sleeps_for_real():
    simulation = Simulation(START)
    with time_patched(simulation):
        began = time.perf_counter()
        time.sleep(0.05)
        assert time.perf_counter() - began >= 0.05
        assert isinstance(time.monotonic(), float)
    assert simulation.now == START


class TestReadings:
    """What the standard library's waits reckon with."""

    def test_they_add_and_subtract_in_whole_microseconds(self):
        at = Reading(10 * SECOND)
        assert at == 10.0
        assert (at + 0.1).instant == (0.1 + at).instant == 10_100_000
        assert (at + 0.3) - at == 0.3
        assert at - 4 == 6.0
        assert at - 10.5 == -0.5

    def test_at_its_very_end_a_timeout_is_over(self):
        at = Reading(10 * SECOND)
        assert at - at == at - 10 == -1 / SECOND
        assert (at + 0.000_001) - at == 1 / SECOND
