"""Throw-away folders: whose they are is seen by owner, mode and lock; what a killed process left is swept."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from harness.project import scratch

HOLDS = """
import os, sys
from harness.project.scratch import made
folder = made("home")
if "fork" in sys.argv and os.fork():
    os.kill(os.getpid(), 9)  # whoever it forked lives on
print(folder, os.getpid(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The system's temporary folder of this test and of what it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield tmp_path
    for folder in list(scratch._locks):
        if folder.startswith(str(tmp_path)):
            scratch.drop(folder)


def holder(*arguments):
    """A process that has a folder: the process, the folder, the number of who holds it now."""
    command = [sys.executable, "-c", HOLDS, *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    folder, number = process.stdout.readline().split()
    return process, Path(folder), int(number)


def test_a_folder_is_closed_to_others_and_goes_with_its_block(temporary):
    with scratch.scratch("home") as folder:
        assert Path(folder).parent == temporary
        assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
        scratch.sweep()
        assert Path(folder).is_dir()
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("forked", [False, True])
def test_what_a_killed_process_left_is_swept_and_no_sooner(temporary, forked):
    process, folder, holds = holder(*(["fork"] if forked else []))
    try:
        (folder / "left").write_text("something")
        scratch.sweep()
        assert folder.is_dir()
    finally:
        os.kill(holds, signal.SIGKILL)
        process.communicate()
    deadline = 200
    while folder.exists() and (deadline := deadline - 1):  # a forked one is reaped by somebody else
        scratch.sweep()
        os.sched_yield()
    assert not folder.exists()


def test_an_ordinary_end_leaves_nothing(temporary):
    process, folder, _ = holder()
    process.communicate("")
    assert not folder.exists()


def test_nothing_is_swept_but_folders_of_ours(temporary):
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept")
    (temporary / f"{scratch.PREFIX}home-link").symlink_to(elsewhere)
    (temporary / f"{scratch.PREFIX}home-file").write_text("kept")
    shared = temporary / f"{scratch.PREFIX}home-shared"
    shared.mkdir()
    shared.chmod(0o777)
    (temporary / f"{scratch.PREFIX}home-left").mkdir(mode=0o700)
    scratch.sweep()
    assert sorted(path.name.rpartition("-")[2] for path in temporary.iterdir()) == [
        "elsewhere",
        "file",
        "link",
        "shared",
    ]
    assert (elsewhere / "kept").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_neither_swept_nor_trusted(temporary):
    theirs = temporary / f"{scratch.PREFIX}home-theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, 12345, 12345)
    scratch.sweep()
    assert theirs.is_dir()
    assert not scratch.own(str(theirs))


@pytest.mark.parametrize("kind", ["link", "file", "shared"])
def test_a_name_that_can_be_guessed_is_trusted_only_where_it_is_ours_alone(temporary, kind):
    from harness.bridge.reference.home import _of_this_process, default_cache
    from harness.cli.ledgers import ledgers_home

    _of_this_process.cache_clear()
    places = [temporary / f"airflow-harness-{name}-{os.getuid()}" for name in ("oracle", "ledgers")]
    for place in places:
        if kind == "link":
            (temporary / "trap").mkdir(exist_ok=True)
            place.symlink_to(temporary / "trap")
        elif kind == "file":
            place.write_text("")
        else:
            place.mkdir()
            place.chmod(0o777)
    taken = [default_cache(), ledgers_home()]
    assert not set(taken) & set(places)
    assert all(stat.S_IMODE(folder.lstat().st_mode) == 0o700 for folder in taken)
    assert not (temporary / "trap").exists() or not list((temporary / "trap").iterdir())
    _of_this_process.cache_clear()


def test_it_is_taken_where_it_is_ours(temporary):
    from harness.bridge.reference.home import default_cache

    assert default_cache() == default_cache() == temporary / f"airflow-harness-oracle-{os.getuid()}"
    assert stat.S_IMODE(default_cache().stat().st_mode) == 0o700


@pytest.mark.parametrize("when", ["before it is opened", "before it is locked"])
def test_a_new_folder_that_is_swept_before_it_is_locked_is_made_anew(temporary, monkeypatch, when):
    swept: list[str] = []
    name = "open" if when == "before it is opened" else "_locked"
    holder_of = os if name == "open" else scratch
    real = getattr(holder_of, name)

    def late(first, *rest):
        found = [path for path in temporary.iterdir() if path.name.startswith(scratch.PREFIX)]
        if found and not swept:
            swept.append(str(found[0]))
            found[0].rmdir()
        return real(first, *rest)

    monkeypatch.setattr(holder_of, name, late)
    folder = scratch.made("home")
    assert swept != [folder]
    assert Path(folder).is_dir()
