"""The command as a process: the same journal everywhere, Ctrl-C, the debugger on a terminal."""

import os
import pty
import re
import select
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness.ledger.reading import verify

from .project import COMMAND, TIMEOUT_S, Project

pytestmark = pytest.mark.programs

ORDERS = """
import random
from datetime import datetime, timedelta

from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2025, 1, 1))
def orders():
    @task(retries=1, retry_delay=timedelta(minutes=1))
    def draw(ti=None):
        if ti.try_number == 1:
            raise ValueError("first try")
        return {"lot": random.random(), "now": datetime.now().isoformat()}

    @task
    def price(n):
        return hash(n)

    @task
    def broken():
        quantity = 41
        return quantity / 0

    draw()
    price.expand(n=[1, 2, 3])
    broken()


orders()


@dag(schedule=None)
def endless():
    @task
    def spin():
        print("spinning")
        while True:
            pass

    spin()


endless()
"""


@pytest.fixture(scope="module")
def orders(project):
    project.write("dags/orders.py", ORDERS)
    return project


def test_the_journal_is_the_same_whatever_surrounds_the_process(orders, tmp_path):
    dags = orders.folder / "dags"
    keep = {name: ("--keep", tmp_path / name) for name in ("one", "two", "three")}
    here = orders.ask("run", "orders", *keep["one"], PYTHONHASHSEED="1", TZ="Asia/Tokyo")
    there = orders.ask("run", "orders", "--dags", dags, *keep["two"], cwd="/", PYTHONHASHSEED="2", TZ="America/Lima")
    other = orders.ask("run", "orders", *keep["three"], "--seed", "7")
    assert [asked.result().code for asked in (here, there, other)] == [1, 1, 1]
    one, two = (tmp_path / name / "journal.jsonl" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    assert verify(one) > 20
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["journal.jsonl", "logs.jsonl"]
    assert (tmp_path / "three/journal.jsonl").read_bytes() != one.read_bytes()


def test_a_folder_that_cannot_be_written_is_refused(orders):
    answer = orders("run", "orders", "--keep", "dags/orders.py")
    assert answer.code == 2
    assert answer.err.startswith("usage: --keep 'dags/orders.py'")


@pytest.mark.parametrize(
    ("signum", "code", "told"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_an_interruption_shows_what_ran_and_keeps_a_valid_ledger(orders, tmp_path, signum, code, told):
    running = orders.start("run", "endless", "--keep", tmp_path)
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:  # the header is written when the run begins
        ready, _, _ = select.select([running.stdout], [], [], 1)
        if ready and running.stdout.readline().startswith("endless"):
            break
    time.sleep(0.5)
    running.send_signal(signum)
    out, err = running.communicate(timeout=60)
    assert running.returncode == code
    assert err == f"airflow-harness: {told}\n"
    assert re.search(r"spin +· running +1 ", out)
    assert "· endless has not ended (running): 1 running" in out
    assert "Traceback" not in out
    assert verify(tmp_path / "journal.jsonl") > 3
    assert orders.left_behind() == []


def on_a_terminal(project, arguments, answers, stops_at=None, **environment):
    """Run the command on a pty, answering each debugger prompt; returns (exit code, screen).

    Args:
        stops_at: when the screen has this, Ctrl-C comes, once.
    """
    terminal, inner = pty.openpty()
    running = subprocess.Popen(
        [str(COMMAND), *arguments],
        cwd=project.folder,
        env=project.environment(TERM="xterm-256color", COLUMNS="100", **environment),
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    screen, waiting = b"", [answer.encode() for answer in answers]
    while True:
        ready, _, _ = select.select([terminal], [], [], TIMEOUT_S)
        try:
            read = os.read(terminal, 65536) if ready else b""
        except OSError:  # the other end is closed
            break
        if not read:
            break
        screen += read
        if waiting and screen.endswith(b"(pdb) "):
            os.write(terminal, waiting.pop(0) + b"\n")
        if stops_at is not None and stops_at.encode() in screen:
            running.send_signal(signal.SIGINT)
            stops_at = None
    os.close(terminal)
    return running.wait(TIMEOUT_S), screen.decode()


def test_pdb_stands_in_the_users_frame_and_c_goes_on(orders):
    code, screen = on_a_terminal(orders, ["run", "orders", "--pdb", "--only", "broken"], ["p quantity + 1", "c"])
    assert code == 1
    assert "ZeroDivisionError: division by zero" in screen
    assert re.search(r"> \S+/dags/orders\.py\(\d+\)broken\(\)\s+-> return quantity / 0", screen)
    assert re.search(r"p quantity \+ 1\s+42", screen)
    assert "orders failed" in screen
    assert "\x1b[1;31m" in screen  # colours, on a terminal


def test_pdb_q_ends_the_run(orders):
    code, screen = on_a_terminal(orders, ["run", "orders", "--pdb"], ["q"])
    assert code == 130
    assert re.sub(r"\x1b\[[\d;]*m", "", screen).rstrip().endswith("airflow-harness: interrupted")


def test_pdb_opens_in_a_calendar_too(orders):
    stretch = ["--since", "2025-01-01", "--until", "2025-01-02", "--dag", "orders", "--fresh"]
    code, screen = on_a_terminal(orders, ["simulate", *stretch, "--pdb"], ["p 40 + 2", "q"])
    assert re.search(r"> \S+/dags/orders\.py\(\d+\)draw\(\)\s+-> raise ValueError", screen), screen
    assert re.search(r"p 40 \+ 2\s+42", screen)
    assert code == 130


def test_a_terminal_shows_what_runs_and_no_color_is_heeded(orders):
    code, screen = on_a_terminal(orders, ["run", "orders", "--only", "price"], [], NO_COLOR="1")
    assert code == 0
    assert "✓ price[2]" in screen
    assert not re.search(r"\x1b\[[\d;]*3\dm", screen)


BUSY = """
import time
from datetime import datetime
from airflow.sdk import dag, task

@dag(schedule="@hourly", start_date=datetime(2025, 1, 1), catchup=False)
def busy():
    @task(pool="etl")
    def spin():
        end = time.perf_counter() + 1
        while time.perf_counter() < end:
            pass
        time.sleep(600)

    @task(pool="etl")
    def other():
        time.sleep(60)

    spin(), other()

busy()
"""


@pytest.mark.parametrize("command", [["run", "busy"], ["simulate", "--since", "2025-01-02", "--until", "90m"]])
def test_a_terminal_shows_what_runs_what_waits_and_why_and_takes_it_back(project, command):
    project.write("busy/busy.py", BUSY)
    project.write("etl.yaml", "pools: {etl: 1}\n")
    code, screen = on_a_terminal(project, [*command, "--dags", "busy", "--world", "etl.yaml"], [])
    assert code == 0
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", screen)
    assert re.search(r"running +(busy\.)?spin\r?\n", plain), "also while it computes"
    assert re.search(r"waits +(busy\.)?other: pool 'etl' is full \(1 of 1 slot\)", plain)
    assert re.search(r"2025-01-0\d \d\d:\d\d  \d of \d (runs|task instances) ended", plain) or "run" in command
    assert screen.count("\x1b[?25l") == screen.count("\x1b[?25h"), "the cursor is there again"
    assert "\x1b[2K" in screen, "lines are taken back"
    waited = re.search(r"\(([\d.]+) s real\)", plain.splitlines()[-1])
    assert waited
    assert float(waited[1]) > 1.5, "a second for a task's own code, and what was imported before"


SLOW = """
import time
from datetime import datetime
from airflow.sdk import dag, task

@dag(schedule="@hourly", start_date=datetime(2025, 1, 1))
def slow():
    @task
    def spin():
        end = time.perf_counter() + 1
        while time.perf_counter() < end:
            pass

    spin()

slow()
"""


@pytest.mark.gate
def test_a_long_calendar_says_how_far_it_is_and_ctrl_c_shows_it(project, tmp_path):
    project.write("slow/slow.py", SLOW)
    stretch = ("--since", "2025-01-02", "--until", "5d")
    running = project.start("simulate", *stretch, "--dags", "slow", "--keep", tmp_path)
    first = running.stderr.readline()
    assert re.fullmatch(
        r"airflow-harness: 2025-01-02 \d\d:00  \d+ of \d+ runs ended, 0 failed, \d+ task instances, "
        r"1\d s so far, about \d+ (s|min) left, running: slow.spin\n",
        first,
    )
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert err.endswith("airflow-harness: interrupted\n")
    assert re.search(r"slow +\d+ +\d+ +0 ", out)
    assert verify(tmp_path / "journal.jsonl") > 20


STOPS = re.compile(
    r"airflow-harness: stops when (the next run|run backfill__\S+ of slow) ends; Ctrl-C again stops at once\n"
)


@pytest.mark.parametrize("named", [True, False])
def test_a_replay_that_is_stopped_says_by_what_command_it_goes_on(project, tmp_path, named):
    project.write("slow/slow.py", SLOW.replace("+ 1", "+ 0.3"))
    where = ("--ledger", tmp_path / "kept") if named else ()
    stretch = ("--since", "2025-01-01", "--until", "20h", "--max-active-runs", "1")

    def journals():
        return {one for home in (tmp_path, project.temporary) for one in home.rglob("journal.jsonl")}

    others = journals()
    running = project.start("replay", "slow", *stretch, "--dags", "slow", *where)
    deadline = time.monotonic() + 60
    while not any('"state":"success"' in one.read_text() for one in journals() - others):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    said = iter(running.stderr.readline, "")
    assert STOPS.fullmatch(next(line for line in said if " so far" not in line)), "at once, and not at the end"
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    told = re.search(r"airflow-harness: interrupted\n  go on   airflow-harness (replay slow .* --resume)\n\Z", err)
    assert told, err
    going_on = shlex.split(told[1])
    ledger = Path(going_on[going_on.index("--ledger") + 1])
    assert not named or ledger == where[1]
    answer = project(*going_on)
    assert (answer.code, [line for line in answer.err.splitlines() if " so far" not in line]) == (0, [])
    assert "✓ 20 success" in answer.out
    assert verify(ledger / "journal.jsonl") > 20


def test_on_a_terminal_a_line_says_when_a_replay_that_was_told_to_stop_does(project, tmp_path):
    project.write("slow/slow.py", SLOW.replace("+ 1", "+ 3"))
    stretch = ["--since", "2025-01-01", "--until", "20h", "--max-active-runs", "1", "--ledger", str(tmp_path / "kept")]
    code, screen = on_a_terminal(project, ["replay", "slow", *stretch, "--dags", "slow"], [], stops_at="slow.spin")
    assert code == 130
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", screen)
    assert re.search(r"stops when run backfill__\S+ of slow ends; Ctrl-C again stops at once", plain), plain
    assert "1 success" in plain
    assert screen.count("\x1b[?25l") == screen.count("\x1b[?25h"), "the cursor is there again"


AT_THE_END = """
import atexit
import os
from os import _exit

from airflow.sdk import DAG, task

with DAG("ends", schedule=None):

    @task
    def fails(how):
        {"named": lambda: atexit.register(_exit, 0), "by_os": lambda: atexit.register(os._exit, 0),
         "called": lambda: atexit.register(lambda: os._exit(0))}[how]()
        raise ValueError("broken")

    for how in ("named", "by_os", "called"):
        fails.override(task_id=how)(how)
"""


@pytest.mark.gate
@pytest.mark.parametrize("how", ["named", "by_os", "called"])
def test_what_a_task_leaves_for_the_end_of_the_process_does_not_make_it_green(tmp_path, how):
    project = Project(tmp_path)
    project.write("dags/ends.py", AT_THE_END)
    answer = project("run", "ends", "--only", how)
    assert (answer.code, "broken" in answer.out) == (1, True)


@pytest.mark.gate
def test_a_ledger_that_cannot_be_written_leaves_the_table(tmp_path):
    project = Project(tmp_path)
    project.write("dags/closes.py", CLOSES)
    answer = project("run", "closes")
    assert answer.code == 74
    assert "the ledger" in answer.err
    assert "closes" in answer.out
    assert "success" in answer.out


CLOSES = """
import os

from airflow.sdk import DAG, task

with DAG("closes", schedule=None):

    @task
    def closes():
        for name in os.listdir("/proc/self/fd"):
            try:
                if os.readlink(f"/proc/self/fd/{name}").endswith("journal.jsonl"):
                    os.close(int(name))
            except OSError:
                pass

    closes()
"""
