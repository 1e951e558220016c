"""The pipelines that people have, in a repository as a team's: its own tests pass, as the team would run them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repo.sources import ROOT

REPOSITORY = ROOT / "dags_under_test" / "pipelines"

pytestmark = pytest.mark.gate


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it."""
    folder = tmp_path_factory.mktemp("team") / "pipelines"
    shutil.copytree(REPOSITORY, folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return folder


def test_its_tests_pass(repository: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "tests"]
    ran = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    passed = re.search(r"(\d+) passed", ran.stdout)
    written = sum(path.read_text().count("\ndef test_") for path in (repository / "tests").glob("test_*.py"))
    assert passed is not None
    assert int(passed[1]) >= written > 15


def test_its_dags_are_clean(repository: Path) -> None:
    command = [Path(sys.executable).with_name("airflow-harness"), "check", "--no-cache"]
    ran = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
