"""The files of a repository that may hold a Dag, found without importing Airflow.

Follows ``find_path_from_directory`` and ``list_py_file_paths`` (3.3.2); a test holds the two side by side.
"""

from __future__ import annotations

import os
import re
import stat
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.errors import NoDagsFolder, UnsupportedAirflow, UsageError
from harness.project import is_environment, own_folders
from harness.project.installed import airflow_version
from harness.project.repository import Repository, repository_of, root_of

IGNORE_FILE = ".airflowignore"
SHOWN = 5
"""Folders named in a note."""

Rule = Callable[[Path, bool], "bool | None"]
Note = Callable[[str], None]


@dataclass(frozen=True)
class FoundFile:
    """A file, and the folder it belongs to: what production has as its Dag folder."""

    path: Path
    root: Path


def dag_files(paths: Iterable[Path], regexp: bool | None = None, note: Note = lambda _: None) -> list[FoundFile]:
    """Files that may hold a Dag, in order of their paths, each once.

    Args:
        paths: Dag folders, parts of one, single files; a project stands for its Dag folders.
        regexp: ``.airflowignore`` holds regular expressions (``core.dag_ignore_file_syntax``), not globs; None asks the
            project's own settings.
        note: told of folders that are not looked at, as links that lead in a circle: Airflow gives up on those.
    Raises:
        NoDagsFolder: a path that does not exist.
        UsageError: an ``.airflowignore`` that is no text.
    """
    found: dict[Path, FoundFile] = {}
    for named in paths:
        path = named.resolve()
        if not path.exists():
            raise NoDagsFolder(f"{named} does not exist", fix="name an existing folder or file")
        repository = repository_of(path)
        if path.is_file():
            found.setdefault(path, FoundFile(path, root_of(path, repository)))
            continue
        roots = _roots(path, repository)
        for root in roots:
            for file in _walked(root, repository.regexp if regexp is None else regexp, note):
                if not (file.is_relative_to(path) or path == repository.project):
                    continue
                if file.suffix == ".py" and (special := _special(file)):
                    note(f"{file} is left out: {special}, which nobody can read to an end")
                elif _is_dag_file(file):
                    found.setdefault(file, FoundFile(file, root if root != path else _within(path, file)))
        if path == repository.project and repository.dags:
            _tell_rest(path, roots, note)
    return [found[path] for path in sorted(found)]


def _within(path: Path, file: Path) -> Path:
    """The Dag folder of a file below a folder that is none itself: the outermost one called ``dags``."""
    if "dags" in path.parts:
        return path
    inside = [folder for folder in file.parents if path in folder.parents and folder.name == "dags"]
    return inside[-1] if inside else path


def _tell_rest(project: Path, roots: list[Path], note: Note) -> None:
    """Say what a project stood for, where it has other folders of Dags: nothing is passed over in silence."""
    others = [folder for folder in _folders_called_dags(project, roots) if any(map(_is_dag_file, folder.rglob("*.py")))]
    if not others:
        return
    taken, rest = ([_shown(one, project) for one in folders] for folders in (roots, others))
    more = [f"{len(rest) - SHOWN} more"] if len(rest) > SHOWN else []
    note(
        f"looked at {' and '.join(taken)} only, as the project has it; Dag files lie in "
        f"{', '.join([*rest[:SHOWN], *more])} too: name a folder to have it looked at"
    )


def _folders_called_dags(project: Path, roots: list[Path]) -> Iterator[Path]:
    for here, below, _ in os.walk(project):
        below[:] = own_folders(here, below, but={"tests"})  # their Dags are examples
        found = [Path(here, name) for name in below if name == "dags" or Path(here, name) in roots]
        yield from (folder for folder in found if folder not in roots)
        below[:] = [name for name in below if Path(here, name) not in found]


def _shown(folder: Path, project: Path) -> str:
    return f"{folder.relative_to(project).as_posix()}/" if folder.is_relative_to(project) else str(folder)


def might_contain_dag(content: bytes) -> bool:
    """Source: ``might_contain_dag_via_default_heuristic`` (3.3.2; ``asset`` counts from 3.0 on)."""
    text = content.lower()
    return b"airflow" in text and (b"dag" in text or b"asset" in text)


def _roots(path: Path, repository: Repository) -> list[Path]:
    """The Dag folders that a folder stands for: those of a project, the one that it is a part of, or itself."""
    if path == repository.project and repository.dags:
        return [folder for folder in repository.dags if folder.is_relative_to(path)] or list(repository.dags)
    return [next((folder for folder in repository.dags if folder in path.parents), path)]


def _special(path: Path) -> str | None:
    """What a file is in place of a regular one; None of those, of folders and of what cannot be looked at."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return None
    return next((what for is_one, what in _SPECIAL if is_one(mode)), None)


_SPECIAL = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def _is_dag_file(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        if path.suffix == ".py":
            return might_contain_dag(path.read_bytes())
        return (path.suffix.lower() == ".zip" or not _archives_by_name()) and zipfile.is_zipfile(path)
    except OSError:
        return path.suffix == ".py"  # cannot be read: to be told, not left out


def _walked(root: Path, regexp: bool, note: Note) -> Iterator[Path]:
    """Every file not ignored; links are followed, a circle of them once."""
    seen = {os.path.realpath(root)}
    rest: list[tuple[str, list[Rule]]] = [(str(root), [])]
    while rest:
        folder, rules = rest.pop()
        rules = [*rules, *_rules(Path(folder), root, regexp)]
        for name, is_dir in _entries(folder, note):
            path = os.path.join(folder, name)  # noqa: PTH118 - thousands of them
            if name in (IGNORE_FILE, "__pycache__") or _ignored(Path(path), is_dir, rules):
                continue
            if not is_dir:
                yield Path(path)
            elif (real := os.path.realpath(path)) in seen:
                note(f"{path} leads to {real}, which was seen already; Airflow gives up on such a folder")
            elif (root / ".git").exists() and is_environment(path):
                note(f"{path} is left out: a virtual environment or a hidden folder of the repository")
            else:
                seen.add(real)
                rest.append((path, rules))


def _entries(folder: str, note: Note) -> list[tuple[str, bool]]:
    """Name and whether it is a folder, sorted; as ``os.walk`` Airflow passes over a folder that it may not read."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    found.append((entry.name, entry.is_dir()))
                except OSError:  # a link to itself
                    found.append((entry.name, False))
    except OSError as error:
        note(f"{folder} cannot be read: {error.strerror}")
    return sorted(found)


def _ignored(path: Path, is_dir: bool, rules: Iterable[Rule]) -> bool:
    """Whether the last rule that says anything says ignore."""
    ignored = False
    for rule in rules:
        verdict = rule(path, is_dir)
        ignored = ignored if verdict is None else verdict
    return ignored


def _rules(folder: Path, root: Path, regexp: bool) -> list[Rule]:
    file = folder / IGNORE_FILE
    if not file.is_file():
        return []
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}", fix="save it as UTF-8, readable to you") from None
    lines = [line for whole in text.split("\n") if (line := re.sub(r"\s*#.*", "", whole))]
    strict = _folders_only()
    made = (_regexp_rule(line, root) if regexp else _glob_rule(line, folder, strict) for line in lines)
    return [rule for rule in made if rule is not None]


@cache
def _folders_only() -> bool:
    """Whether a pattern with a slash at its end speaks of folders only: since 3.2; in 3.1 of what is in them too."""
    try:
        return airflow_version() >= (3, 2)
    except UnsupportedAirflow:
        return True


@cache
def _archives_by_name() -> bool:
    """Whether an archive must be called so: ``ZipImporter`` (3.4) goes by the name, before by the content."""
    try:
        return airflow_version() >= (3, 4)
    except UnsupportedAirflow:
        return False


def _regexp_rule(text: str, root: Path) -> Rule | None:
    try:
        pattern = re.compile(text)
    except re.error:
        return None  # Airflow warns and goes on
    return lambda path, _: True if pattern.search(str(path.relative_to(root))) else None


def _glob_rule(text: str, folder: Path, strict: bool) -> Rule | None:
    """A line as git reads it: https://git-scm.com/docs/gitignore."""
    from pathspec.patterns.gitwildmatch import GitWildMatchPattern

    if text.strip() == "/":
        return None
    relative = text.startswith("/") or "/" in text.rstrip("/")
    raw = text.lstrip("!").rstrip()
    dirs_only = strict and raw != raw.rstrip("/")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # renamed; Airflow uses this one
        pattern = GitWildMatchPattern(text)

    def rule(path: Path, is_dir: bool) -> bool | None:
        if pattern.include is None or (dirs_only and not is_dir):
            return None
        name = path.relative_to(folder).as_posix() if relative else path.name
        return pattern.include if pattern.match_file(name + "/" if is_dir else name) is not None else None

    return rule
