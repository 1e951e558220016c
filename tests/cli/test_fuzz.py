"""Whatever stands in a world file, in settings or on a command line: an answer, and never a fault of ours."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .project import Project

EACH = 120
ROOT = Path(__file__).parents[2]


@pytest.mark.gate
def test_no_world_no_settings_and_no_command_line_is_a_fault_of_ours(tmp_path):
    project, folder = Project(tmp_path), tmp_path / "fuzz"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.fuzzing", str(folder), "20250101", str(EACH)],
        cwd=ROOT,
        env=project.environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert sum(found["codes"].values()) == 3 * EACH
    assert found["wrong"] == []
    assert found["codes"]["world 0"] >= EACH // 10  # odd values come through to the run, too
    assert found["codes"]["world 2"] >= EACH // 3
    assert found["codes"]["settings 2"] >= EACH // 2
    assert found["codes"]["line 2"] >= EACH // 4


def test_the_fuzz_sees_a_fault(tmp_path, monkeypatch):
    from harness.cli import entry
    from tests.cli.fuzzing import Case, _world, fault_of

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(entry, "command_line", lambda arguments: 70)
    assert fault_of(_world(b""))[1].startswith("exit code 70")
    monkeypatch.setattr(entry, "command_line", lambda arguments: 2)
    assert fault_of(Case("line", ("run",)))[1] == "no message"

    def fail(arguments):
        raise ValueError("unforeseen")

    monkeypatch.setattr(entry, "command_line", fail)
    assert fault_of(Case("line", ("run",)))[1] == "raised ValueError: unforeseen"
