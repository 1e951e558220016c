"""Drivers in containers as pytest takes them: one for all workers, named in the header, gone with the run."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.containers
IMAGE = "airflow-harness-test/postgres"

TESTS = """
import pytest


@pytest.mark.parametrize("turn", range(4))
def test_rows(world, turn):
    warehouse = world.postgres("warehouse")
    warehouse.execute("create table t (n int)")
    assert warehouse.rows("select count(*) from t") == [(0,)]
    with open("ports", "a") as ports:
        ports.write(f"{warehouse.port}\\n")
"""


def containers() -> set[str]:
    words = ["docker", "ps", "--all", "--quiet", "--filter", f"ancestor={IMAGE}"]
    return set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())


@pytest.fixture
def served(bare: Project) -> Iterator[Project]:
    before = containers()
    bare.write(fixtures__world_yaml="connections:\n  warehouse: {service: postgres}\n", test_it=TESTS)
    yield bare
    deadline_s = time.monotonic() + 15
    while (left := containers() - before) and time.monotonic() < deadline_s:
        time.sleep(0.1)
    assert not left


def test_all_workers_share_one(served: Project):
    result = served.pytest("-n", "2", "--airflow-driver", f"postgres=container:{IMAGE}")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            f"airflow-harness: postgres is container:{IMAGE} (--airflow-driver postgres=…)",
            "airflow-harness: note: the clock of postgres is real, also in virtual time: a container has the machine's",
        ]
    )
    assert len(set((served.pytester.path / "ports").read_text().split())) == 1


def test_it_goes_with_a_pytest_that_is_killed(served: Project):
    served.write(test_it=TESTS + "    import time; time.sleep(60)\n")
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--no-airflow-checks"]
    running = subprocess.Popen(
        [*words, "--airflow-driver", f"postgres=container:{IMAGE}"],
        cwd=served.pytester.path,
        stdout=subprocess.DEVNULL,
    )
    ports = served.pytester.path / "ports"
    deadline_s = time.monotonic() + 60
    while not ports.exists() and time.monotonic() < deadline_s:
        time.sleep(0.1)
    assert ports.exists()
    running.send_signal(signal.SIGKILL)
    running.wait()
