"""Nothing leaks, however the owner ends. Real processes, real signals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from processes import processes_in, wait_until

from harness.services import reaper

pytestmark = pytest.mark.programs

ROOT = Path(__file__).parents[3]

SERVE = """
import os, signal, sys, time
from harness.services.postgres.opening import open_postgres
server = open_postgres()
server.start()
db = server.create_database("x")
print("up", flush=True)
"""
BUSY = """
import psycopg2
connection = psycopg2.connect(db.uri)
connection.cursor().execute("SELECT count(*) FROM generate_series(1, 1000000000000)")
"""


def reaper_of(process: subprocess.Popen[str]) -> psutil.Process:
    (found,) = [child for child in psutil.Process(process.pid).children() if "reaper.py" in " ".join(child.cmdline())]
    return found


@pytest.mark.parametrize(
    ("ending", "code"),
    [("", 0), ("raise ValueError", 1), ("sys.exit(3)", 3), ("server.stop(); server.stop()", 0), ("os._exit(4)", 4)],
)
def test_ends_with_its_owner(owner, leaves_nothing, ending: str, code: int) -> None:
    process = owner(SERVE + ending)
    process.communicate()
    assert process.returncode == code
    leaves_nothing()


@pytest.mark.hostile
@pytest.mark.parametrize(
    ("sent", "doing"),
    [
        (signal.SIGINT, "time.sleep(60)"),
        (signal.SIGTERM, "time.sleep(60)"),
        (signal.SIGHUP, "time.sleep(60)"),
        (signal.SIGKILL, "time.sleep(60)"),
        (signal.SIGTERM, BUSY),
        (signal.SIGKILL, BUSY),
    ],
)
def test_ends_with_its_owner_on_signals(owner, area: Path, leaves_nothing, sent: int, doing: str) -> None:
    process = owner(SERVE + doing)
    assert process.stdout.readline() == "up\n"
    assert processes_in(area)
    process.send_signal(sent)
    process.wait()
    leaves_nothing()


@pytest.mark.hostile
@pytest.mark.parametrize("after_s", [0, 0.02, 0.1, 0.2, 0.35, 0.5, 0.8])
def test_the_owner_killed_at_any_moment_of_the_start(owner, area: Path, leaves_nothing, after_s: float) -> None:
    process = owner(SERVE + "time.sleep(60)")
    assert wait_until(lambda: list(area.iterdir()))  # from the first moment there is something to leak
    time.sleep(after_s)
    process.kill()
    process.wait()
    leaves_nothing()


@pytest.mark.hostile
@pytest.mark.parametrize("after_s", [0, 0.01, 0.03])
def test_the_owner_killed_while_it_stops(owner, area: Path, leaves_nothing, after_s: float) -> None:
    process = owner(SERVE + "server.stop(); print('down', flush=True)")
    assert process.stdout.readline() == "up\n"
    time.sleep(after_s)
    process.kill()
    process.wait()
    leaves_nothing()


def test_a_forked_child_neither_ends_the_server_nor_keeps_it(owner, area: Path, leaves_nothing) -> None:
    forked = SERVE + "\nchild = os.fork()\nif child == 0: sys.exit()\nos.waitpid(child, 0)\n"  # runs atexit
    forked += "server.create_database('y'); print('still up', flush=True)\n"
    forked += "keeper = os.fork()\nif keeper == 0: os.closerange(1, 3); time.sleep(60); os._exit(0)\n"
    forked += "print(keeper, flush=True); time.sleep(60)"
    process = owner(forked)
    assert [process.stdout.readline() for _ in range(2)] == ["up\n", "still up\n"]
    keeper = int(process.stdout.readline())
    try:
        process.kill()
        process.wait()
        leaves_nothing()
        assert psutil.pid_exists(keeper)  # which holds the pipe open all the while
    finally:
        os.kill(keeper, signal.SIGKILL)


def test_a_stop_with_a_forked_child_about(owner, area: Path, leaves_nothing) -> None:
    process = owner(
        SERVE + "keeper = os.fork()\nif keeper == 0: os.closerange(1, 3); time.sleep(60); os._exit(0)\n"
        "began_s = time.monotonic(); server.stop()\n"
        "print(os.listdir(os.environ['TMPDIR']), time.monotonic() - began_s < 10)\n"  # 15 s: the reaper did not listen
        "os.kill(keeper, signal.SIGKILL)"
    )
    assert process.communicate()[0] == "up\n[] True\n"
    leaves_nothing()


@pytest.mark.hostile
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_reaper_that_is_ended_takes_the_server_along(owner, area: Path, leaves_nothing, sent: int) -> None:
    process = owner(SERVE + "time.sleep(60)")
    assert process.stdout.readline() == "up\n"
    keeper = reaper_of(process)
    keeper.send_signal(sent)
    if sys.platform == "linux" or sent != signal.SIGKILL:
        assert wait_until(lambda: not processes_in(area))
    process.send_signal(signal.SIGINT)  # stop() by atexit removes what the reaper no longer could
    process.wait()
    leaves_nothing()


@pytest.mark.parametrize("script", ["exec sleep 60", "trap '' TERM; while true; do sleep 0.1; done"])
def test_ends_what_it_started_even_what_will_not(area: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Without the death signal of Linux, which would do it too."""
    monkeypatch.setattr(reaper, "_parent_death_signal", lambda: None)
    monkeypatch.setattr(reaper, "IMMEDIATE_S", 0.3)
    order = {"uid": None, "gid": None}
    served = reaper.Served(order, str(area))  # type: ignore[arg-type]
    child = served._start(["/bin/sh", "-c", f"echo up; {script}"])
    assert wait_until(lambda: (area / "log").read_text() == "up\n")
    served.end()
    assert child.wait(5) in (-signal.SIGTERM, -signal.SIGKILL)
    (area / "log").unlink()


def test_the_reaper_is_out_of_the_owners_session(owner) -> None:
    process = owner(SERVE + "time.sleep(60)")
    assert process.stdout.readline() == "up\n"
    keeper = reaper_of(process)
    assert os.getsid(keeper.pid) == keeper.pid
    assert os.getsid(process.pid) != keeper.pid
    assert keeper.ppid() == process.pid


def test_shared_by_the_workers_of_xdist(area: Path, leaves_nothing) -> None:
    suite = area / "suite"
    suite.mkdir()
    (suite / "conftest.py").write_text(
        "from harness.services.postgres.opening import open_postgres\n"
        "def pytest_configure(config):\n"
        "    if not hasattr(config, 'workerinput'):\n"
        "        config.server = open_postgres(); config.server.start()\n"
        "def pytest_configure_node(node):\n"
        "    node.workerinput['postgres'] = node.config.server.share()\n"
        "def pytest_unconfigure(config):\n"
        "    if hasattr(config, 'server'): config.server.stop()\n"
    )
    (suite / "test_it.py").write_text(
        "import psycopg2, pytest\nfrom harness.services.postgres.opening import attach_postgres\n"
        "@pytest.mark.parametrize('n', range(6))\n"
        "def test_own_database(request, n):\n"
        "    with attach_postgres(request.config.workerinput['postgres']) as server:\n"
        "        db = server.create_database('same')\n"
        "        psycopg2.connect(db.uri).cursor().execute('CREATE TABLE t (n int)')\n"
    )
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-n2",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--basetemp={suite}/tmp",
        str(suite),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "-p no:airflow_harness"}
    run = subprocess.run(words, capture_output=True, text=True, cwd=suite, env=environment)
    assert "6 passed" in run.stdout, run.stdout + run.stderr
    shutil.rmtree(suite)
    leaves_nothing()
