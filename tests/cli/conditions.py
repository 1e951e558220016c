"""Commands under conditions that nobody wishes for, each in a fork of one process that has Airflow loaded.

``python -m tests.cli.conditions FOLDER`` prints JSON: condition, command, exit code, stdout, stderr.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

DAGS = """
import os
import sys
from datetime import datetime, timezone

from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2025, 1, 1))
def ok():
    @task
    def one():
        print("said")
        return 1

    one()


@dag(schedule=None)
def odd():
    @task
    def closes_descriptors():
        os.close(1)
        os.close(2)

    @task
    def has_no_stdout():
        sys.stdout = sys.stderr = None

    @task
    def closes_stdout():
        sys.stdout.close()
        sys.stderr.close()

    @task
    def numbers():
        return [float("nan"), float("inf"), -float("inf"), 1e308, 10**400]

    @task
    def dates():
        return [datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc), datetime(1, 1, 1, tzinfo=timezone.utc)]

    @task
    def text():
        print("\\udcff \\0 \\x1b[31m")
        raise ValueError("\\udcff \\0 \\x1b[31m")

    [closes_descriptors(), has_no_stdout(), closes_stdout(), numbers(), dates(), text()]


@dag(schedule=None)
def closes_all():
    @task
    def closes():
        os.closerange(3, 256)

    @task
    def after():
        return 1

    closes() >> after()


ok()
odd()
closes_all()
"""
COMMANDS = {
    "help": ("--help",),
    "list": ("check", "--list"),
    "run": ("run", "ok"),
    "run json": ("run", "ok", "--json"),
    "simulate": ("simulate", "--since", "2025-01-01", "--until", "1d", "--dag", "ok"),
    "simulate json": ("simulate", "--since", "2025-01-01", "--until", "1d", "--dag", "ok", "--json"),
    "usage": ("run", "ok", "--jsn"),
    "odd": ("run", "odd"),
    "odd json": ("run", "odd", "--json"),
    "closes all": ("run", "closes_all"),
    "kept": ("run", "ok", "--keep", "kept"),
    "init": ("init", "--world", "new/world.yaml"),
    "check": ("check", "--no-cache", "--format", "json=reports/check.json"),
}
Condition = Callable[[], None]
CONDITIONS: dict[str, Condition] = {}


def condition(function: Condition) -> Condition:
    """Register what a child does to itself first."""
    CONDITIONS[function.__name__] = function
    return function


def _out(path: str, *numbers: int) -> None:
    for number in numbers:
        os.dup2(os.open(path, os.O_WRONLY), number)


@condition
def plain() -> None:
    """Nothing."""


@condition
def full_stdout() -> None:
    """The disk below stdout is full."""
    _out("/dev/full", 1)


@condition
def full_stderr() -> None:
    """The disk below stderr is full."""
    _out("/dev/full", 2)


@condition
def no_reader() -> None:
    """The reader of stdout went before the first byte."""
    reading, writing = os.pipe()
    os.close(reading)
    os.dup2(writing, 1)
    os.close(writing)


@condition
def no_stdout() -> None:
    """Started with stdout closed."""
    os.close(1)
    sys.stdout = None


@condition
def no_descriptors() -> None:
    """Started with all three closed."""
    for number in (0, 1, 2):
        os.close(number)
    sys.stdin = sys.stdout = sys.stderr = None


@condition
def no_files() -> None:
    """No file may grow at all."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@condition
def small_files() -> None:
    """No file may grow beyond a kilobyte."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


@condition
def few_descriptors() -> None:
    """Hardly a descriptor is left."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))


@condition
def folder_gone() -> None:
    """The current folder was deleted."""
    Path("gone").mkdir()
    os.chdir("gone")
    Path("../gone").rmdir()


@condition
def no_home() -> None:
    """HOME is not set, TMPDIR does not exist."""
    os.environ.pop("HOME", None)
    os.environ["TMPDIR"] = "/nonexistent/tmp"


@condition
def narrow() -> None:
    """A terminal of one column, that can do nothing."""
    os.environ.update(COLUMNS="1", TERM="dumb", NO_COLOR="1")


@condition
def wide() -> None:
    """A width that is none."""
    os.environ.update(COLUMNS="9" * 5000, LINES="0", FORCE_COLOR="1")


@condition
def odd_environment() -> None:
    """Bytes that are no text in the environment."""
    os.environb.update({b"ODD": b"\xff\xfe", b"AIRFLOW__CORE__ODD": b"\xff", b"AIRFLOW_VAR_\xff": b"\xff"})


def tried(folder: Path, name: str, arguments: tuple[str, ...]) -> dict[str, Any]:
    """What a command answers under a condition."""
    out, err = folder / "out", folder / "err"
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        code = 99
        with contextlib.suppress(BaseException):
            for path, number in ((out, 1), (err, 2)):
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(descriptor, number)
                os.close(descriptor)
            CONDITIONS[name]()
            code = _main(arguments)
        os._exit(code)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(100)
    _, status = os.waitpid(pid, 0)
    signal.alarm(0)
    told = {"out": out.read_text(errors="replace"), "err": err.read_text(errors="replace")}
    code = os.waitstatus_to_exitcode(status)
    return {"condition": name, "code": code, "took": round(time.perf_counter() - began, 1), **told}


def _main(arguments: tuple[str, ...]) -> int:
    from harness.cli import main

    sys.argv = ["airflow-harness", *arguments]
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    for stream in (sys.stdout, sys.stderr):  # as the interpreter does at its end
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            code = 120
    return code


def everything(folder: Path, conditions: list[str], commands: list[str]) -> Iterator[dict[str, Any]]:
    """Each command under each condition."""
    from harness.cli.entry import command_line

    project = folder / "project"
    (project / "dags").mkdir(parents=True)
    (project / "dags" / "all.py").write_text(DAGS)
    os.chdir(project)
    with Path("warm").open("w") as sink:  # Airflow is imported once, for all
        kept = os.dup(1)
        os.dup2(sink.fileno(), 1)
        command_line(["run", "ok"])
        os.dup2(kept, 1)
    for name in conditions:
        for command in commands:
            yield {"command": command, **tried(folder, name, COMMANDS[command])}


if __name__ == "__main__":
    chosen = sys.argv[2].split(",") if len(sys.argv) > 2 and sys.argv[2] else list(CONDITIONS)
    asked = (
        sys.argv[3].split(",") if len(sys.argv) > 3 else [name for name in COMMANDS if name not in ("init", "check")]
    )
    json.dump(list(everything(Path(sys.argv[1]), chosen, asked)), sys.stdout)
