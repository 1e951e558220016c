"""Which files are looked at: those below the paths given, and the Dag files that import a module given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harness.checks.discovery import DagFile, dag_files, might_contain_dag
from harness.checks.importers import importers_of
from harness.errors import NoDagsFolder


@dataclass(frozen=True)
class Scope:
    """What is looked at.

    Attributes:
        files: in order of their paths.
        partial: the project has Dag files that are not among them.
        notes: what somebody should know of how they were found.
    """

    files: list[DagFile]
    partial: bool = False
    notes: list[str] = field(default_factory=list)


def scope_of(paths: Iterable[Path], dags: list[Path]) -> Scope:
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
    if not given:
        return Scope(_some(list(every.values()), dags), notes=notes)
    found: dict[Path, DagFile] = {}
    for path in given:
        found.update(_below(path, every, dags, notes))
    files = [found[path] for path in sorted(found)]
    return Scope(_some(files, given), not every.keys() <= found.keys(), notes)


def _below(path: Path, every: dict[Path, DagFile], dags: list[Path], notes: list[str]) -> dict[Path, DagFile]:
    roots = [root.resolve() for root in dags if root.is_dir() and path.is_relative_to(root.resolve())]
    known = {file.path: file for file in every.values() if file.path == path or path in file.path.parents}
    found = {file.path: file for file in dag_files([path], note=notes.append)}
    if path.is_dir() and roots:
        return known or found  # with what the ignore files above it say
    if roots and path.is_file():
        found = {path: DagFile(path, roots[0])}
        if path.suffix == ".py" and not _looks_like_a_dag(path):
            found.update({file.path: file for file in importers_of([path], list(every.values()), roots)})
    return {**found, **known}


def _existing(path: Path) -> Path:
    if path.exists():
        return path.resolve()
    raise NoDagsFolder(f"{path} does not exist", fix="name an existing folder or file")


def _some(files: list[DagFile], paths: list[Path]) -> list[DagFile]:
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
