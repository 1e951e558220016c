"""Every exception of the harness: one class per way of failing, one house style for the text.

An error says in one sentence what is wrong, then where, what is known, why it matters, the fix, and the
command that repeats it. Fields that do not apply are left out.
"""

from __future__ import annotations

import difflib
import errno
import re
import warnings
from collections.abc import Iterable
from enum import IntEnum

ALIKE = 0.7
"""Names less alike than this are two names: advice that is far-fetched is worse than none."""


def renamed(old: str, new: str, stacklevel: int = 3) -> None:
    """Warn of a former name, which works for one more release.

    Args:
        old, new: as one writes them: ``RunResult.failed``.
        stacklevel: as of ``warnings.warn``, from here on: 3 for who called the function or property of that name.
    """
    text = f"{old} is called {new} now; the old name goes with the next release"
    warnings.warn(text, DeprecationWarning, stacklevel=stacklevel)


def nearest(name: str, known: Iterable[str], limit: int = 3, cutoff: float = ALIKE) -> list[str]:
    """Names of ``known`` that ``name`` may have been meant for, best first, at most ``limit``.

    The one place where this is decided: names that are alike, have the same letters in another order (``elt``,
    ``etl``), or of which one is the other with more words (``etl``, ``etl_main``).

    Args:
        cutoff: least likeness, 0 to 1.
    """
    names = sorted(known)
    found = difflib.get_close_matches(name, names, n=limit, cutoff=cutoff)
    words, letters = set(_words(name)), sorted(name.lower())
    for one in names:
        others = set(_words(one))
        same = len(name) > 2 and sorted(one.lower()) == letters
        longer = min(len(name), len(one)) > 2 and bool(words and others) and (words <= others or others <= words)
        if (same or longer) and one not in found:
            found.append(one)
    return found[:limit]


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", name.lower()) if word]


def known_names(name: str, known: Iterable[str], limit: int = 12) -> str:
    """The ``known`` line of an error: the names there are, and the nearest to ``name``."""
    names = sorted(known)
    shown = ", ".join(names[:limit]) or "(none)"
    if len(names) > limit:
        shown += f", and {len(names) - limit} more"
    close = nearest(name, names)
    return f"{shown}      did you mean {close[0]!r}?" if close else shown


class ExitCode(IntEnum):
    """What the program ends with, as its ``--help`` has it; a signal that ends it gives 128 and its number."""

    CLEAN = 0
    FOUND = 1
    USAGE = 2
    UNAVAILABLE = 3
    OUR_FAULT = 70
    MACHINE = 74
    INTERRUPTED = 130
    TERMINATED = 143


class HarnessError(Exception):
    """Base of all errors of ours. ``str()`` gives the whole text in the house style.

    Args:
        fact: one sentence, the offender first.
        where: ``file:line`` and ids.
        known: what exists in the offender's place.
        why: what production would do.
        fix: one remedy.
        again: the command to repeat.
    Attributes:
        result: the `RunResult` or `CalendarResult` of what ran until then, where there is one.
        user_traceback: of the user's own code, where that is why.
    """

    id = "harness-error"
    exit_code: int = ExitCode.USAGE

    def __init__(
        self,
        fact: str,
        *,
        where: str | None = None,
        known: str | None = None,
        why: str | None = None,
        fix: str | None = None,
        again: str | None = None,
    ) -> None:
        super().__init__(fact)
        self.fact = fact
        self.where, self.known, self.why, self.fix, self.again = where, known, why, fix, again
        self.result: object | None = None
        self.user_traceback: str | None = None

    def fields(self) -> list[tuple[str, str]]:
        """The labelled lines below the fact, in their fixed order, empty ones left out."""
        rows = [
            ("where", self.where),
            ("known", self.known),
            ("why", self.why),
            ("fix", self.fix),
            ("again", self.again),
        ]
        return [(label, text) for label, text in rows if text]

    def __str__(self) -> str:
        lines = [f"{self.id}: {self.fact}"]
        lines += [f"  {label:<7} {text}" for label, text in self.fields()]
        return "\n".join(lines)


class UsageError(HarnessError):
    """A command line or a call that cannot mean anything."""

    id = "usage"


class ModuleHidden(UsageError):
    """A module of the project's that Dags import has the name of our package."""

    id = "module-hidden"


class AlreadySimulating(HarnessError):
    """A simulation was asked for while another one runs in this process."""

    id = "already-simulating"


class DagNotFound(HarnessError):
    """No Dag of this id in the folders given."""

    id = "dag-not-found"


class TaskNotFound(HarnessError):
    """No task of this id in the Dag."""

    id = "task-not-found"


class DagImportError(HarnessError):
    """The Dag file raised while it was imported."""

    id = "import-error"
    exit_code = ExitCode.FOUND


class ExecutorMissing(HarnessError):
    """A task names an executor that the world does not declare, so that Airflow would not import its Dag."""

    id = "executor-missing"
    exit_code = ExitCode.FOUND


class Unserialisable(HarnessError):
    """A Dag that Airflow cannot store and load again, so that it would not import it."""

    id = "serialization"
    exit_code = ExitCode.FOUND


class NoDagsFolder(HarnessError):
    """A Dag folder that does not exist or holds no Python file."""

    id = "no-dags-folder"


class OffSchedule(HarnessError):
    """A logical date that the Dag's timetable never produces, or outside its start and end date."""

    id = "off-schedule"


class WorldError(HarnessError):
    """A world file with an unknown key, a wrong type, or that cannot be read."""

    id = "world"


class UnmatchedEntry(HarnessError):
    """A stub, duration or answer that speaks of no task."""

    id = "unmatched"


class ServiceUnavailable(HarnessError):
    """A service that cannot start; says what is missing and how to get it."""

    id = "service-unavailable"
    exit_code = ExitCode.UNAVAILABLE


class NetworkRefused(HarnessError, ConnectionRefusedError):
    """A connection that leaves the machine: to user code a server that refuses."""

    id = "network-refused"
    exit_code = ExitCode.FOUND

    def __init__(self, fact: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(fact, where=where, fix=fix)
        self.errno, self.strerror = errno.ECONNREFUSED, "Connection refused"

    def __str__(self) -> str:
        return f"[Errno {self.errno}] Connection refused: {self.fact}; {self.fix}"


class ProductionUnavailable(HarnessError):
    """A deployed Airflow that does not answer, refuses, or has not what is asked for."""

    id = "production"
    exit_code = ExitCode.UNAVAILABLE


class EngineUnavailable(HarnessError):
    """An engine that does not answer, has no workers, or whose workers are not what is needed."""

    id = "engine-unavailable"
    exit_code = ExitCode.UNAVAILABLE


class UnsupportedAirflow(HarnessError):
    """An Airflow outside the supported range, or none installed."""

    id = "unsupported-airflow"
    exit_code = ExitCode.UNAVAILABLE


class AirflowUnusable(HarnessError):
    """An Airflow that does not import: broken itself, or by ``airflow_local_settings.py`` or the configuration."""

    id = "airflow-unusable"
    exit_code = ExitCode.UNAVAILABLE


class WorkerLost(HarnessError):
    """A process of ours that ended before its work was done, and not through a Dag file."""

    id = "worker-lost"
    exit_code = ExitCode.OUR_FAULT


class LedgerError(HarnessError, ValueError):
    """A ledger that cannot be read: cut, altered, of another program or of a newer version, or none at all."""

    id = "ledger"


class MachineError(HarnessError):
    """What the machine refuses: a full disk, a folder that cannot be written, no memory or descriptor left."""

    id = "machine"
    exit_code = ExitCode.MACHINE


class UiUnavailable(HarnessError):
    """Airflow's own web UI, which is not installed or whose server does not start."""

    id = "ui-unavailable"
    exit_code = ExitCode.UNAVAILABLE


class PackageMissing(HarnessError, ImportError):
    """A package that a part of the harness needs, and that is not installed with it."""

    id = "package-missing"
    exit_code = ExitCode.UNAVAILABLE


class HorizonReached(HarnessError):
    """The simulation did not end before its horizon."""

    id = "horizon-reached"
    exit_code = ExitCode.FOUND


class StrayExit(HarnessError):
    """An exit that nobody caught where its process began: let through, it would end the interpreter of the owner."""

    id = "stray-exit"
    exit_code = ExitCode.FOUND


class NoTask(HarnessError):
    """Airflow was asked for a connection, variable or XCom by code that no task runs."""

    id = "no-task"


class NotRendered(HarnessError):
    """A template of a task failed."""

    id = "not-rendered"


class RunStuck(HarnessError):
    """Nothing can happen any more and a run has not ended: in production it would hang for ever."""

    id = "run-stuck"
    exit_code = ExitCode.FOUND


class ReferenceFailed(HarnessError):
    """Airflow itself could not run the Dag."""

    id = "reference-failed"
    exit_code = ExitCode.FOUND


class NoVerdict(HarnessError):
    """The process at work ended, and had not said what came of it."""

    id = "no-verdict"

    def __init__(self, fact: str, code: int = ExitCode.FOUND, **known: str) -> None:
        super().__init__(fact, **known)
        self.exit_code = code


class NotSimulated(HarnessError):
    """A revision, or another interpreter, whose Dags could not be simulated to be compared."""

    id = "not-simulated"

    def __init__(self, fact: str, code: int, **known: str | None) -> None:
        super().__init__(fact, **known)
        self.exit_code = code if code > ExitCode.FOUND else ExitCode.USAGE


class Interrupted(HarnessError):
    """Ctrl-C."""

    id = "interrupted"
    exit_code = ExitCode.INTERRUPTED


class Terminated(HarnessError):
    """SIGTERM."""

    id = "terminated"
    exit_code = ExitCode.TERMINATED


class OurFault(HarnessError):
    """An exception that nobody expected."""

    id = "internal-error"
    exit_code = ExitCode.OUR_FAULT
