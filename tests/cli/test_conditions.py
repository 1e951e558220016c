"""A full disk, a reader that goes, closed descriptors, a folder that is gone: one error and the right exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .project import Project

ROOT = Path(__file__).parents[2]
MACHINE, SHORT = 74, ("help", "list", "run", "run json", "simulate", "simulate json", "usage", "kept")
EXPECTED = {  # condition -> command -> exit code, where that is another than without it
    "plain": {},
    "full_stdout": dict.fromkeys(("help", "list", "run", "run json", "simulate", "simulate json", "kept"), MACHINE),
    "full_stderr": {},
    "no_reader": {},
    "no_stdout": {},
    "no_descriptors": {},
    "no_files": dict.fromkeys(("help", "list", "run", "run json", "simulate", "simulate json", "kept"), MACHINE),
    "small_files": dict.fromkeys(("help", "list", "run", "run json", "simulate", "simulate json", "kept"), MACHINE),
    "few_descriptors": {},
    "folder_gone": dict.fromkeys(("list", "run", "run json", "simulate", "simulate json", "kept"), 2),
    "no_home": {},
    "narrow": {},
    "wide": {},
    "odd_environment": {},
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("conditions")
    folder.chmod(0o755)
    project, work = Project(folder), folder / "work"
    work.mkdir()
    commands = ",".join((*SHORT, "odd", "odd json", "closes all"))
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.conditions", str(work), "", commands],
        cwd=ROOT,
        env=project.environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return {(one["condition"], one["command"]): one for one in json.loads(done.stdout)}


@pytest.mark.gate
@pytest.mark.parametrize("condition", EXPECTED)
def test_every_command_ends_with_the_right_code_and_one_error(answers, condition):
    found = {command: answer for (name, command), answer in answers.items() if name == condition}
    codes = {command: answer["code"] for command, answer in found.items() if command in SHORT}
    assert codes == {**dict.fromkeys(SHORT, 0), "usage": 2, **EXPECTED[condition]}
    for answer in found.values():
        assert answer["code"] != 70
        told = answer["err"]
        assert "Traceback (most recent call last)" not in told
        assert "Exception ignored" not in told
        if answer["code"] == MACHINE and condition in ("full_stdout", "small_files"):
            assert told.count("machine: ") == 1
            assert "  fix  " in told


@pytest.mark.gate
def test_tasks_that_close_what_is_not_theirs_end_nobody_else(answers):
    plain = {command: answer for (name, command), answer in answers.items() if name == "plain"}
    run = json.loads(plain["odd json"]["out"])
    states = {task["task_id"]: task["state"] for task in run["task_instances"]}
    good = dict.fromkeys(("closes_descriptors", "has_no_stdout", "closes_stdout", "dates"), "success")
    assert states == {**good, "numbers": "failed", "text": "failed"}
    assert plain["closes all"]["code"] == MACHINE
    assert "look for a task that closes descriptors" in plain["closes all"]["err"]
