"""A module of the user's that is called as our own package, so that Dags would be given ours in its place."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.errors import ModuleHidden
from harness.project.discovery import FoundFile
from harness.project.importers import importers_of
from harness.project.repository import Repository

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
