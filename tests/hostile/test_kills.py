"""A run that is killed, or a process of it, at any moment: no process is left, and it never ends with 0."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.bridge.parsing.watching.watch import descendants
from tests.hostile.made import DAG
from tests.hostile.processes import asleep, becomes, marked

PROGRAM = """
import sys
from pathlib import Path
from harness.errors import HarnessError
from tests.hostile.cases import gate

try:
    result = gate(Path(sys.argv[1]), timeout_s=20)
except HarnessError as error:
    print(error)
    sys.exit(error.exit_code)
print(*result.findings, sep="\\n")
sys.exit(1 if result.count("error") else 0)
"""
SLOW = """import time

time.sleep(0.4)
"""
DAEMON = """import os
import subprocess
import sys

if "airflow" in sys.modules and os.fork() == 0:
    os.setsid()
    os.execvpe("sleep", ["sleep", "{sleep}"], {{"PATH": os.environ["PATH"]}})
"""


class Run:
    """A gate in a process of its own, over a folder of harmless files.

    Args:
        daemons: each file also leaves a process behind, in a session of its own and with an empty environment; that is
            a finding, so such a run never ends with 0.
    """

    def __init__(self, folder: Path, daemons: bool = False) -> None:
        self.sleep = str(random.randrange(10**6, 10**7))
        self.mark = f"HOSTILE_RUN={folder}"
        self.temporary = folder / "tmp"
        dags = folder / "dags"
        dags.mkdir(parents=True)
        self.temporary.mkdir()
        for number in range(8):
            text = SLOW + (DAEMON.format(sleep=self.sleep) if daemons else "") + DAG.format(f"harmless_{number}")
            (dags / f"harmless_{number}.py").write_text(text)
        environment = {**os.environ, "TMPDIR": str(self.temporary), "HOSTILE_RUN": str(folder)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(dags)], env=environment, stdout=subprocess.PIPE, text=True
        )
        self.began = time.monotonic()

    def fork_servers(self) -> list[int]:
        """Direct children."""
        return [pid for pid in descendants(self.process.pid) if _parent(pid) == self.process.pid]

    def workers(self) -> list[int]:
        """Direct children of fork servers."""
        fork_servers = self.fork_servers()
        return [pid for pid in descendants(self.process.pid) if _parent(pid) in fork_servers]

    def parsing(self) -> list[int]:
        """Processes that parse a file: each leads a session of its own, below a fork server."""
        below = [pid for fork_server in self.fork_servers() for pid in descendants(fork_server)]
        return [pid for pid in below if _session(pid) == pid]

    def end(self) -> tuple[int, str]:
        """Its exit code and what it printed."""
        said, _ = self.process.communicate(timeout=120)
        return self.process.returncode, said

    def is_gone(self) -> bool:
        """Whether no process and no folder of it is left."""
        return becomes(set(), lambda: asleep(self.sleep) | marked(self.mark), patience_s=60) and becomes(
            [], lambda: list(self.temporary.iterdir()), patience_s=20
        )


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def test_without_a_kill_it_ends_with_0(tmp_path):
    run = Run(tmp_path)
    assert run.end() == (0, "\n")
    assert run.is_gone()


def test_the_run_itself_is_killed(tmp_path):
    moments = random.Random(1)

    def killed(number: int, daemons: bool) -> Run:
        run = Run(tmp_path / str(number), daemons)
        time.sleep(moments.uniform(0.1, 3))
        run.process.kill()
        return run

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(killed, range(4), [False, True, False, True]))
    for run in runs:
        assert run.end()[0] == -signal.SIGKILL
        assert run.is_gone()


@pytest.mark.parametrize("which", ["fork_servers", "workers"])
def test_a_process_of_ours_is_killed(tmp_path, which):
    moments = random.Random(3)

    def killed(number: int, daemons: bool) -> Run:
        run = Run(tmp_path / str(number), daemons)
        assert becomes({"fork_servers": 1, "workers": 2}[which], lambda: len(getattr(run, which)()), patience_s=60)
        time.sleep(moments.uniform(0, 3 if which == "fork_servers" else 1))
        os.kill(moments.choice(getattr(run, which)()), signal.SIGKILL)
        return run

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(killed, range(4), [False, True, True, True]))
    for run in runs:
        code, said = run.end()
        assert code in (1, 70), said
        assert run.is_gone()


def test_a_worker_is_killed_while_it_is_at_several_files(tmp_path):
    run = Run(tmp_path)
    assert becomes(True, lambda: bool(run.parsing()), patience_s=30)
    os.kill(_parent(run.parsing()[0]), signal.SIGKILL)
    code, said = run.end()
    assert code == 70, said
    assert "killed by SIGKILL" in said
    assert run.is_gone()


def test_a_child_is_killed(tmp_path):
    run = Run(tmp_path)
    assert becomes(True, lambda: bool(run.parsing()), patience_s=30)
    os.kill(run.parsing()[0], signal.SIGKILL)
    code, said = run.end()
    assert code == 1
    assert "SIGKILL" in said
    assert run.is_gone()
