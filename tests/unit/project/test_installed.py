"""What is said of an Airflow that nobody tried."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.project.installed import NEWEST_TESTED, newer_than_tested

NEWEST = ".".join(map(str, NEWEST_TESTED))
NEXT = f"{NEWEST_TESTED[0]}.{NEWEST_TESTED[1] + 1}"


def pretended(folder: Path, version: str) -> dict[str, str]:
    """An environment whose metadata tell of another Airflow; the package itself is the installed one."""
    told = folder / f"apache_airflow_core-{version}.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: apache-airflow-core\nVersion: {version}\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}


@pytest.mark.parametrize(
    ("version", "warns"),
    [("3.1.0", False), (f"{NEWEST}.0", False), (f"{NEWEST}.9rc1", False), (f"{NEXT}.0b1", True), (f"{NEXT}.2", True)],
)
def test_a_newer_airflow_than_any_that_was_tested_is_named(monkeypatch, version, warns):
    monkeypatch.setattr("harness.project.installed.version_of", lambda _: version)
    told = newer_than_tested()
    assert (told is not None) is warns
    if told is not None:
        assert f"Airflow {version} is newer than {NEWEST}" in told


def test_the_program_and_pytest_say_so_once(tmp_path):
    environment = pretended(tmp_path, f"{NEXT}.1")
    (tmp_path / "empty").mkdir()
    (tmp_path / "test_it.py").write_text("def test_it(): ...")
    check = [str(Path(sys.executable).with_name("airflow-harness")), "check", "empty"]
    told = {
        "program": subprocess.run(check, cwd=tmp_path, env=environment, capture_output=True, text=True).stderr,
        "pytest": subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_it.py"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        ).stdout,
    }
    for text in told.values():
        assert text.count(f"Airflow {NEXT}.1 is newer than {NEWEST}") == 1, told
