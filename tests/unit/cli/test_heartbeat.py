"""How far a command is, for whoever waits."""

import io
import threading
import time

import pytest

from harness.cli.heartbeat import Heartbeat, so_far


def lines_after(stream, count):
    until = time.monotonic() + 30
    while stream.getvalue().count("\n") < count and time.monotonic() < until:
        time.sleep(0.01)
    return stream.getvalue().splitlines()


def test_a_line_comes_again_and_again_until_the_end():
    stream = io.StringIO()
    threads = threading.active_count()
    heartbeat = Heartbeat(stream, lambda elapsed_s: f"{elapsed_s > 0} \x1b[31m", every_s=0.02)
    heartbeat.begin()
    assert threading.active_count() == threads  # tasks that count theirs do not see it
    assert set(lines_after(stream, 3)) == {"airflow-harness: True "}
    heartbeat.end()
    time.sleep(0.1)
    told = stream.getvalue()
    time.sleep(0.1)
    assert stream.getvalue() == told


def test_one_that_never_began_may_end():
    Heartbeat(io.StringIO(), str).end()


@pytest.mark.parametrize(
    ("elapsed_s", "part", "told"),
    [
        (12, None, "12 s so far"),
        (12, 0.001, "12 s so far"),
        (12, 0.25, "12 s so far, about 36 s left"),
        (100, 0.5, "2 min so far, about 2 min left"),
        (3600, 0.1, "60 min so far, about 9 h 00 min left"),
        (12, 1.0, "12 s so far, about 1 s left"),
        (12, 500.0, "12 s so far"),  # the clock is not the simulation's yet
    ],
)
def test_the_rest_is_estimated_by_what_is_done(elapsed_s, part, told):
    assert so_far(elapsed_s, part) == told
