"""``diff`` of revisions, the working tree and other interpreters: what is simulated, and that nothing is left."""

import shlex
import signal
import subprocess
import sys
import time
import venv
from importlib.metadata import version

import pytest

from tests.cli.project import Project

pytestmark = pytest.mark.programs

DAG = """
import time
from datetime import datetime
from pathlib import Path
from airflow.sdk import dag, task

@dag(start_date=datetime(2025, 1, 1), schedule="@daily", catchup=False)
def sales():
    @task
    def load(ds=None):
        return Path("fixtures/factor.txt").read_text().strip() + ds

    load()

sales()
"""
BROKEN = "from airflow.sdk import dag\nraise RuntimeError('not today')\n"
SLOW = "import time\nfrom airflow.sdk import dag\nfrom pathlib import Path\nPath({started!r}).touch()\ntime.sleep(60)\n"
PERIOD = ("--since", "2025-01-01", "--until", "1d")


class Repository(Project):
    """A project under git; ``main`` is its first commit."""

    def git(self, *arguments):
        who = ["-c", "user.name=me", "-c", "user.email=me@example.test"]
        done = subprocess.run(["git", *who, *arguments], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout

    def commit(self, name):
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", name)
        self.git("tag", name)

    def trees(self):
        """How many work trees git knows of."""
        return len(self.git("worktree", "list").splitlines())


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Tags ``one``, ``two`` (another factor) and ``broken``; the working tree is as ``one`` but for the factor."""
    made = Repository(tmp_path_factory.mktemp("repository"))
    made.git("init", "--quiet", "--initial-branch", "main", ".")
    made.write("dags/sales.py", DAG)
    made.write("fixtures/factor.txt", "1x")
    made.commit("one")
    made.write("fixtures/factor.txt", "2x")
    made.commit("two")
    made.write("dags/sales.py", BROKEN)
    made.commit("broken")
    made.git("checkout", "--quiet", "one")
    made.write("fixtures/factor.txt", "3x")
    return made


def test_two_revisions_each_with_its_own_files(repository):
    answer = repository("diff", "one", "rev:two", *PERIOD, "--keep", "kept")
    assert answer.code == 1, answer.err
    assert '~ xcom sales.load.return_value: "1x2025-01-01" -> "2x2025-01-01"  2 times' in answer.out
    assert answer.out.splitlines()[:2] == ["A  one  2 runs", "B  rev:two  2 runs"]
    assert (repository.trees(), repository.left_behind()) == (1, [])
    again = repository("diff", "kept/a", "kept/b", "--format", "json")
    assert again.code == 1, again.err
    assert repository.git("status", "--porcelain").splitlines() == [" M fixtures/factor.txt", "?? kept/"]


def test_the_working_tree_beside_a_ledger_replayed(repository):
    options = ("--since", "2025-01-01", "--until", "2d")
    replayed = repository("replay", "sales", *options, "--keep", "before")
    assert replayed.code == 0, replayed.err
    answer = repository("diff", "before", ".", *options, "--replay", "--dag", "sales")
    assert (answer.code, answer.out.splitlines()[-1]) == (0, "✓ alike: 2 runs compared"), answer.err


def test_another_interpreter(repository):
    other = repository.folder.parent / "python"
    other.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    other.chmod(0o755)
    answer = repository("diff", "one", "--python", "../python", *PERIOD)
    assert answer.code == 0, answer.err
    title = f"B  one with {repository.folder / '..' / 'python'} (Airflow {version('apache-airflow-core')})  2 runs"
    assert answer.out.splitlines()[1] == title


def test_an_interpreter_that_has_none_of_us(repository):
    venv.create(repository.folder.parent / "bare", symlinks=True)
    answer = repository("diff", ".", "--python", "../bare/bin/python", *PERIOD)
    assert answer.code == 3
    assert "airflow-harness is not installed there" in answer.err
    assert "bin/python -m pip install " in answer.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("one",), "diff takes two"),
        (("one", "two"), "say what to run: --since"),
        (("one", "two", "--since", "2025-01-01"), "what is run has no dates"),
        (("one", "rev:one", *PERIOD), "are the same revision"),
        (("one", "rev:none", *PERIOD), "git knows no such revision"),
        (("one", "none", *PERIOD), "there is no ledger 'none', and no revision"),
        (("one", "two", *PERIOD, "--replay"), "--replay names no Dag"),
        (("one", ".", *PERIOD, "--python", "nowhere/python"), "it cannot be started"),
        (("one", "dags", *PERIOD), "'dags' is a folder, and no ledger"),
    ],
)
def test_what_cannot_be_compared(repository, arguments, said):
    answer = repository("diff", *arguments)
    assert answer.code == 2
    assert said in answer.err
    assert (repository.trees(), repository.left_behind()) == (1, [])


def test_a_revision_that_does_not_import(repository):
    answer = repository("diff", "one", "broken", *PERIOD)
    assert answer.code == 2
    assert "not-simulated: broken could not be simulated: no Dag was loaded" in answer.err
    assert (repository.trees(), repository.left_behind()) == (1, [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_of_one_that_is_ended(repository, number):
    started = repository.folder.parent / f"started-{number}"
    good = (repository.folder / "dags/sales.py").read_text()
    repository.write("dags/sales.py", SLOW.format(started=str(started)))
    try:
        running = repository.start("diff", "one", ".", *PERIOD)
        deadline = time.monotonic() + 120
        while not started.exists() and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(number)
        _, err = running.communicate(timeout=60)
    finally:
        repository.write("dags/sales.py", good)
    assert running.returncode == 128 + number, err
    assert (repository.trees(), repository.left_behind()) == (1, [])
    listed = subprocess.run(["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True).stdout
    assert str(repository.temporary) not in listed
