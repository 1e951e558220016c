"""A command that is told to end while Dag files are imported ends, whatever the files make of it."""

import json
import signal
import time

import pytest

from tests.cli.project import Project

pytestmark = pytest.mark.gate

SLOW = """
import signal
import tempfile
import time
from pathlib import Path

from airflow.sdk import DAG, task

Path(tempfile.gettempdir(), f"started-{time.time_ns()}").touch()
{keeps}
with DAG("d", schedule=None):
    task(lambda: 1, task_id="t")()
"""
KEEPS = {
    "sleeps": "time.sleep(60)",
    "keeps the exception": "try:\n    time.sleep(60)\nexcept BaseException:\n    pass",
    "keeps the signal": "for kept in (signal.SIGTERM, signal.SIGINT):\n    signal.signal(kept, signal.SIG_IGN)",
}
STRETCH = ("--since", "2025-01-01", "--until", "1d")


def stopped(project, number, *command):
    """The exit code of a command that is sent a signal once a Dag file is being imported."""
    before = set(project.temporary.rglob("started-*"))
    running = project.start(*command)
    deadline = time.monotonic() + 120
    while not set(project.temporary.rglob("started-*")) - before and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    return running.returncode, out + err


@pytest.mark.parametrize(
    ("command", "number", "keeps"),
    [
        (("run", "d"), signal.SIGTERM, "sleeps"),
        (("run", "d"), signal.SIGINT, "keeps the exception"),
        (("simulate", *STRETCH), signal.SIGTERM, "keeps the exception"),
        (("verify", "d"), signal.SIGTERM, "keeps the exception"),
        (("check", "--no-cache"), signal.SIGTERM, "sleeps"),
        (("init",), signal.SIGINT, "sleeps"),
    ],
)
def test_a_signal_while_files_are_imported_ends_the_command(project, command, number, keeps):
    project.write("dags/d.py", SLOW.replace("{keeps}", KEEPS[keeps]))
    code, told = stopped(project, number, *command)
    assert code == 128 + number, told
    assert "Traceback" not in told


def test_a_file_that_takes_the_handlers_away_takes_them_from_itself_alone(project):
    project.write("dags/d.py", SLOW.replace("{keeps}", KEEPS["keeps the signal"]))
    project.write("dags/e.py", "# airflow DAG\nimport time\n\ntime.sleep(60)\n")
    assert stopped(project, signal.SIGTERM, "run", "d")[0] == 143
    (project.folder / "dags" / "e.py").unlink()


FINDING = """
from airflow.sdk import DAG, task

with DAG("a", schedule=None):
    task(lambda: 1, task_id="t", pool="nowhere")()
"""
TOLD = "task 't' asks for pool 'nowhere', which does not exist"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_check_that_is_stopped_tells_what_it_found_until_then(tmp_path, number, form):
    project = Project(tmp_path)
    project.write("fixtures/world.yaml", "pools: {etl: 1}\n")
    project.write("dags/a.py", FINDING)
    assert project("check", "--select", "pool-missing").code == 1  # kept: answered before the slow one begins
    project.write("dags/d.py", SLOW.replace("{keeps}", KEEPS["sleeps"]))
    code, told = stopped(project, number, "check", "--select", "pool-missing", "--format", form)
    assert code == 128 + number, told
    assert TOLD in told
    if form == "json":
        document = json.loads(told[: told.rindex("}") + 1])
        assert document["error"]["id"] == ("interrupted" if number == signal.SIGINT else "terminated")
        assert [one["check"] for one in document["check"]["findings"]] == ["pool-missing"]
    else:
        assert "note stopped: 1 of 2 Dag files were looked at" in told
        assert "✗" not in told  # no verdict
        assert "✓" not in told


RUNS = """
import os
import time
from pathlib import Path

from airflow.sdk import DAG, task

with DAG("d", schedule=None):

    @task
    def t():
        Path({folder!r}, f"ran-{{time.monotonic_ns()}}").touch()

    t()
"""


def test_a_verification_that_is_stopped_shows_the_side_that_is_whole(tmp_path):
    project = Project(tmp_path)
    project.write("dags/d.py", RUNS.format(folder=str(tmp_path)))
    running = project.start("verify", "d")
    deadline = time.monotonic() + 120
    while len(list(tmp_path.glob("ran-*"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, out + err
    assert "✓ d success" in out
    assert "alike" not in out
    assert "Traceback" not in out + err
