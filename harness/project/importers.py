"""Which Dag files import a module of the repository, read off their syntax: nothing is run.

And a module of the user's that is called as our own package, so that Dags would be given ours in its place.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.errors import ModuleHidden
from harness.project import own_folders
from harness.project.discovery import FoundFile
from harness.project.repository import Repository


def importers_of(modules: Iterable[Path], files: list[FoundFile], roots: Iterable[Path]) -> list[FoundFile]:
    """Dag files that import one of these modules, themselves or through other modules of the repository.

    Args:
        modules: Python files, which may be gone by now.
        roots: folders that imports are looked for in: Dag folders, the project.
    """
    tops = sorted({*roots, *(file.root for file in files)})
    rest = {path for top in tops for path in _python_below(top)} | {file.path for file in files}
    imports = {path: set(imported(path, tops)) for path in rest}
    reached = {path.resolve() for path in modules}
    reached |= {path for path in rest if path.resolve() in reached}  # links to them have names of their own
    named = {name for path in reached for name in _names(path, tops)}
    while found := {path for path in rest - reached if not imports[path].isdisjoint(named)}:
        reached |= found
        named = {name for path in found for name in _names(path, tops)}
    return [file for file in files if file.path in reached]


def imported(path: Path, tops: Iterable[Path]) -> Iterator[str]:
    """Dotted names that a file imports, each with the packages above it; relative ones from every top.

    ``from a.b import c`` may mean the module ``a.b.c``: it is among them.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_parents(alias.name)
        elif isinstance(node, ast.ImportFrom):
            for base in _bases(node, path, tops):
                yield from _with_parents(base)
                yield from (f"{base}.{alias.name}".lstrip(".") for alias in node.names)


def _bases(node: ast.ImportFrom, path: Path, tops: Iterable[Path]) -> Iterator[str]:
    if node.level == 0:
        yield node.module or ""
        return
    folder = path.parents[node.level - 1]
    for top in tops:
        if folder.is_relative_to(top):
            yield ".".join([*folder.relative_to(top).parts, *([node.module] if node.module else [])])


def _with_parents(dotted: str) -> Iterator[str]:
    parts = dotted.split(".")
    for end in range(1, len(parts) + 1):
        yield ".".join(parts[:end])


def _names(path: Path, tops: Iterable[Path]) -> Iterator[str]:
    """What a module can be imported as."""
    for top in tops:
        if path.is_relative_to(top):
            parts = path.relative_to(top).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _python_below(top: Path) -> Iterator[Path]:
    for folder, below, names in os.walk(top):
        here = Path(folder)
        below[:] = own_folders(folder, below)
        # a regular file alone: to open a FIFO waits for ever for who writes into it
        yield from (here / name for name in names if name.endswith(".py") and (here / name).is_file())


_OURS = Path(__file__).resolve().parents[1]


def refuse_hidden(files: list[FoundFile], repository: Repository) -> None:
    """Raise where Dag files import a module of the project's that has our name: the process has ours already.

    Raises: ModuleHidden.
    """
    entries = dict.fromkeys(entry for file in files for entry in repository.search_path(str(file.root)))
    for entry in map(Path, entries):
        modules = [path for path in _named_as_we(entry) if path.resolve() not in (_OURS, _OURS / "__init__.py")]
        if modules and (hit := importers_of(modules, files, [entry])):
            raise ModuleHidden(
                f"the project's own module {_OURS.name!r} is hidden by this program's package of that name",
                where=str(modules[0]),
                known=f"it is imported by {', '.join(file.path.name for file in hit[:3])}",
                fix="rename it, or put it into a package and import it from there",
            )


def _named_as_we(entry: Path) -> Iterable[Path]:
    folder = entry / _OURS.name
    if folder.resolve() == _OURS:
        return []
    inside = sorted(folder.glob("*.py"))
    package = [*inside, folder / "__init__.py"] if inside else []  # a folder of modules is a package without one too
    alone = entry / f"{_OURS.name}.py"
    return [*([alone] if alone.is_file() else []), *package]
