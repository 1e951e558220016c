"""Greenlets that the code of a process makes for itself, as SQLAlchemy does for its asynchronous engines."""

import asyncio
import contextvars
import threading
import time
from datetime import datetime, timezone

import pytest
from greenlet import getcurrent, greenlet

from harness.kernel import SECOND, ProcessKilled, Simulation, to_instant
from harness.kernel.clock import wall_clock
from harness.kernel.event_loop import RunningLoop, virtual_event_loops
from harness.kernel.patches import time_patched

START = to_instant(datetime(2025, 1, 1, tzinfo=timezone.utc))


def simulate(*bodies, then=lambda simulation, processes: None):
    """Run functions as processes; what each returned, and the second at which it did."""
    done = {}
    with wall_clock(START) as clock:
        simulation = Simulation(START, clock)
        simulation.ambients.append(RunningLoop())

        def run(body):
            value = body()
            done[body.__name__] = (value, (simulation.now - START) / SECOND)

        with time_patched(simulation), virtual_event_loops():
            then(simulation, [simulation.spawn(run, body, name=body.__name__) for body in bodies])
            simulation.run_until()
    return done


def test_a_nested_greenlet_sleeps_for_its_process_and_goes_on_where_it_left():
    def nested():
        inner = greenlet(lambda first: (time.sleep(10), first + 1)[1])
        return inner.switch(1)

    def deeply():
        def middle():
            found = greenlet(lambda: time.sleep(3) or "bottom").switch()
            time.sleep(1)
            return found

        return greenlet(middle).switch()

    def beside():
        time.sleep(5)
        return "beside"

    assert simulate(nested, deeply, beside) == {"nested": (2, 10), "deeply": ("bottom", 4), "beside": ("beside", 5)}


def test_greenlets_that_take_turns_keep_their_turns():
    def generator():
        outer, seen = getcurrent(), []

        def gives():
            for number in range(3):
                time.sleep(2)
                outer.switch(number)

        inner = greenlet(gives)
        for _ in range(3):
            seen.append(inner.switch())
            time.sleep(1)
        return seen

    assert simulate(generator) == {"generator": ([0, 1, 2], 9)}


def test_sqlalchemy_waits_for_what_is_asynchronous_in_code_that_is_not():
    concurrency = pytest.importorskip("sqlalchemy.util")

    def run_sync():
        def work():
            time.sleep(10)
            concurrency.await_only(asyncio.sleep(20))
            return "rows"

        return asyncio.run(concurrency.greenlet_spawn(work))

    def fails():
        def work():
            time.sleep(1)
            raise LookupError("no row")

        with pytest.raises(LookupError):
            asyncio.run(concurrency.greenlet_spawn(work))
        return "told"

    assert simulate(run_sync, fails) == {"run_sync": ("rows", 30), "fails": ("told", 1)}


def test_a_greenlet_whose_parent_is_gone_ends_in_the_tasks_own_code():
    kept = []

    def first():
        kept.append(greenlet(lambda value: value))

    def second():
        return kept[0].switch("handed on")

    assert simulate(first, second)["second"] == ("handed on", 0)


def test_a_kill_ends_the_process_and_not_the_greenlet_alone():
    went = []

    def stubborn():
        try:
            greenlet(lambda: time.sleep(60)).switch()
            went.append("on")
        except ProcessKilled:
            went.append("killed")
            raise

    simulate(stubborn, then=lambda simulation, started: simulation.schedule(START + SECOND, simulation.kill, *started))
    assert went == ["killed"]


def test_what_a_greenlet_starts_belongs_to_its_process():
    mine = contextvars.ContextVar("mine", default=None)

    def starts():
        mine.set("mine")
        seen = []

        def inner():
            thread = threading.Thread(target=lambda: (time.sleep(30), seen.append(mine.get())))
            thread.start()
            thread.join()
            seen.append(asyncio.run(asyncio.sleep(10, "loop")))

        greenlet(inner).switch()
        return seen

    assert simulate(starts) == {"starts": (["mine", "loop"], 40)}
