"""A run in an Airflow 2 takes no longer than its limit, whatever its tasks do with alarms and errors."""

from __future__ import annotations

import signal
import time
from contextlib import suppress

import pytest

from harness.bridge.reference import airflow2


def test_a_run_that_takes_too_long_is_ended_whatever_its_tasks_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a task with an execution_timeout does, and ``dag.test()`` with what a task raises."""
    monkeypatch.setattr(airflow2, "RUN_LIMIT_S", 0.2)

    def run() -> None:
        with airflow2._limited(), suppress(Exception):
            signal.setitimer(signal.ITIMER_REAL, 60)
            signal.setitimer(signal.ITIMER_REAL, 0)
            time.sleep(20)

    began = time.monotonic()
    with pytest.raises(airflow2._TooLongError):
        run()
    assert time.monotonic() - began < 10


def test_one_that_ends_in_time_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow2, "RUN_LIMIT_S", 0.1)
    with airflow2._limited():
        pass
    time.sleep(0.3)
