"""What a task calls in C can end the process of a command, and never with the exit code of a success."""

import signal
import time

import psutil
import pytest

pytestmark = pytest.mark.gate

DAGS = """
import ctypes
import os
from datetime import datetime, timezone

from airflow.sdk import dag, task

C = ctypes.CDLL(None)


def replaced():
    C.execv(b"/bin/true", (ctypes.c_char_p * 2)(b"true", None))


def sleeps_in_c():
    print("asleep", file=open(os.environ["ASLEEP"], "w"))
    C.sleep(60)


WAYS = {
    "leaves": lambda: C._exit(0),
    "leaves_tidily": lambda: C.exit(0),
    "is_replaced": replaced,
    "leaves_with_three": lambda: C._exit(3),
    "crashes": lambda: ctypes.string_at(0),
    "sleeps": sleeps_in_c,
}
START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def make(name, way):
    @dag(dag_id=name, schedule="@daily", start_date=START, catchup=True)
    def made():
        task(way, task_id="t")()

    made()


for name, way in WAYS.items():
    make(name, way)
"""


@pytest.fixture(scope="module")
def ways(project):
    project.write("dags/ways.py", DAGS)
    return project


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("run", "leaves"), 1),
        (("run", "leaves_tidily"), 1),
        (("run", "is_replaced"), 1),
        (("run", "leaves_with_three"), 1),
        (("run", "crashes"), 128 + signal.SIGSEGV),
        (("simulate", "--since", "2025-01-01", "--until", "1d", "--dag", "leaves"), 1),
    ],
    ids=str,
)
def test_a_process_that_c_ended_has_no_verdict(ways, command, code):
    answer = ways(*command)
    assert answer.code == code, answer
    assert "no-verdict" in answer.err
    assert "success" not in answer.out


def test_with_json_too_there_is_one_document(ways):
    import json

    answer = ways("run", "leaves", "--json")
    assert answer.code == 1
    assert json.loads(answer.out)["error"]["id"] == "no-verdict"


def test_who_kills_the_command_leaves_no_process(ways, monkeypatch, tmp_path):
    monkeypatch.setattr(ways, "environment", _with(ways.environment, ASLEEP=str(tmp_path / "asleep")))
    running = ways.start("run", "sleeps")
    deadline = time.monotonic() + 60
    while not (tmp_path / "asleep").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    (child,) = psutil.Process(running.pid).children()
    running.kill()
    running.communicate(timeout=60)
    child.wait(timeout=60)
    assert not child.is_running()


def _with(environment, **more):
    return lambda **others: environment(**{**others, **more})
