"""Which files are looked at: those below the paths given, and the Dag files that import a module given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import NoDagsFolder
from harness.project.discovery import FoundFile, dag_files, might_contain_dag
from harness.project.importers import importers_of


@dataclass(frozen=True)
class FileScope:
    """What is looked at.

    Attributes:
        files: in order of their paths.
        partial: the project has Dag files that are not among them.
        notes: what somebody should know of how they were found.
    """

    files: list[FoundFile]
    partial: bool = False
    notes: list[str] = field(default_factory=list)


def scope_of(paths: Iterable[Path], dags: list[Path]) -> FileScope:
    """The files below some paths.

    A file is parsed in the project's Dag folder that holds it, as Airflow does. A module that is no Dag file itself
    stands for the Dag files that import it, and is looked at too.

    Args:
        paths: folders and files; the project's own when there are none.
        dags: the project's Dag folders and files.
    Raises: NoDagsFolder: a path that does not exist, or no Dag file at all: nothing looked at must not look clean.
    """
    notes: list[str] = []
    given = [_existing(path) for path in paths]
    every = {file.path: file for file in dag_files(dags, note=notes.append)}
    roots = [root.resolve() for root in dags if root.is_dir()]
    if not given:
        return FileScope(_some(list(every.values()), dags), notes=notes)
    found: dict[Path, FoundFile] = {}
    modules: list[Path] = []
    for path in given:
        if path in every:
            found[path] = every[path]
        elif path.is_dir():
            found.update(_below(path, every, roots, notes))
        else:
            found.update({file.path: _rooted(file, roots) for file in dag_files([path], note=notes.append)})
            modules += [path] if path.suffix == ".py" and not _looks_like_a_dag(path) else []
    if modules:
        found.update({file.path: file for file in importers_of(modules, list(every.values()), roots)})
    files = [found[path] for path in sorted(found)]
    return FileScope(_some(files, given), not every.keys() <= found.keys(), notes)


def _below(folder: Path, every: dict[Path, FoundFile], roots: list[Path], notes: list[str]) -> dict[Path, FoundFile]:
    """The project's files below a folder, with what the ignore files above it say; of another folder, its own."""
    known = {path: file for path, file in every.items() if folder in path.parents}
    if known and any(folder.is_relative_to(root) for root in roots):
        return known
    return {file.path: file for file in dag_files([folder], note=notes.append)} | known


def _rooted(file: FoundFile, roots: list[Path]) -> FoundFile:
    """A file in the project's Dag folder that holds it."""
    root = next((root for root in roots if file.path.is_relative_to(root)), file.root)
    return FoundFile(file.path, root)


def _existing(path: Path) -> Path:
    if path.exists():
        return path.resolve()
    raise NoDagsFolder(f"{path} does not exist", fix="name an existing folder or file")


def _some(files: list[FoundFile], paths: list[Path]) -> list[FoundFile]:
    if files:
        return files
    raise NoDagsFolder(
        f"no Dag file below {', '.join(map(str, paths)) or 'any folder'}",
        why="a check that looks at nothing must not look clean",
        fix='name the folder of your Dags, or set dags = ["…"] under [tool.airflow-harness] in pyproject.toml',
    )


def _looks_like_a_dag(path: Path) -> bool:
    try:
        return might_contain_dag(path.read_bytes())
    except OSError:
        return True
