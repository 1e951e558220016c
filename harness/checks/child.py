"""The process in which one file is parsed and looked at: forked off a warm zygote, and never returned from."""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from harness.bridge.parsing import confine
from harness.bridge.parsing.users import Users
from harness.bridge.parsing.watch import Watch
from harness.checks.channel import Channel
from harness.checks.look import Asked, Declared
from harness.checks.repository import Repository
from harness.world.model import World

LATER_S = 26 * 3600 + 61 * 60 + 7
"""How much later the clock of a twin is."""
ADDRESSES = 8
"""Addresses that a file may take for every byte that it may use; threads and big libraries reserve far more."""
LEAST_ADDRESSES_MB = 16 * 1024
PLACEHOLDER = "/airflow-harness"
"""Stands for the throw-away folders in what twins note: their names differ, and are ours."""

_exit, _dumps, _getpid = os._exit, json.dumps, os.getpid


@dataclass(frozen=True)
class Setting:
    """What holds for every file of a run.

    Attributes:
        timeout_s: real seconds that an import may take.
        checking_s: real seconds that all checks of one file may take, after its import.
        memory_mb: memory that a file may use beyond what Airflow has, each of its processes.
        most_processes: more than so many at once are a fork bomb.
    """

    declared: Declared
    asked: Asked
    world: World
    repository: Repository = field(default_factory=Repository)
    timeout_s: float = 30.0
    checking_s: float = 60.0
    memory_mb: int = 1024
    most_processes: int = 64


@dataclass(frozen=True)
class Channels:
    """What a child writes to.

    Attributes:
        report: lines of JSON: ``{"phase": …}``, at last the report.
        told: events, as they happen.
        crash: tracebacks of `faulthandler`.
    """

    report: Channel = field(default_factory=lambda: Channel("report"))
    told: Channel = field(default_factory=lambda: Channel("told"))
    crash: Channel = field(default_factory=lambda: Channel("crash"))

    def close(self) -> None:
        """Let go of all, in the process that made them."""
        for channel in (self.report, self.told, self.crash):
            channel.close()


def parse_and_tell(path: str, root: str, twin: bool, setting: Setting, channels: Channels, parent: int) -> NoReturn:
    """Be the child: confine this process, parse the file, write the report, end.

    Args:
        twin: parse with a later clock, and only note what may not differ.
    """
    try:
        scratch = _confine(setting, channels, parent)
        report = _report(Path(path), Path(root), twin, setting, channels, scratch)
        _tell(channels.report, report, scratch)
    except BaseException as error:  # of ours, or of a file that reaches into us
        _tell(channels.report, {"fault": f"{type(error).__name__}: {error}"}, "")
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
    confine.limit(
        max(ADDRESSES * setting.memory_mb, LEAST_ADDRESSES_MB), int(setting.timeout_s + setting.checking_s) + 5
    )
    faulthandler.enable(channels.crash.descriptor)
    return scratch


def _report(path: Path, root: Path, twin: bool, setting: Setting, channels: Channels, scratch: str) -> dict[str, Any]:
    from harness.bridge.parsing.drivers import Drivers
    from harness.bridge.parsing.parse import parse
    from harness.bridge.parsing.secrets import answer_from
    from harness.checks.examine import examine, twin_report

    own = _getpid()

    def imported() -> None:
        if _getpid() != own:
            _exit(0)  # the file forked, and this is its child
        _tell(channels.report, {"phase": "checking"}, "")

    users = Users(str(setting.repository.project or root), str(root))
    watch = Watch(users, (scratch, os.environ["AIRFLOW_HOME"], "/dev", "/proc/self"), channels.told.write)
    answer_from(setting.world, watch)
    Drivers(watch).install()
    sys.path += setting.repository.path_with(str(root))
    if not twin:
        return examine(parse(path, root, users, watch, imported), setting.declared, setting.asked)
    import time_machine

    with time_machine.travel(_now() + LATER_S, tick=True):
        parsed = parse(path, root, users, watch, imported)
    return twin_report(parsed, setting.declared, setting.asked)


def _now() -> float:
    import time

    return time.time()


def _tell(channel: Channel, document: dict[str, Any], scratch: str) -> None:
    """Write a document; throw-away folders have one name in all of them."""
    text = _dumps(document, default=str) + "\n"
    for folder in (scratch, os.environ["AIRFLOW_HOME"]):
        text = text.replace(folder, PLACEHOLDER) if folder else text
    channel.write(text.encode())
