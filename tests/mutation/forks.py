"""Tests in a fork of a process that has imported Airflow and everything else but this project.

Starting pytest and importing Airflow anew costs ten times what the tests do that notice a fault.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.mutation.reach import SUITE

OURS = ("harness", "tests", "conftest")
TIMEOUT = "timeout in"
START_LIMIT_S = 60.0
TEST_LIMIT_S = 30.0
"""Beside ten times what the test took: a fault that makes it hang is noticed. In real time, since what hangs takes no
processor's; that it was not the machine that was slow, the same test without the fault tells (`Trial`)."""


@dataclass(frozen=True)
class Notice:
    """That a test did not pass.

    Attributes:
        test: its node id; of several that never began, the first.
        how: ``failed``, `TIMEOUT` or ``exit STATUS in``.
        stage: the test again, or ``the start`` of all.
    """

    test: str
    how: str
    stage: str

    def __str__(self) -> str:
        return f"{self.how} {self.stage}".strip()


class WarmProcess:
    """This process, once it has imported what the tests import, ours apart."""

    def __init__(self, clone: Path, home: Path) -> None:
        self._clone, self._home = clone, home
        names = self._imported_by_the_tests()
        home.mkdir()
        sys.path.insert(0, str(clone))
        from harness.bridge.environment import sandbox  # ty: what Airflow is imported under

        os.environ.update(sandbox.settings(str(home)))
        _forget_ours()
        for name in names:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        self._shown = set(home.rglob("*"))

    def _imported_by_the_tests(self) -> list[str]:
        script = (
            "import json, pytest, sys\n"
            "sys.stdout, out = sys.stderr, sys.stdout\n"
            f"pytest.main(['-q', '--collect-only', '-p', 'no:cacheprovider', *{SUITE!r}])\n"
            "mine = lambda module: (getattr(module, '__file__', None) or '').startswith(sys.argv[1])\n"
            "print(json.dumps([name for name, module in sys.modules.items() if not mine(module)]), file=out)\n"
        )
        ran = subprocess.run(
            [sys.executable, "-c", script, str(self._clone)],
            cwd=self._clone,
            env=os.environ | {"PYTHONPATH": str(self._clone)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=True,
        )
        names: list[str] = json.loads(ran.stdout.splitlines()[-1])
        return [name for name in names if name != "__main__" and not _is_ours(name)]

    def run(self, tests: Sequence[str], seconds: dict[str, float], log: Path) -> Notice | None:
        """Run some tests in their order, until one fails. Returns: None when all passed."""
        reads, writes = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reads)
            self._be_pytest(tests, writes, log)
        os.close(writes)
        ends = os.pidfd_open(child)  # the pipe has no end while something lives that a test forked
        try:
            how, running = self._watched(child, reads, ends, seconds)
            return Notice(running or tests[0], how, running or "the start") if how else None
        finally:
            os.close(reads)
            os.close(ends)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            self._clear_home()

    def _be_pytest(self, tests: Sequence[str], writes: int, log: Path) -> None:
        code = 70
        try:
            os.setsid()
            out = os.open(log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
            for descriptor in (1, 2):
                os.dup2(out, descriptor)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.chdir(self._clone)
            os.environ["PYTHONPATH"] = str(self._clone)
            _forget_ours()
            _quick_hypothesis()
            sandbox = importlib.import_module("harness.bridge.environment.sandbox")
            sandbox._home = str(self._home)  # type: ignore[attr-defined]  # else it would make another than Airflow's
            files = sorted({name.partition("::")[0] for name in tests})
            options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:cov", "--hypothesis-seed=0", "--tb=short"]
            code = int(pytest.main([*options, *files], plugins=[_Chosen(tests, writes)]))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _watched(self, child: int, reads: int, ends: int, seconds: dict[str, float]) -> tuple[str, str]:
        """Until the child ends. Each test has its limit, so that none pays for its neighbours.

        Returns: how it ended, "" when all passed; and the test that ran, "" before the first.
        """
        running, limit, heard, pending = "", START_LIMIT_S, time.monotonic(), b""
        while True:
            ready, _, _ = select.select([reads, ends], [], [], max(0.0, heard + limit - time.monotonic()))
            if not ready:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return TIMEOUT, running
            if reads in ready and (chunk := os.read(reads, 65536)):
                *names, pending = (pending + chunk).split(b"\n")
                if names:
                    running = names[-1].decode()
                    limit, heard = TEST_LIMIT_S + 10 * seconds.get(running, 0.0), time.monotonic()
            elif ends in ready:
                break
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status == 0:
            return "", running
        return "failed" if status == 1 else f"exit {status} in", running

    def _clear_home(self) -> None:
        for path in set(self._home.glob("*")) - self._shown:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


class _Chosen:
    """A pytest plugin: of what was collected, some tests in a given order; tells a pipe which one runs."""

    def __init__(self, names: Sequence[str], writes: int) -> None:
        self._place = {name: place for place, name in enumerate(names)}
        self._writes = writes

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        gone = self._place.keys() - {item.nodeid for item in items}
        # A fault in a constant renames the tests that have it as a parameter: then all of that function are meant.
        renamed = {_function(name): self._place[name] for name in gone}
        place = {item: self._place.get(item.nodeid, renamed.get(_function(item.nodeid))) for item in items}
        chosen = [(at, item) for item, at in place.items() if at is not None]
        items[:] = [item for _, item in sorted(chosen, key=lambda one: one[0])]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        os.write(self._writes, f"{nodeid}\n".encode())


def _function(name: str) -> str:
    return name.partition("[")[0]


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in OURS


def _forget_ours() -> None:
    """So that they are imported anew, from the clone."""
    for name in [name for name in sys.modules if _is_ours(name)]:
        del sys.modules[name]


def _quick_hypothesis() -> None:
    """A failing example is enough, the smallest is for people; and nothing is remembered from one fault to the next."""
    from hypothesis import Phase, settings

    settings.register_profile("mutation", database=None, phases=[Phase.explicit, Phase.generate])
    settings.load_profile("mutation")
