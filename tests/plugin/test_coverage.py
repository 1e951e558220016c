"""``pytest --cov`` counts the lines of tasks that took turns, without configuration."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.programs

DAG = """
import asyncio
import time
from datetime import datetime, timedelta

import lib
from airflow.sdk import dag, task


@dag(schedule=None)
def turns():
    @task
    def naps():
        a = 1
        time.sleep(60)
        b = lib.nap(a)
        lib.deep(5)
        time.sleep(60)
        return a + b

    @task
    def loops():
        c = 1
        for n in range(3):
            c += n
            time.sleep(7)
            if n:
                c += 1
        lib.deep(2)
        return lib.nap(c)

    @task
    def leaves_early(value):
        if value is not None:
            return 0
        never = value  # NOT RUN
        return never  # NOT RUN

    @task(retries=2, retry_delay=timedelta(seconds=1))
    def fails_first(ti=None):
        time.sleep(5)
        try:
            time.sleep(5)
            if ti.try_number == 1:
                raise ValueError
        finally:
            time.sleep(6)
        return 1

    @task
    def runs_a_loop():
        async def main():
            await asyncio.sleep(10)
            return 5

        found = asyncio.run(main())
        found += 1
        return found

    @task
    def mapped(i):
        if i == 1:
            time.sleep(10)
        else:
            lib.deep(3)
        last = i
        return last

    leaves_early(loops())
    naps(), fails_first(), runs_a_loop()
    mapped.expand(i=[1, 2, 3])


turns()
"""

LIB = """
import time


def nap(x):
    y = x
    time.sleep(3)
    z = y + 1
    return z


def deep(n):
    if n:
        return deep(n - 1)
    time.sleep(11)
    return 0


def unused():
    return 1  # NOT RUN
"""

TEST = """
def after():
    a = 1
    return a


def test_it(run_dag):
    result = run_dag("turns")
    assert result.state == "success"
    b = after()
    assert b == 1


def unused():
    return 1  # NOT RUN
"""


@pytest.mark.parametrize("options", [("--cov-branch",), ("-n", "1")], ids=["branches", "xdist"])
def test_every_line_that_ran_and_no_other(project: Project, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]):
    files = {"dags/turns.py": DAG, "dags/lib.py": LIB, "test_it.py": TEST}
    project.write(dags__turns=DAG, dags__lib=LIB, test_it=TEST)
    monkeypatch.setenv("COVERAGE_CORE", "ctrace")  # the default before Python 3.14, and the one that keeps a stack
    result = project.pytest("--cov=.", "--cov-report=json", *options)
    result.assert_outcomes(passed=1)
    report = json.loads((project.pytester.path / "coverage.json").read_text())["files"]
    for name, text in files.items():
        missed = [number for number, line in enumerate(text.splitlines(), 1) if "# NOT RUN" in line]
        assert report[name]["missing_lines"] == missed, name
        wrong = [arc for arc in report[name].get("missing_branches", []) if arc[1] not in missed]
        assert wrong == [], name
    assert "trace-changed" not in result.stdout.str() + result.stderr.str()
