"""Programs of ours start whatever lies in the working directory or on PYTHONPATH."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.project import own_programs
from harness.project.own_programs import ask, end_program, installed_program, own_program

ASKS = {"names": ["airflow.sdk.DAG"], "arguments": {}, "fields": {}}
HIDING = [("harness.py", "json.py", "importlib.py", "ruff.py"), ("harness/__init__.py",)]
"""A package goes before a module of its name."""


@pytest.fixture(params=HIDING, ids=["modules", "a package"])
def hiding(request, tmp_path):
    """A working directory with modules that have the names of ours, and of those that we need."""
    for name in request.param:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"raise ImportError('{name} of the project')\n")
    return tmp_path


def start(command: list[str], folder: Path, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **environment}
    return subprocess.run(command, cwd=folder, env=env, input=given, capture_output=True, text=True, timeout=120)


def test_a_program_of_ours_is_ours(hiding):
    done = start(own_program("harness.bridge.installed_names"), hiding, json.dumps(ASKS))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["names"] == {"airflow.sdk.DAG": ["there", ""]}


@pytest.mark.parametrize(
    ("program", "answer", "noise"),
    [
        ("answer(lambda question: [print('noise'), {**question, 'more': 1}][1])", {"asked": 1, "more": 1}, "noise\n"),
        ("raise SystemExit(4)", None, ""),
        ("print('no document')", None, ""),
    ],
)
def test_only_a_document_is_an_answer(monkeypatch, program, answer, noise):
    start = f"from harness.project.own_programs import answer; {program}"
    monkeypatch.setattr(own_programs, "own_program", lambda _: [sys.executable, "-c", start])
    found, done = ask("harness.any", {"asked": 1}, 60)
    assert (found, done.stderr) == (answer, noise)
    assert ask("harness.any", {"asked": 1}, 60, keeps_stderr=False)[0] == answer


@pytest.mark.parametrize("more", [{}, {"PYTHONSAFEPATH": "1"}], ids=["plain", "safe path"])
def test_so_it_is_where_the_path_names_the_project(tmp_path, more):
    (tmp_path / "harness.py").write_text("raise ImportError('the module of the project')\n")
    command = own_program("harness.bridge.installed_names")
    done = start(command, tmp_path, json.dumps(ASKS), PYTHONPATH=str(tmp_path), **more)
    assert done.returncode == 0, done.stderr


def test_an_installed_program_is_the_installed_one(hiding):
    done = start([*installed_program("ruff"), "--version"], hiding)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ruff ")


def test_the_path_is_what_it_would_be_without_us(tmp_path):
    show = "import json, sys; print(json.dumps(sys.path))"
    plain = start([own_program("x")[0], "-c", show], tmp_path)
    command = own_program("harness.bridge.installed_names")
    command[-1] = command[-1].partition("; from ")[0] + "; " + show
    assert json.loads(start(command, tmp_path).stdout) == json.loads(plain.stdout)[1:]


def test_nobody_else_starts_a_python_that_looks_there():
    files = Path(own_programs.__file__).parents[1].rglob("*.py")
    found = {file.name: line for file in files for line in file.read_text().splitlines() if "[sys.executable" in line}
    assert found.pop("own_programs.py")
    assert all('"-I"' in line for line in found.values()), found
    assert "reaper_link.py" in found


@pytest.mark.parametrize(
    ("code", "ended_by"),
    [
        ("import time; print(flush=True); time.sleep(60)", signal.SIGTERM),
        ("import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)", signal.SIGKILL),
    ],
    ids=["at once", "after patience"],
)
def test_a_program_is_ended_and_waited_for(code, ended_by):
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        end_program(process, 0.3)
        assert process.returncode == -ended_by
        end_program(process, 0.3)  # once more: it is no more
