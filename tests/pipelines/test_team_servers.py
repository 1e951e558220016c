"""The pipelines that need a server beside Python: on MariaDB's programs, and in a container.

The others import what only their own environment has, so each is asked for alone.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.repo.sources import ROOT


@pytest.mark.mariadb
def test_the_pipelines_on_mysql_pass() -> None:
    passes("mysql", "tests/test_stock_levels.py", 3)


@pytest.mark.containers
def test_the_pipelines_on_postgres_in_a_container_pass() -> None:
    image = "container:airflow-harness-test/postgres"  # tests.containers makes it; a team's own test takes postgres's
    passes("docker", "tests/test_city_weather.py", 1, AIRFLOW_HARNESS_POSTGRES_DRIVER=image)


def passes(marker: str, file: str, count: int, **more: str) -> None:
    """The tests of a marker in a file pass, and are so many."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", marker, file]
    folder = ROOT / "dags_under_test" / "pipelines"
    ran = subprocess.run(command, cwd=folder, env=os.environ | more, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{count} passed" in ran.stdout
