"""A command that is told to end while Dag files are imported ends, whatever the files make of it."""

import signal
import time

import pytest

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
