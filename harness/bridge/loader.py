"""Dag files to Dags, in this process, so that ``monkeypatch``, breakpoints and coverage reach task code.

Follows ``DagBag.process_file``/``PythonDagImporter`` (3.3.2; ``airflow.models.dagbag`` in 3.1): same module names, same
choice of files, same policies, the folder *appended* to ``sys.path``. Files are taken in sorted order, so that which of
two Dags with one id wins does not depend on the file system.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.bridge.environment.archives import modules_in_place, set_aside, tops_of
from harness.bridge.environment.seal import sealed
from harness.bridge.masking import masked
from harness.bridge.patches.exits import exits_of_files
from harness.bridge.patches.network import NetworkGuard, RefusedConnection, allowing
from harness.bridge.versions import sources
from harness.errors import DagImportError, DagNotFound, NoDagsFolder, UsageError, known_names
from harness.kernel.stops import SigtermExit, heeded
from harness.kernel.whose import text_of
from harness.project.dags_in_text import line_of
from harness.project.discovery import dag_files
from harness.results.finding import Finding
from harness.world.model import World

if TYPE_CHECKING:
    from types import ModuleType

    from airflow.sdk import DAG


@dataclass
class ImportFailure:
    """A file that did not import: where the user's own code stood, and the traceback from there on."""

    path: Path
    line: int
    message: str
    traceback: str

    def error(self) -> DagImportError:
        """The failure in the house style, the user's frames below it."""
        error = DagImportError(
            f"{self.path.name} does not import: {self.message}",
            where=f"{self.path}:{self.line}",
            fix="correct the file; the traceback below is the file's own",
        )
        error.user_traceback = self.traceback
        return error


@dataclass
class Folder:
    """What was loaded: Dags by id, the folder each came from, files that failed, ids seen twice.

    Attributes:
        notes: what somebody should know of how the files were found.
    """

    dags: dict[str, DAG] = field(default_factory=dict)
    roots: list[Path] = field(default_factory=list)
    failures: list[ImportFailure] = field(default_factory=list)
    duplicates: list[tuple[str, str, str]] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def dag(self, dag_id: str) -> DAG:
        """The Dag of this id, or of this file when it holds one Dag.

        Raises: DagNotFound, with the nearest ids; DagImportError, when the id may be in a file that failed.
        """
        if dag_id in self.dags:
            return self.dags[dag_id]
        if dag_id.endswith(".py") and Path(dag_id).exists():
            return self._dag_of_file(Path(dag_id).resolve())
        for failure in self.failures:
            if failure.path.stem == dag_id or dag_id in failure.path.read_text(errors="replace"):
                raise failure.error()
        raise DagNotFound(
            f"no Dag {dag_id!r} in {', '.join(map(str, self.roots)) or 'any folder'}",
            known=known_names(dag_id, self.dags),
            why=f"{len(self.failures)} file(s) did not import" if self.failures else None,
            fix="check the id, or name the folder with --dags (in pytest --airflow-dags)",
        )

    def import_errors(self) -> list[Finding]:
        """The files that did not import, as findings of a document."""
        return [
            Finding("import-error", "error", f"does not import: {failure.message}", str(failure.path), failure.line)
            for failure in self.failures
        ]

    def _dag_of_file(self, path: Path) -> DAG:
        found = [dag for dag in self.dags.values() if Path(dag.fileloc).resolve() == path]
        if len(found) == 1:
            return found[0]
        for failure in self.failures:
            if failure.path == path:
                raise failure.error()
        ids = ", ".join(sorted(dag.dag_id for dag in found))
        raise UsageError(
            f"{path} holds {len(found)} Dags, so the file does not name one",
            known=ids or "(none)",
            fix="give the dag_id, and the file or folder with --dags",
        )


def load(paths: list[Path], world: World | None = None, owners: Mapping[str, str] | None = None) -> Folder:
    """Import every Dag file below the paths (folders, ``.py`` files, zip files), in the surroundings of the caller.

    Args:
        world: answers what the files ask for at their top level.
        owners: as of `harness.bridge.environment.seal.sealed`.
    Raises: NoDagsFolder: a path that does not exist, or nothing that looks like a Dag file below any.
    """
    folder = Folder(roots=[path.resolve() for path in paths])
    files = dag_files(paths, note=folder.notes.append)
    with answered_from(world or World(), owners, folder.notes.append):
        for file in files:
            folder.files.append(file.path)
            load_file(file.path, file.root, folder)
    if not folder.files:
        raise NoDagsFolder(
            f"no Dag file below {', '.join(map(str, paths)) or 'no folder at all'}",
            why="a run that looks at nothing must not look clean",
            fix="name the folder of your Dags with --dags (in pytest --airflow-dags, or dags = […] in pyproject.toml)",
        )
    return folder


@contextmanager
def answered_from(
    world: World, owners: Mapping[str, str] | None = None, note: Callable[[str], Any] = lambda _: None
) -> Iterator[None]:
    """What Dag files ask for while they are parsed is answered out of the world and by nothing outside, for the block.

    Stands in for the Dag processor's supervisor, ``DagFileProcessorProcess`` (3.3.2): what is not there is not found.
    """
    from harness.bridge.supervisor.conversation import Supervisor, supervisor_comms
    from harness.bridge.supervisor.store import Store
    from harness.bridge.supervisor.task_context import TaskContext, task_context

    def refused(refusal: RefusedConnection) -> None:
        note(f"{refusal.place} connects to {refusal.peer} while it is parsed: refused; {allowing(refusal.peer)}")

    asks = task_context.set(TaskContext(ti=None, name="the Dag processor"))  # type: ignore[arg-type]
    try:
        guard = NetworkGuard(world.network, refused)
        with (
            sealed(owners),
            guard.on_duty(),
            supervisor_comms(Supervisor(Store(world, {}), lambda: None, lambda *_: None)),
        ):
            yield
    finally:
        task_context.reset(asks)


def load_file(path: Path, root: Path, into: Folder) -> None:
    """Import one file and take its Dags; a failure is recorded, not raised (but for Ctrl-C and SIGTERM)."""
    refused: DAG | None = None
    try:
        with heeded(), exits_of_files():
            found = found_in(path)
        for refused, module in found:
            with modules_in_place(module.__file__):
                _bag(refused, module, root, into)
    except (KeyboardInterrupt, SigtermExit):
        raise
    except BaseException as error:
        failure = failure_of(path, error)
        if refused is not None and failure.line == 1:  # it is about the Dag, whoever refuses it
            failure = replace(failure, line=_line_of(path, refused.dag_id))
        into.failures.append(failure)


def _line_of(path: Path, dag_id: str) -> int:
    try:
        return line_of(path.read_text(encoding="utf-8"), dag_id)
    except (OSError, UnicodeDecodeError):  # an archive
        return 1


def found_in(path: Path) -> list[tuple[Any, Any]]:
    """Import a file: its Dags and the module each came from, in order of their ids.

    An archive's modules are set aside: the next one may have others of the same names.

    Raises: whatever the file raises; of an archive's modules, the first that does.
    """
    modules: list[Any] = []
    try:
        with set_aside(path, tops_of(path)) if sources.is_archive(path) else nullcontext():
            for error in modules_of(path, modules):
                raise error
            return taken_from(modules)
    finally:
        forget_dags()


def modules_of(path: Path, into: list[Any]) -> list[Exception]:
    """Run a file, or the modules at the top of an archive.

    Args:
        into: takes the modules as they come.
    Returns: what modules of an archive raised, each: one does not keep the others back.
    Raises: whatever a Python file raises.
    Source: ``PythonDagImporter._load_modules_from_file`` and ``_load_modules_from_zip`` (3.3.2).
    """
    from airflow.sdk.definitions._internal.contextmanager import DagContext

    forget_dags()
    if sources.is_archive(path):
        return _modules_of_zip(path, into)
    name = sources.module_name(str(path))
    sys.modules.pop(name, None)
    if not sources.might_contain_dag(str(path)):
        return []
    DagContext.current_autoregister_module_name = name
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    into.append(module)
    return []


def taken_from(modules: list[Any]) -> list[tuple[Any, Any]]:
    """The Dags of modules that `modules_of` ran, and the module of each, in order of their ids.

    Source: ``PythonDagImporter._process_modules`` (3.3.2).
    """
    from airflow.sdk.definitions._internal.contextmanager import DagContext

    found = {id(o): (o, m) for m in modules for o in list(vars(m).values()) if _is_dag(o)}
    if modules:
        found.update({id(dag): (dag, module) for dag, module in DagContext.autoregistered_dags})
    return sorted(found.values(), key=lambda pair: str(pair[0].dag_id))


def forget_dags() -> None:
    """Let go of Dags that registered themselves."""
    from airflow.sdk.definitions._internal.contextmanager import DagContext

    DagContext.current_autoregister_module_name = None
    DagContext.autoregistered_dags = set()  # anew: a file may have put anything there


def _is_dag(value: Any) -> bool:
    from airflow.sdk import DAG

    return isinstance(value, DAG)


def _modules_of_zip(path: Path, into: list[Any]) -> list[Exception]:
    from airflow.sdk.definitions._internal.contextmanager import DagContext

    failed: list[Exception] = []
    with sources.modules_in(path) as modules:
        for name, imported in modules:
            sys.modules.pop(name, None)
            DagContext.current_autoregister_module_name = name
            try:
                into.append(imported())
            except Exception as error:
                DagContext.autoregistered_dags.clear()
                failed.append(error)
    return failed


def _bag(dag: Any, module: Any, root: Path, into: Folder) -> None:
    """Source: ``DagBag.bag_dag`` (3.3.2)."""
    if not made_ready(dag, module, root, check_cycle=True):
        return
    other = into.dags.get(dag.dag_id)
    if other is not None and other.fileloc != dag.fileloc:
        into.duplicates.append((dag.dag_id, other.fileloc, dag.fileloc))
        return
    into.dags[dag.dag_id] = dag


def made_ready(dag: DAG, module: ModuleType, root: Path, check_cycle: bool = False) -> bool:
    """Place a Dag in its folder, validate it, read its template files, apply cluster policies; whether they keep it.

    Raises: what validation and policies raise.
    """
    from airflow import settings
    from airflow.exceptions import AirflowClusterPolicySkipDag

    dag.fileloc = module.__file__
    dag.relative_fileloc = (
        Path(dag.fileloc).name if root not in Path(dag.fileloc).parents else str(Path(dag.fileloc).relative_to(root))
    )
    dag.validate()
    if check_cycle:
        dag.check_cycle()
    dag.resolve_template_files()
    try:
        settings.dag_policy(dag)
        for task in dag.tasks:
            settings.task_policy(task)
    except AirflowClusterPolicySkipDag:
        return False
    return True


def failure_of(path: Path, error: BaseException) -> ImportFailure:
    """What a file raised, from the file's own first frame on."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [n for n, frame in enumerate(frames) if Path(frame.filename) == path]
    first = own[0] if own else len(frames)
    line = frames[own[-1]].lineno or 1 if own else getattr(error, "lineno", None) or 1
    return ImportFailure(path, line, masked(f"{type(error).__name__}: {error}"), masked(text_of(error, frames[first:])))
