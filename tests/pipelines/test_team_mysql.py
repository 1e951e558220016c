"""The pipeline that needs a MySQL, on MariaDB's programs; the others import what only their own environment has."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.repo.sources import ROOT


@pytest.mark.mariadb
def test_the_pipelines_on_mysql_pass() -> None:
    pytest_of_ours = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command = [*pytest_of_ours, "-m", "mysql", "tests/test_stock_levels.py"]
    ran = subprocess.run(
        command, cwd=ROOT / "dags_under_test" / "pipelines", capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 passed" in ran.stdout
