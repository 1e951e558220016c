"""The process that parses Dag files and runs the checks on them: forked by a worker, and never returned from."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from harness.bridge.parsing import confinement
from harness.bridge.parsing.leftovers.put_off import Exits
from harness.bridge.parsing.parse import Parsed, parse
from harness.bridge.parsing.shared_libraries import reseed
from harness.bridge.parsing.watching import Users
from harness.bridge.parsing.watching.elapsed import Imports
from harness.bridge.parsing.watching.places import Places
from harness.bridge.parsing.watching.secrets import answer_from
from harness.bridge.parsing.watching.watch import ActivityWatch
from harness.gate.channel import Channels
from harness.gate.examine import examine, second_report
from harness.gate.options import ParseOptions
from harness.project.parent_death import end_with_parent
from harness.world.guess import Guesses

LATER_S = 26 * 3600 + 61 * 60 + 7
"""How much later the clock of a second parse is."""
ADDRESSES = 8
"""Addresses that a file may take for every byte that it may use; threads and big libraries reserve far more."""
LEAST_ADDRESSES_MB = 16 * 1024
PLACEHOLDER = "/airflow-harness"
"""Stands for the throw-away folders in what second parses note: their names differ, and are ours."""

MISLED = {"misled": True}
"""In place of a report: libraries were imported in advance, and this file would not have had them so."""

_FILLERS = 13

_exit, _getpid, _time = os._exit, os.getpid, time.time


def parse_and_tell(
    files: list[tuple[str, str]], second: bool, options: ParseOptions, channels: Channels, parent: int, sealed: bool
) -> NoReturn:
    """Be the child: confine this process, parse the files, write a report of each, end.

    A file is followed by another one only when it left nothing behind; what is not parsed then has no report.

    Args:
        files: (path, root), all of one root.
        second: parse with a later clock, and only note what may not differ.
        sealed: this process sees files that it may not change as read-only already.
    """
    home = os.environ["AIRFLOW_HOME"]
    try:
        scratch = _confine(options, channels, parent, len(files))
        sealed = confinement.only_below((home, "/dev", "/proc")) or sealed
        parser = _Parser(Path(files[0][1]), options, channels, scratch, sealed)
        for path, _ in files:
            report, innocent = parser.second(Path(path)) if second else parser.report(Path(path))
            channels.reports.report(report, ((scratch, PLACEHOLDER), (home, PLACEHOLDER)))
            if not innocent:
                break
    except BaseException as error:  # of ours, or of a file that reaches into us
        channels.reports.report({"fault": f"{type(error).__name__}: {error}"})
    finally:
        _exit(0)


def _confine(options: ParseOptions, channels: Channels, parent: int, count: int) -> str:
    os.setsid()
    end_with_parent(parent, signal.SIGKILL)
    confinement.fresh_signals()
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115 - as long as we live
    sys.dont_write_bytecode = True
    scratch = os.path.join(os.environ["AIRFLOW_HOME"], f"scratch-{_getpid()}")  # noqa: PTH118
    os.mkdir(scratch)  # noqa: PTH102
    os.environ["TMPDIR"] = tempfile.tempdir = scratch
    seconds = count * int(options.timeout_s + options.checking_s) + 5
    confinement.limit(max(ADDRESSES * options.memory_mb, LEAST_ADDRESSES_MB), seconds)
    faulthandler.enable(channels.crash)
    return scratch


def users_of(options: ParseOptions, root: Path) -> Users:
    """Tells which files are the repository's."""
    return Users(str(options.repository.project or root), str(root))


def elsewhere() -> list[bytearray]:
    """Take memory of every size that Python keeps small things in, as long as the result is held.

    A child has the addresses of the process that it was forked from; so what it makes lies elsewhere than what another
    child made, and a text that names an address differs.
    """
    return [bytearray(size) for size in range(1, 513, 8) for _ in range(_FILLERS)]


def _tell_of_clock(time_machine: Any, on_asked: Callable[[], None]) -> None:
    """Have the clock of a second parse tell that it is asked (``Coordinates`` until version 2)."""
    owner = getattr(time_machine, "Traveller", None) or time_machine.Coordinates
    original = owner.time_ns

    def time_ns(clock: Any) -> int:
        on_asked()
        return int(original(clock))

    if not hasattr(original, "__wrapped__"):
        vars(time_ns)["__wrapped__"] = original
        owner.time_ns = time_ns


class _Parser:
    """Parses files of one root in this process, which is watched from now on."""

    def __init__(self, root: Path, options: ParseOptions, channels: Channels, scratch: str, sealed: bool) -> None:
        self._root, self._options, self._channels = root, options, channels
        self._own = _getpid()
        self._fillers: list[bytearray] = []
        self._users = users_of(options, root)
        allowed = (scratch, os.environ["AIRFLOW_HOME"], "/dev", "/proc/self")
        event_lines = channels.event_lines
        self._watch = ActivityWatch(self._users, allowed, event_lines.write, event_lines.read)
        self._watch.refuses_programs = not sealed
        self._places = Places(self._users)
        self._places.watch()
        self._imports = Imports(self._users)
        self._exits = Exits(self._watch, self._users)
        self._guesses = Guesses() if options.selection.options.get("names") else None
        answer_from(options.world, self._watch, self._guesses)
        confinement.Drivers(self._watch).install()
        self._watch.install()
        first = options.repository.path_of_airflow  # there since Airflow's import; in their order only now
        sys.path[:] = [entry for entry in sys.path if entry not in first] + options.repository.search_path(str(root))

    def report(self, path: Path) -> tuple[dict[str, Any], bool]:
        """What the checks say of a file, and whether another may follow."""
        parsed = self._parsed(path, self._exits)
        if parsed.misled:
            return MISLED, False
        report = examine(parsed, self._options.declared, self._options.selection, self._guesses)
        return report, parsed.innocent and not parsed.events  # what it did meanwhile counts

    def second(self, path: Path) -> tuple[dict[str, Any], bool]:
        """What is noted of a file that is parsed at another time; and whether another may follow."""
        import time_machine

        if not self._fillers:
            reseed()
            self._fillers = elsewhere()
        _tell_of_clock(time_machine, self._watch.depends.clock)
        with time_machine.travel(_time() + LATER_S, tick=True):
            parsed = self._parsed(path)
        if parsed.misled:
            return MISLED, False
        return second_report(parsed, self._options.declared, self._options.selection), parsed.innocent

    def _parsed(self, path: Path, exits: Exits | None = None) -> Parsed:
        self._imports.forget()
        parsed = parse(path, self._root, self._places, self._users, self._watch, self._imported, exits)
        for package, seconds in self._brought.items():
            parsed.brought[package] = parsed.brought.get(package, 0.0) + seconds
        return parsed

    def _imported(self) -> None:
        if _getpid() != self._own:
            _exit(0)  # the file forked, and this is its child
        self._brought = dict(self._imports.seconds)
        self._channels.reports.phase("checking")
