"""What ``diff`` compares: a ledger that there is, or one that is made of a revision, of the working tree, or with
another interpreter."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from harness.cli.airflow2 import NOT_COMPARED, Airflow2Runs, SideRuns
from harness.cli.heartbeat import Heartbeat, so_far
from harness.errors import ExitCode, LedgerError, NotSimulated, PackageMissing, UsageError
from harness.project.own_programs import end_program
from harness.project.revision import checked_out, commit_of
from harness.project.scratch import scratch

HERE = "."
"""The working tree, with what is not committed."""
REVISION = "rev:"
_PATIENCE_S = 20.0
"""Real seconds that a simulation that is told to end has to clean up."""
_SAYS = "airflow-harness: "
"""How a line begins that says how far a simulation is; see `harness.cli.heartbeat.Heartbeat`."""
_START = "import sys; sys.path[:] = [one for one in sys.path if one]; from harness.cli import main; main()"
_PROBE = """
import json, sys
sys.path[:] = [one for one in sys.path if one]
from importlib.metadata import PackageNotFoundError, version
found = {}
for name in ("airflow-harness", "apache-airflow-core", "apache-airflow"):
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        found[name] = None
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Program:
    """What is simulated on a side that is no ledger.

    Attributes:
        command: ``simulate`` or ``replay`` with its arguments, but for ``--keep``.
        asked: the same, taken apart.
        python: of the second side, or of the first where it has an Airflow 2; None for this one.
    """

    command: tuple[str, ...] = ()
    asked: SideRuns | None = None
    python: Path | None = None


@dataclass(frozen=True)
class Made:
    """A ledger to compare.

    Attributes:
        name: what it is called.
        folder: of the ledger.
        notes: what somebody should know of it.
        lacks: areas that it tells nothing of.
    """

    name: str
    folder: Path
    notes: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


@dataclass
class _Side:
    """One of the two, before there is a ledger of it: a ledger, a commit, or (neither) the working tree.

    Attributes:
        airflow: version of ``python``'s, where that is not this one.
    """

    name: str
    ledger: Path | None = None
    commit: str | None = None
    python: Path = field(default_factory=lambda: Path(sys.executable))
    airflow: str | None = None

    @property
    def title(self) -> str:
        other = "" if self.python == Path(sys.executable) else f" with {self.python} (Airflow {self.airflow})"
        return ("the working tree" if self.name == HERE else self.name) + other


@contextmanager
def made(
    names: tuple[str, str], program: Program | None, keep: Path | None, home: Path, err: IO[str]
) -> Iterator[list[Made]]:
    """The ledgers of both sides, made where they are not there yet, for as long as the block.

    Args:
        program: what is simulated; None where nothing was said of that.
        keep: a folder for those that are made, as ``a`` and ``b``; they go with the block without one.
        home: see `harness.ledger.reading.found`.
        err: where a line goes from time to time that says how far they are.
    Raises: UsageError, LedgerError: a name that means nothing, or nothing to run. NotSimulated: a side cannot be.
    """
    here = Path.cwd()
    sides = [_understood(name, here, home) for name in names]
    with scratch("diff") as folder, ExitStack() as stack:
        if program is not None and program.python is not None:
            python = _program_of(program.python)
            airflow = _airflow_of(python, folder)
            other = sides[0] if _is_airflow_2(airflow) else sides[1]  # what was, and what is now
            other.python, other.airflow = python, airflow
        _refuse(sides, program)
        runs: list[_Simulation | Airflow2Runs | None] = []
        for letter, side in zip("ab", sides, strict=True):
            if side.ledger is not None:
                runs.append(None)
                continue
            assert program is not None
            where = here
            if side.commit is not None:
                where = stack.enter_context(checked_out(side.commit, here, "the revision")).here
            ledger = Path(folder) / letter if keep is None else keep.resolve() / letter
            if side.airflow is not None and program.asked is not None and _is_airflow_2(side.airflow):
                place = Path(folder) / "airflow2"
                asked = (side.title, side.python, side.airflow, program.asked, where, ledger, place)
                runs.append(Airflow2Runs(*asked))
            else:
                runs.append(_Simulation(side, program.command, where, ledger, Path(folder) / f"{letter}.json"))
        _simulate([run for run in runs if run is not None], err)
        yield [_made(side, run) for side, run in zip(sides, runs, strict=True)]


def _program_of(python: Path) -> Path:
    """An interpreter as another folder finds it too. Not its real path: it is a link that makes an environment."""
    found = shutil.which(python) if python.name == str(python) else None
    return Path(found) if found is not None else python.absolute()


def _is_airflow_2(version: str | None) -> bool:
    return version is not None and version.startswith("2.")


def _made(side: _Side, run: _Simulation | Airflow2Runs | None) -> Made:
    if run is not None:
        return Made(side.title, run.ledger, run.notes(), NOT_COMPARED if isinstance(run, Airflow2Runs) else ())
    assert side.ledger is not None
    return Made(side.title, side.ledger)


def _understood(name: str, here: Path, home: Path) -> _Side:
    from harness.ledger.reading import found

    if name == HERE:
        return _Side(name)
    if name.startswith(REVISION):
        commit = commit_of(name.removeprefix(REVISION), here)
        if commit is None:
            raise UsageError(f"{name}: git knows no such revision here", fix="name a commit, branch or tag")
        return _Side(name, commit=commit)
    try:
        return _Side(name, ledger=found(name, home))
    except LedgerError as none:
        commit = commit_of(name, here)
        if commit is not None:
            return _Side(name, commit=commit)
        if Path(name).is_dir():
            raise
        fix = "name the folder of --keep, last, a revision of git, or . for the working tree"
        raise LedgerError(f"there is no ledger {name!r}, and no revision", known=none.known, fix=fix) from None


def _refuse(sides: Sequence[_Side], program: Program | None) -> None:
    """Raises: UsageError: sides that are one and the same, and those that do not go with what is to be run."""
    a, b = sides
    run = [side for side in sides if side.ledger is None]
    if run and program is None:
        raise UsageError(
            f"{run[0].title} is no ledger, so one has to be made of it",
            fix="say what to run: --since 2025-01-01 --until 7d, and --dag for one Dag",
        )
    if not run and program is not None:
        raise UsageError(
            "both are ledgers, so nothing is run", fix="leave out what says what to run, or name revisions"
        )
    for letter, side in (("A", a), ("B", b)):
        if side.ledger is not None and side.python != Path(sys.executable):
            fix = f"name a revision for {letter}, or . for the working tree"
            raise UsageError(f"--python simulates {letter}, which is a ledger", fix=fix)
    if a.ledger is None and (a.ledger, a.commit, a.python) == (b.ledger, b.commit, b.python):
        raise UsageError(
            f"{a.name} and {b.name} are the same revision", fix="name two, or another --python for the second"
        )


def _airflow_of(python: Path, folder: str) -> str | None:
    """The version of an interpreter's Airflow, None for this one's.

    Raises: UsageError: no Python. PackageMissing: it cannot simulate.
    """
    if python == Path(sys.executable):
        return None
    try:
        done = subprocess.run(
            [str(python), "-c", _PROBE], cwd=folder, env=_environment(), capture_output=True, text=True, check=False
        )
        found = json.loads(done.stdout) if done.returncode == 0 else None
    except (OSError, ValueError) as error:
        raise UsageError(f"--python {python}: it cannot be started: {error}", fix="name an interpreter") from None
    if found is None:
        said = done.stderr.strip().splitlines()
        raise UsageError(f"--python {python}: it is no Python that works", known=said[-1] if said else None)
    whole = found.pop("apache-airflow")
    if found["apache-airflow-core"] is None and _is_airflow_2(whole):
        return str(whole)
    missing = [name for name, there in found.items() if there is None]
    if missing:
        wanted = f'"airflow-harness=={version("airflow-harness")}"'
        raise PackageMissing(
            f"--python {python}: {missing[0]} is not installed there", fix=f"{python} -m pip install {wanted}"
        )
    return str(found["apache-airflow-core"])


class _Simulation:
    """A simulation in a process of its own."""

    def __init__(self, side: _Side, command: Sequence[str], where: Path, ledger: Path, answer: Path) -> None:
        self.side, self.ledger, self._where, self._answer = side, ledger, where, answer
        self._arguments = [str(side.python), "-c", _START, *command, "--json", "--keep", str(ledger)]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def title(self) -> str:
        """What its side is called."""
        return self.side.title

    def far(self) -> str:
        """What it said last of how far it is."""
        said = [line for line in self._said().splitlines() if line.startswith(_SAYS)]
        return said[-1].removeprefix(_SAYS) if said else "beginning"

    def _said(self) -> str:
        file = self._answer.with_suffix(".err")
        return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""

    def start(self) -> None:
        """Begin."""
        with self._answer.open("wb") as out, self._answer.with_suffix(".err").open("wb") as err:
            self.process = subprocess.Popen(
                self._arguments, cwd=self._where, env=_environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )

    def end(self) -> None:
        """Have it end, and wait until it has."""
        if self.process is not None:
            end_program(self.process, _PATIENCE_S)

    def finished(self) -> None:
        """Wait for its end. Raises: NotSimulated: it came to no ledger."""
        assert self.process is not None
        code = self.process.wait()
        if code in (ExitCode.CLEAN, ExitCode.FOUND) and "error" not in self._document():
            return
        told = self._document().get("error") or {}
        said = self._said().strip().splitlines()
        message = told.get("message") or (said[-1] if said else f"it ended with {code}")
        more = {name: told.get(name) for name in ("where", "known", "why", "fix")}
        raise NotSimulated(f"{self.side.title} could not be simulated: {message}", code, **more)

    def notes(self) -> tuple[str, ...]:
        """Files that do not import: their Dags are not in the ledger."""
        findings = self._document().get("findings") or ()
        return tuple(
            f"{self.side.title}: {one.get('message')}" for one in findings if one.get("check") == "import-error"
        )

    def _document(self) -> dict[str, Any]:
        try:
            document = json.loads(self._answer.read_bytes())
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}


def _simulate(runs: Sequence[_Simulation | Airflow2Runs], err: IO[str]) -> None:
    """Both at once; none of them is left, however this ends. Raises: NotSimulated."""
    heartbeat = Heartbeat(err, lambda elapsed_s: f"{how_far(runs)}  |  {so_far(elapsed_s, None)}")
    heartbeat.begin()
    try:
        for run in runs:
            run.start()
        for run in runs:
            run.finished()
    finally:
        heartbeat.end()
        for run in runs:
            run.end()


def how_far(runs: Sequence[_Simulation | Airflow2Runs]) -> str:
    """How far each is, in a line."""
    return "  |  ".join(f"{run.title}: {run.far()}" for run in runs)


def _environment() -> dict[str, str]:
    """This process's, without what is about its own interpreter alone."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "__PYVENV_LAUNCHER__")}
