"""A project with Dags, and pytest with the plugin in a process of its own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests import warm

SALES = """
import time
from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Variable, dag, task

RATE = 2


def rate():
    return RATE


@dag(schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc), params={"bad": False})
def sales():
    @task
    def extract(dag_run=None):
        print("extracting")
        time.sleep(3600)
        return [1, 2, (dag_run.conf or {}).get("third", 3)]

    @task
    def double(amount):
        return amount * rate()

    @task(retries=1, retry_delay=timedelta(minutes=5))
    def total(amounts, params=None):
        if params["bad"]:
            raise ValueError("a bad total")
        Variable.set("last_total", str(sum(amounts)))
        return sum(amounts)

    @task
    def at():
        return datetime.now(timezone.utc).isoformat()

    report = BashOperator(task_id="report", bash_command="echo {{ ds }} {{ ti.xcom_pull('total') }}")
    [total(double.expand(amount=extract())), at()] >> report


sales()
"""


class Project:
    """A folder with a ``dags`` folder, in which pytest runs.

    Attributes:
        temporary: the temporary folder of everything that runs there.
    """

    def __init__(self, pytester: pytest.Pytester, temporary: Path) -> None:
        self.pytester, self.temporary = pytester, temporary

    def write(self, **files: str) -> None:
        """Write files: ``a__b`` is ``a/b.py``, ``w_yaml`` is ``w.yaml``."""
        for name, text in files.items():
            path = name.replace("__", "/")
            for suffix in ("toml", "yaml", "ini", "cfg"):
                path = path.replace(f"_{suffix}", f".{suffix}")
            target = self.pytester.path / (path if "." in path else f"{path}.py")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    def pytest(self, *options: str) -> pytest.RunResult:
        """Run pytest in a process of its own, for the fixtures alone."""
        return self.pytester.runpytest_subprocess("-p", "no:cacheprovider", "--no-airflow-checks", *options)

    def checked(self, *options: str) -> pytest.RunResult:
        """Run pytest in a process of its own, Dag files collected."""
        return self.pytester.runpytest_subprocess(*options)

    def left_behind(self) -> list[str]:
        """What stands in the temporary folder, and processes that work there."""
        files = [path.name for path in self.temporary.iterdir()]
        return files + [process.name() for process in psutil.process_iter() if self._works_here(process)]

    def _works_here(self, process: psutil.Process) -> bool:
        try:
            return process.cwd().startswith(str(self.temporary)) and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


def _popen(pytester, cold, arguments, stdout, stderr, stdin=pytest.Pytester.CLOSE_STDIN):
    """`pytest.Pytester.popen`, by `warm.start` where nobody writes to the program."""
    if stdin is not pytest.Pytester.CLOSE_STDIN:
        return cold(arguments, stdout=stdout, stderr=stderr, stdin=stdin)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")])),
    }
    with Path(os.devnull).open() as nothing:
        return warm.start(arguments, Path.cwd(), environment, [one.fileno() for one in (nothing, stdout, stderr)])


@pytest.fixture
def bare(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project without Dags."""
    for name in list(os.environ):
        if name.startswith(("AIRFLOW", "COV_CORE", "COVERAGE", "PYTEST_XDIST")) or name == "CI":
            monkeypatch.delenv(name)
    temporary = Path(tempfile.mkdtemp(prefix="harness-plugin-test-", dir="/tmp"))  # reachable by every account
    temporary.chmod(0o755)
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(pytester, "popen", partial(_popen, pytester, pytester.popen))
    yield Project(pytester, temporary)
    shutil.rmtree(temporary, ignore_errors=True)


@pytest.fixture
def project(bare: Project) -> Project:
    """A project with one Dag, ``sales``."""
    bare.write(dags__sales=SALES)
    return bare
