"""``--changed-since REV``: the Dag files that a change can have touched, asked of git."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from harness.errors import UsageError
from harness.project.importers import importers_of
from harness.project.scope import Scope

EVERYTHING = {"conftest.py", "airflow_local_settings.py"}
"""Python files that every Dag may depend on, without an import."""
NOTHING = {".md", ".rst"}
"""What no Dag depends on."""


def changed_since(revision: str, scope: Scope, dags: list[Path], root: Path) -> Scope:
    """The part of a scope that differs from a revision: from where the two parted, as a pull request is read.

    A Dag file counts when it changed, or a module that it imports. When anything else changed that no import shows
    (settings, the world, a template, requirements, ``plugins/``), everything is looked at.

    Args:
        dags: the project's Dag folders.
        root: the project; what changed elsewhere in the repository does not count.
    Raises: UsageError: no git repository, or no such revision.
    """
    changed = [path for path in _changed(revision, root) if _below(path, [root, *dags])]
    aside = [path for path in changed if _touches_all(path, root)]
    if aside:
        shown = ", ".join(
            path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path) for path in aside
        )
        return replace(scope, notes=[*scope.notes, f"everything is looked at, since this changed: {shown}"])
    python = {path for path in changed if path.suffix == ".py"}
    roots = [folder.resolve() for folder in dags if folder.is_dir()]
    kept = {file.path for file in importers_of(python, scope.files, [root, *roots])} if python else set()
    kept |= {file.path for file in scope.files if file.path in changed}
    files = [file for file in scope.files if file.path in kept]
    note = f"{len(files)} of {len(scope.files)} Dag files can have been touched since {revision}"
    return Scope(files, scope.partial or len(files) < len(scope.files), [*scope.notes, note])


def _touches_all(path: Path, root: Path) -> bool:
    """Whether no import tells which Dags depend on a file."""
    inside = path.relative_to(root).parts if path.is_relative_to(root) else path.parts[-1:]
    if path.suffix == ".py":
        return path.name in EVERYTHING or "plugins" in inside[:-1]
    hidden = any(part.startswith(".") for part in inside[:-1])
    return path.suffix not in {*NOTHING, ".zip"} and not hidden and path.name != ".gitignore"


def _changed(revision: str, root: Path) -> list[Path]:
    """Files that differ from the revision, those that are gone and new ones that git does not ignore included."""
    top = Path(_git(root, "rev-parse", "--show-toplevel").strip()).resolve()
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
    with suppress(UsageError):  # a shallow clone, or histories that never met: the two are compared as they are
        commit = _git(root, "merge-base", commit, "HEAD").strip()
    names = _git(top, "diff", "--name-only", "--no-renames", "-z", commit, "--")
    names += _git(top, "ls-files", "--others", "--exclude-standard", "-z")
    return sorted({top / name for name in names.split("\0") if name})


def _below(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder.resolve()) for folder in folders)


def _git(folder: Path, *arguments: str) -> str:
    fix = "name a commit, branch or tag of this repository"
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except OSError as error:
        raise UsageError(f"--changed-since needs git: {error}", fix="install git") from None
    if done.returncode:
        said = done.stderr.strip().removeprefix("fatal: ") or f"git {arguments[0]} knows no such revision"
        raise UsageError(f"--changed-since: {said}", where=str(folder), fix=fix)
    return done.stdout
