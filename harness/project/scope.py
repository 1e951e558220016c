"""Which files are looked at: those below the paths given, and the Dag files that import a module given.

With ``--changed-since REV`` those that a change can have touched, asked of git.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from harness.errors import NoDagsFolder, UsageError
from harness.project.discovery import FoundFile, dag_files, might_contain_dag
from harness.project.importers import importers_of
from harness.project.revision import git, named


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
    named = [_existing(path) for path in paths]
    every = {file.path: file for file in dag_files(dags, note=notes.append)}
    roots = [root.resolve() for root in dags if root.is_dir()]
    if not named:
        return FileScope(_some(list(every.values()), dags), notes=notes)
    found: dict[Path, FoundFile] = {}
    modules: list[Path] = []
    for path in named:
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
    return FileScope(_some(files, named), not every.keys() <= found.keys(), notes)


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


EVERYTHING = {"conftest.py", "airflow_local_settings.py"}
"""Python files that every Dag may depend on, without an import."""
NOTHING = {".md", ".rst"}
"""What no Dag depends on."""


@dataclass(frozen=True)
class ChangeImpact:
    """What a change may have done to the Dag files of a project.

    Attributes:
        paths: what differs, in the whole repository.
        everything: something that no import and no parse shows is among them.
        importers: Dag files that changed, or whose text imports what changed.
        notes: what somebody should know of it.
    """

    revision: str
    paths: frozenset[Path] = frozenset()
    everything: bool = False
    importers: frozenset[Path] = frozenset()
    notes: tuple[str, ...] = ()

    def touches(self, file: Path, depends: Iterable[str], failed: bool = False) -> bool:
        """Whether a Dag file may be another than it was.

        Args:
            depends: files that its parse read, folders that it listed, whatever is there now; as they were named, so
                that links among them are followed here: git tells of what they lead to.
            failed: it did not import; what is gone is then not among those.
        """
        if self.everything or file in self.importers or (failed and self._gone):
            return True
        return any(path in self._met or self._led_to(path) in self._met for path in depends)

    def _led_to(self, path: str) -> str:
        found = self._real.get(path)
        if found is None:
            found = self._real[path] = os.path.realpath(path)
        return found

    @cached_property
    def _real(self) -> dict[str, str]:
        return {}

    @cached_property
    def _gone(self) -> bool:
        return any(not path.exists() for path in self.paths)

    @cached_property
    def _met(self) -> set[str]:
        """The paths, and the folders that hold them: of one that is gone with its folder, the folders above too."""
        found = set()
        for path in self.paths:
            found |= {str(path), str(path.parent)}
            for folder in path.parents:
                if folder.exists():
                    found.add(str(folder))
                    break
        return found


def changed_since(revision: str, scope: FileScope, dags: list[Path], root: Path) -> ChangeImpact:
    """What differs from a revision: from where the two parted, as a pull request is read.

    Whatever relates Dags is looked at in all files, for what is gone may be missed by others; what is told is told of
    files that changed, that import what changed, or that read it while they were parsed. When anything of the project
    changed that none of that shows (settings, the world, a template, requirements, ``plugins/``), all is told.

    Args:
        dags: the project's Dag folders.
        root: the project.
    Raises: UsageError: no git repository, or no such revision.
    """
    changed = _changed(revision, root)
    aside = [path for path in changed if _repository_below(path, [root, *dags]) and _touches_all(path, root)]
    if aside:
        shown = ", ".join(
            path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path) for path in aside
        )
        return ChangeImpact(
            revision, frozenset(changed), True, notes=(f"everything is looked at, since this changed: {shown}",)
        )
    differs = set(changed)
    python = {path for path in changed if path.suffix == ".py"}
    roots = [folder.resolve() for folder in dags if folder.is_dir()]
    importers = {file.path for file in importers_of(python, scope.files, [root, *roots])} if python else set()
    importers |= {file.path for file in scope.files if not differs.isdisjoint({file.path, file.path.resolve()})}
    return ChangeImpact(revision, frozenset(changed), importers=frozenset(importers))


def _touches_all(path: Path, root: Path) -> bool:
    """Whether no import tells which Dags depend on a file."""
    inside = path.relative_to(root).parts if path.is_relative_to(root) else path.parts[-1:]
    if path.suffix == ".py":
        return path.name in EVERYTHING or "plugins" in inside[:-1]
    hidden = any(part.startswith(".") for part in inside[:-1])
    return path.suffix not in {*NOTHING, ".zip"} and not hidden and path.name != ".gitignore"


_OPTION = "--changed-since"


def _changed(revision: str, root: Path) -> list[Path]:
    """Files that differ from the revision, those that are gone and new ones that git does not ignore included."""
    top, commit = named(_OPTION, root, revision)
    with suppress(UsageError):  # a shallow clone, or histories that never met: the two are compared as they are
        commit = git(_OPTION, root, "merge-base", commit, "HEAD").strip()
    names = git(_OPTION, top, "diff", "--name-only", "--no-renames", "-z", commit, "--")
    names += git(_OPTION, top, "ls-files", "--others", "--exclude-standard", "-z")
    return sorted({top / name for name in names.split("\0") if name})


def _repository_below(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder.resolve()) for folder in folders)
