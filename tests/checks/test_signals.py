"""Whom code of a Dag file may send signals to: processes that it started, from whichever thread, and nobody else."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from harness.bridge.parsing.watching import Users
from harness.bridge.parsing.watching.watch import ActivityWatch
from tests.checks.forks import in_a_fork


def killed_beside(in_thread: bool, watch: ActivityWatch) -> list[int]:
    """Exit codes of a child that a file starts, by itself or in a thread that goes on, and kills."""
    started, over = threading.Event(), threading.Event()
    made: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        made.append(subprocess.Popen(["sleep", "60"]))
        started.set()
        over.wait(in_thread and 60)

    thread = threading.Thread(target=start, daemon=True)
    (thread.start if in_thread else start)()
    started.wait(60)
    try:
        made[0].kill()
    finally:
        over.set()
        watch.active = False
        os.kill(made[0].pid, signal.SIGKILL)
    return [made[0].wait()]


@pytest.mark.parametrize("in_thread", [False, True])
def test_a_file_may_end_what_it_started(tmp_path: Path, in_thread: bool) -> None:
    def work() -> list[int]:
        watch = ActivityWatch(Users(str(tmp_path)), (str(tmp_path),), lambda _: None)
        watch.install()
        watch.begin()
        return killed_beside(in_thread, watch)

    assert in_a_fork(work) == [-signal.SIGKILL]


def test_it_may_end_nobody_else(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:

        def work() -> str:
            watch = ActivityWatch(Users(str(tmp_path)), (str(tmp_path),), lambda _: None)
            watch.install()
            watch.begin()
            os.kill(other.pid, signal.SIGTERM)
            return "sent"

        refused = in_a_fork(work)
        assert "other processes get no signals" in refused
        assert other.poll() is None
        other.kill()
