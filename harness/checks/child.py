"""The process in which one file is parsed and looked at: forked off a warm zygote, and never returned from."""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from harness.bridge.parsing import confine
from harness.bridge.parsing.watch import Watch
from harness.checks.look import Asked, Declared
from harness.world.model import World

CHECKING_S = 60.0
"""Real seconds that all checks of one file may take, after its import."""
LATER_S = 26 * 3600 + 61 * 60 + 7
"""How much later the clock of a twin is."""

_exit, _write, _dumps, _getpid = os._exit, os.write, json.dumps, os.getpid


@dataclass(frozen=True)
class Setting:
    """What holds for every file of a run.

    Attributes:
        timeout_s: real seconds that an import may take.
        memory_mb: memory that a file may use beyond what Airflow has.
        most_processes: more than so many at once are a fork bomb.
    """

    declared: Declared
    asked: Asked
    world: World
    timeout_s: float = 30.0
    memory_mb: int = 1024
    most_processes: int = 64


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


def parse_and_tell(path: str, root: str, twin: bool, setting: Setting, channels: Channels, parent: int) -> NoReturn:
    """Be the child: confine this process, parse the file, write the report, end.

    Args:
        twin: parse with a later clock, and only note what may not differ.
    """
    try:
        scratch = _confine(setting, channels, parent)
        watch = Watch(root, (scratch, os.environ["AIRFLOW_HOME"], "/dev/", "/proc/self/"), channels.told)
        report = _report(Path(path), Path(root), twin, setting, channels, watch)
        _tell(channels.report, report)
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
    if setting.timeout_s > 1:
        faulthandler.dump_traceback_later(setting.timeout_s - 0.25, file=channels.crash)
    return scratch


def _report(path: Path, root: Path, twin: bool, setting: Setting, channels: Channels, watch: Watch) -> dict[str, Any]:
    from harness.bridge.parsing.parse import parse
    from harness.bridge.parsing.secrets import answer_from
    from harness.checks.examine import examine, notes
    from harness.checks.look import FileLook

    own = _getpid()

    def imported() -> None:
        if _getpid() != own:
            _exit(0)  # the file forked, and this is its child
        faulthandler.cancel_dump_traceback_later()
        _tell(channels.report, {"phase": "checking"})

    answer_from(setting.world, watch)
    sys.path.append(str(root))
    if not twin:
        return examine(parse(path, root, watch, imported), setting.declared, setting.asked)
    import time_machine

    with time_machine.travel(_now() + LATER_S, tick=True):
        parsed = parse(path, root, watch, imported)
    return {"notes": notes(FileLook(parsed, setting.declared, setting.asked), "twin")}


def _now() -> float:
    import time

    return time.time()


def _tell(descriptor: int, document: dict[str, Any]) -> None:
    rest = memoryview((_dumps(document, default=str) + "\n").encode())
    while rest:
        rest = rest[_write(descriptor, rest) :]
