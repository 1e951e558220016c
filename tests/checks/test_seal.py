"""Files that a process cannot change: by whichever means the system has, root or not; and by the hook alone."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
from pathlib import Path

import pytest

from harness.bridge.parsing import confinement
from harness.bridge.parsing.watching import Users
from harness.bridge.parsing.watching.watch import ActivityWatch
from tests.checks.forks import ME_AND_NOBODY, NOBODY, in_a_fork


@pytest.fixture
def places(tmp_path):
    """A folder that may be changed and one that may not, everybody's, with a file each."""
    made = []
    for name in ("home", "outside"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "file").write_text("as it was")
        made.append(folder)
    for path in [*tmp_path.parents[:3], tmp_path, *made, *(folder / "file" for folder in made)]:
        path.chmod(0o777)
        if os.getuid() == 0 and path.is_relative_to(tmp_path):
            os.chown(path, NOBODY, NOBODY)
    return made


def changes(folder: Path) -> list[str]:
    """What of all that a process, a thread and a program try comes about in a folder."""
    file, tried = str(folder / "file"), []
    libc = ctypes.CDLL(None)
    one = threading.Thread(target=lambda: tried.append(("truncate", libc.truncate(file.encode(), 0) == 0)))
    one.start()
    one.join()
    tried.append(("mode", libc.chmod(file.encode(), 0o700) == 0))
    tried.append(("symlink", libc.symlink(b"x", f"{folder}/link".encode()) == 0))
    tried.append(("mkdir", libc.mkdir(f"{folder}/made".encode(), 0o700) == 0))
    tried.append(("rename", libc.rename(f"{folder}/made".encode(), f"{folder}/other".encode()) == 0))
    tried.append(("touch", subprocess.run(["touch", f"{folder}/new"], stderr=subprocess.DEVNULL).returncode == 0))
    tried.append(("remove", subprocess.run(["rm", "-f", file], stderr=subprocess.DEVNULL).returncode == 0))
    return [what for what, done in tried if done]


EVERYTHING = ["truncate", "mode", "symlink", "mkdir", "rename", "touch", "remove"]


@pytest.mark.parametrize("user", ME_AND_NOBODY)
def test_all_is_read_only_but_one_folder(places, user):
    home, outside = places

    def work():
        confinement.without_network()
        sealed = confinement.read_only_but(str(home))
        return [sealed, changes(outside) if sealed else [], changes(home), _removed(home) if sealed else True]

    sealed, without, within, removed = in_a_fork(work, user)
    assert (without, within, removed) == ([], EVERYTHING, True)
    assert (outside / "file").read_text() == "as it was" if sealed else True


def _removed(home: Path) -> bool:
    confinement.open_again(str(home))
    subprocess.run(["rm", "-r", str(home)], check=True)
    return not home.exists()


@pytest.mark.parametrize("user", ME_AND_NOBODY)
def test_landlock_knows_all_but_modes(places, user):
    home, outside = places

    def work():
        sealed = confinement.only_below([str(home), "/dev"])
        return [sealed, changes(outside) if sealed else ["mode"], changes(home)]

    sealed, without, within = in_a_fork(work, user)
    assert (without, within) == (["mode"], EVERYTHING)
    assert (outside / "file").read_text() == "as it was" if sealed else True


WITHOUT_THE_KERNEL = """
import os, subprocess, threading
from multiprocessing import get_context
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
refused = []

def tried(name, function, *args):
    try:
        function(*args)
    except OSError as error:
        refused.append(name)

tried("run", subprocess.run, ["rm", HERE / "file"])
tried("system", os.system, f"rm {HERE / 'file'}")
tried("posix_spawn", os.posix_spawn, "/bin/rm", ["rm", str(HERE / "file")], {})
tried("spawned", get_context("spawn").Process(target=os.remove, args=(HERE / "file",)).start)
with ThreadPoolExecutor() as pool:
    tried("pool", pool.submit(os.remove, HERE / "file").result)
thread = threading.Thread(target=tried, args=("thread", os.chmod, HERE / "file", 0))
thread.start()
thread.join()
tried("utime", os.utime, HERE / "file")
tried("written", (HERE / "file").write_text, "")
tried("link", os.symlink, "x", HERE / "link")
"""


def test_the_hook_alone_refuses_programs_too(places):
    outside = places[1]
    script = outside / "dag.py"
    script.write_text(WITHOUT_THE_KERNEL)

    def work():
        watch = ActivityWatch(Users(str(outside)), (), lambda _: None)
        watch.refuses_programs = True
        watch.install()
        watch.begin(str(script))
        names = {"__file__": str(script), "__name__": "dag"}
        exec(compile(script.read_text(), str(script), "exec"), names)
        told = {(event.kind, event.line) for event in watch.events if event.refused and event.path == str(script)}
        return [names["refused"], sorted(told)]

    refused, told = in_a_fork(work)
    assert refused == ["run", "system", "posix_spawn", "spawned", "pool", "thread", "utime", "written", "link"]
    assert {kind for kind, _ in told} == {"process", "write"}
    assert len({line for _, line in told}) >= 2
    assert (outside / "file").read_text() == "as it was"
    assert not (outside / "link").is_symlink()
