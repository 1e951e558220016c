"""The process in which one file is parsed and looked at: forked off a warm zygote, and never returned from."""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from harness.bridge.parsing import confine
from harness.bridge.parsing.parse import parse, parse_again
from harness.bridge.parsing.secrets import answer_from
from harness.bridge.parsing.watch import Watch
from harness.checks.examine import examine, notes
from harness.checks.look import Asked, Declared, FileLook
from harness.world.model import World

CHECKING_S = 60.0
"""Real seconds that all checks of one file may take, after its import."""
LATER_S = 26 * 3600 + 61 * 60 + 7
"""How much later the clock of a twin is."""

_exit, _write, _dumps, _getpid, _time = os._exit, os.write, json.dumps, os.getpid, time.time


@dataclass(frozen=True)
class Setting:
    """What holds for every file of a run.

    Attributes:
        timeout_s: real seconds that an import may take.
        memory_mb: memory that a file may use beyond what Airflow has.
        most_processes: more than so many at once are a fork bomb.
        own, project: modules with users' own checks, and where they belong (see `harness.checks.own.load`).
    """

    declared: Declared
    asked: Asked
    world: World
    timeout_s: float = 30.0
    memory_mb: int = 1024
    most_processes: int = 64
    own: tuple[str, ...] = ()
    project: str = ""


@dataclass(frozen=True)
class Channels:
    """Descriptors that a child writes to.

    Attributes:
        report: lines of JSON: ``{"phase": …}``, at last the report.
        told: events, as they happen.
        crash: tracebacks of `faulthandler`.
    """

    report: int
    told: int
    crash: int


def parse_and_tell(
    files: list[tuple[str, str]], twin: bool, setting: Setting, channels: Channels, parent: int
) -> NoReturn:
    """Be the child: confine this process, parse the file, write the report, end.

    Args:
        files: (path, root).
        twin: parse with a later clock, one file after the other, and only note what may not differ.
    """
    try:
        scratch = _confine(setting, channels, parent)
        watch = Watch(files[0][1], (scratch, os.environ["AIRFLOW_HOME"], "/dev/", "/proc/self/"), channels.told)
        answer_from(setting.world, watch)
        if twin:
            watch.begin()
            _tell(channels.report, {"twins": [_twin(Path(path), Path(root), setting) for path, root in files]})
        else:
            _tell(channels.report, _report(Path(files[0][0]), Path(files[0][1]), setting, channels, watch))
    except BaseException as error:  # of ours, or of a file that reaches into us
        _tell(channels.report, {"fault": f"{type(error).__name__}: {error}"})
    finally:
        _exit(0)


def _confine(setting: Setting, channels: Channels, parent: int) -> str:
    os.setsid()
    confine.die_with_parent(parent)
    confine.fresh_signals()
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115 - as long as we live
    sys.dont_write_bytecode = True
    scratch = os.path.join(os.environ["AIRFLOW_HOME"], f"scratch-{_getpid()}")  # noqa: PTH118
    os.mkdir(scratch)  # noqa: PTH102
    os.environ["TMPDIR"] = tempfile.tempdir = scratch
    confine.limit(setting.memory_mb, int(setting.timeout_s + CHECKING_S) + 5)
    faulthandler.enable(channels.crash)
    if setting.timeout_s > 1:  # of one file; twins have shown that they end
        faulthandler.dump_traceback_later(setting.timeout_s - 0.25, file=channels.crash)
    return scratch


def _report(path: Path, root: Path, setting: Setting, channels: Channels, watch: Watch) -> dict[str, Any]:
    own = _getpid()

    def imported() -> None:
        if _getpid() != own:
            _exit(0)  # the file forked, and this is its child
        faulthandler.cancel_dump_traceback_later()
        _tell(channels.report, {"phase": "checking"})

    sys.path.append(str(root))
    return examine(parse(path, root, watch, imported), setting.declared, setting.asked)


def _twin(path: Path, root: Path, setting: Setting) -> list[list[Any]]:
    """What the checks note of a file that is parsed at another time, in a process of another hash seed."""
    import time_machine

    if str(root) not in sys.path:
        sys.path.append(str(root))
    with time_machine.travel(_time() + LATER_S, tick=True):
        parsed = parse_again(path, root)
    return notes(FileLook(parsed, setting.declared, setting.asked), "twin")


def _tell(descriptor: int, document: dict[str, Any]) -> None:
    rest = memoryview((_dumps(document, default=str) + "\n").encode())
    while rest:
        rest = rest[_write(descriptor, rest) :]
