"""Children that do the work of an engine's worker: what comes of one that is lost, and of who comes too late."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from harness.engines.serving import Job, ServerLost, ServingChildren

WORK = """
import os

def serve(told, owner):
    return lambda part: str(os.getpid()).encode()
"""


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """Work that says who did it."""
    (tmp_path / "work_of_children.py").write_text(WORK)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    return Job("work_of_children:serve", b"")


def test_a_child_that_is_killed_while_it_waits_is_a_loss_and_the_next_part_has_another(job: Job) -> None:
    children = ServingChildren()
    try:
        lost = int(children.served(job, b"part"))
        os.kill(lost, signal.SIGKILL)
        os.waitid(os.P_PID, lost, os.WEXITED | os.WNOWAIT)
        with pytest.raises(ServerLost, match="-9"):
            children.served(job, b"part")
        assert int(children.served(job, b"part")) != lost
    finally:
        children.end()


def test_nobody_works_for_a_thread_that_asks_after_the_end(job: Job) -> None:
    children = ServingChildren()
    children.end()
    with pytest.raises(ServerLost):
        children.served(job, b"part")
