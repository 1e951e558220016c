"""What is tested is what is shipped: the installed wheel, whole, with the Airflow that the environment names."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

import harness
from tests.repo.sources import HARNESS, ROOT, files

BESIDE = "airflow_harness_pytest.py"
"""What pytest finds, of a name that no project's own module has."""

in_tox = pytest.mark.skipif("AIRFLOW_HARNESS_TEST_WHEEL" not in os.environ, reason="the wheel is installed by tox only")


@in_tox
def test_the_package_under_test_is_not_the_checkout(tmp_path: Path) -> None:
    assert not Path(harness.__path__[0]).samefile(HARNESS)
    seen = subprocess.run(
        [sys.executable, "-c", "import harness; print(harness.__path__[0])"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert not Path(seen.stdout.strip()).samefile(HARNESS)


@in_tox
def test_the_wheel_holds_every_file_of_the_package_and_nothing_else() -> None:
    installed = importlib.metadata.files("airflow-harness") or []
    shipped = {file.as_posix() for file in installed if file.parts[0] != ".." and "__pycache__" not in file.parts}
    ours = {path.relative_to(ROOT).as_posix() for path in files() if path.is_relative_to(HARNESS)} | {BESIDE}
    assert {file for file in shipped if ".dist-info/" not in file} == ours


def test_airflow_is_the_one_this_environment_is_named_for() -> None:
    wanted = os.environ.get("AIRFLOW_HARNESS_TEST_AIRFLOW")
    if wanted is not None:
        assert importlib.metadata.version("apache-airflow-core").startswith(f"{wanted}.")
        assert importlib.metadata.version("apache-airflow").startswith(f"{wanted}.")
