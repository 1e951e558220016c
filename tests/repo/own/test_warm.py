"""A program in a fork of a warm process is what it is in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from tests import warm

PROBE = """
import atexit, json, os, signal, sys, tempfile, threading, time

import pydantic

ours = [name for name in sys.modules if name.partition(".")[0] in ("airflow", "harness", "tests", "_pytest")]
told = {
    "arguments": sys.argv[1:], "cwd": os.getcwd(), "environment": dict(os.environ), "name": __name__, "ours": ours,
    "path": sys.path, "temporary": tempfile.gettempdir(), "read": sys.stdin.read(), "encoding": sys.stdout.encoding,
    "files": sorted(os.listdir("/proc/self/fd")), "session": os.getsid(0),
    "finders": [one for one in map(repr, sys.meta_path) if "_LeftOut" in one],
}
print(json.dumps(told))
atexit.register(print, "at exit")
threading.Thread(target=lambda: (time.sleep(0.05), print("a thread"))).start()
print("an error", file=sys.stderr)
if sys.argv[1] == "raises":
    raise KeyError("of the program")
if sys.argv[1] == "is killed":
    os.kill(os.getpid(), signal.SIGKILL)
sys.exit({"text": "no", "none": None}.get(sys.argv[1], 7))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("warm")
    (made / "probe.py").write_text(PROBE)
    (made / "tmp").mkdir()
    return made


def ran(start, folder, *arguments):
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    environment |= {"HOME": str(folder), "TMPDIR": str(folder / "tmp"), "PYTHONUTF8": "1", "PYTHONPATH": "/nowhere"}
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err, Path(os.devnull).open() as nothing:
        streams = [one.fileno() for one in (nothing, out, err)]
        program = start([sys.executable, "-m", "probe", *arguments], folder, environment, streams)
        code = program.wait(60)
        out.seek(0)
        err.seek(0)
        told, *lines = out.read().splitlines() or ["{}"]
        return code, json.loads(told), lines, err.read().splitlines()[-1:]


@pytest.mark.parametrize("end", ["code", "text", "none", "raises", "is killed"])
def test_it_finds_and_leaves_what_it_would_alone(folder, end):
    alone = ran(warm.cold, folder, end)
    ran(warm.Program, folder, end)  # the first of its kind tells the server what it imports
    assert ran(warm.start, folder, end) == alone
    assert alone[1].get("ours", []) == []


def test_a_program_that_hangs_can_be_waited_for_and_killed(folder):
    (folder / "hangs.py").write_text("import time\ntime.sleep(60)\n")
    with Path(os.devnull).open("r+") as nothing:
        program = warm.start([sys.executable, "-m", "hangs"], folder, {"PYTHONUTF8": "1"}, [nothing.fileno()] * 3)
        assert isinstance(program, warm.Program)
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(0.2)
        program.kill()
        assert program.wait(10) == -9


@pytest.mark.parametrize(
    "more", [{"PYTHONHASHSEED": "1"}, {"TZ": "Asia/Tokyo"}, {"LC_ALL": "C"}, {"COVERAGE_RUN": "1"}]
)
def test_what_an_interpreter_reads_at_its_start_gets_one(folder, more):
    with Path(os.devnull).open("r+") as nothing:
        program = warm.start(
            [sys.executable, "-m", "this"], folder, {"PYTHONUTF8": "1", **more}, [nothing.fileno()] * 3
        )
        assert isinstance(program, subprocess.Popen)
        assert program.wait(30) == 0
