"""The files of a repository that may hold a Dag, found without importing Airflow.

Follows ``find_path_from_directory`` and ``list_py_file_paths`` (3.3.2); a test holds the two side by side.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import NoDagsFolder

IGNORE_FILE = ".airflowignore"
_LEFT_OUT = ("__pycache__",)

Rule = Callable[[Path, bool], "bool | None"]


@dataclass(frozen=True)
class DagFile:
    """A file, and the folder it belongs to: what production has as its Dag folder."""

    path: Path
    root: Path


def dag_files(
    paths: Iterable[Path], regexp: bool = False, note: Callable[[str], None] = lambda _: None
) -> list[DagFile]:
    """Files that may hold a Dag, in order of their paths, each once.

    Args:
        regexp: ``.airflowignore`` holds regular expressions (``core.dag_ignore_file_syntax``), not globs.
        note: told of links that lead in a circle; Airflow gives up on such a folder.
    Raises: NoDagsFolder: a path that does not exist.
    """
    found: dict[Path, DagFile] = {}
    for given in paths:
        path = given.resolve()
        if not path.exists():
            raise NoDagsFolder(f"{given} does not exist", fix="name an existing folder or file")
        if path.is_file():
            found.setdefault(path, DagFile(path, path.parent))
            continue
        for file in _walked(path, regexp, note):
            if _is_dag_file(file):
                found.setdefault(file, DagFile(file, path))
    return [found[path] for path in sorted(found)]


def might_contain_dag(content: bytes) -> bool:
    """Source: ``might_contain_dag_via_default_heuristic`` (3.3.2; ``asset`` counts from 3.0 on)."""
    text = content.lower()
    return b"airflow" in text and (b"dag" in text or b"asset" in text)


def _is_dag_file(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        if path.suffix == ".py":
            return might_contain_dag(path.read_bytes())
        return zipfile.is_zipfile(path)
    except OSError:
        return path.suffix == ".py"  # cannot be read: to be told, not left out


def _walked(root: Path, regexp: bool, note: Callable[[str], None]) -> Iterator[Path]:
    """Every file not ignored; links are followed, a circle of them once."""
    seen = {os.path.realpath(root)}
    rest: list[tuple[str, list[Rule]]] = [(str(root), [])]
    while rest:
        folder, rules = rest.pop()
        rules = [*rules, *_rules(Path(folder), root, regexp)]
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                is_dir = entry.is_dir()
                if entry.name == IGNORE_FILE or entry.name in _LEFT_OUT or _ignored(Path(entry.path), is_dir, rules):
                    continue
                if not is_dir:
                    yield Path(entry.path)
                elif (real := os.path.realpath(entry.path)) in seen:
                    note(f"{entry.path} leads to {real}, which was seen already; Airflow gives up on such a folder")
                else:
                    seen.add(real)
                    rest.append((entry.path, rules))


def _ignored(path: Path, is_dir: bool, rules: Iterable[Rule]) -> bool:
    """Whether the last rule that says anything says ignore."""
    ignored = False
    for rule in rules:
        said = rule(path, is_dir)
        ignored = ignored if said is None else said
    return ignored


def _rules(folder: Path, root: Path, regexp: bool) -> list[Rule]:
    file = folder / IGNORE_FILE
    if not file.is_file():
        return []
    lines = (re.sub(r"\s*#.*", "", line) for line in file.read_text(encoding="utf-8").split("\n"))
    made = (_regexp_rule(line, root) if regexp else _glob_rule(line, folder) for line in lines if line)
    return [rule for rule in made if rule is not None]


def _regexp_rule(text: str, root: Path) -> Rule | None:
    try:
        pattern = re.compile(text)
    except re.error:
        return None  # Airflow warns and goes on
    return lambda path, _: True if pattern.search(str(path.relative_to(root))) else None


def _glob_rule(text: str, folder: Path) -> Rule | None:
    """A line as git reads it: https://git-scm.com/docs/gitignore."""
    from pathspec.patterns.gitwildmatch import GitWildMatchPattern

    if text.strip() == "/":
        return None
    relative = text.startswith("/") or "/" in text.rstrip("/")
    raw = text.lstrip("!").rstrip()
    dirs_only = raw != raw.rstrip("/")
    pattern = GitWildMatchPattern(text)

    def rule(path: Path, is_dir: bool) -> bool | None:
        if pattern.include is None or (dirs_only and not is_dir):
            return None
        name = path.relative_to(folder).as_posix() if relative else path.name
        return pattern.include if pattern.match_file(name + "/" if is_dir else name) is not None else None

    return rule
