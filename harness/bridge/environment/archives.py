"""Modules of archives: code of a Dag sees those of its own archive, as in a worker's process, and of no other.

Airflow parses each archive in a process of its own, where its modules stay in ``sys.modules`` though the archive leaves
``sys.path`` (``PythonDagImporter._load_modules_from_zip``, 3.3.2); so a task may import them again. Here all Dags share
one process, and two archives may have modules of one name: they are set aside, and put in place while code of the
archive's Dags runs.
"""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from harness.kernel.loaded_modules import loaded
from harness.kernel.whose import is_users

Modules = dict[str, ModuleType]


def tops_of(archive: Path) -> set[str]:
    """Names of the modules and packages at the top of an archive."""
    with zipfile.ZipFile(archive) as opened:
        return {name.partition("/")[0].partition(".")[0] for name in opened.namelist()}


class _Placed:
    """An archive's modules in place.

    Attributes:
        hidden: modules of others, of the same names.
    """

    def __init__(self, archive: str, modules: Modules) -> None:
        self.archive, self.modules = archive, modules
        self.hidden: Modules = {}

    def put(self) -> None:
        self.hidden = {name: sys.modules[name] for name in self.modules if name in sys.modules}
        sys.modules.update(self.modules)

    def take(self) -> None:
        """Out again, with what was imported meanwhile."""
        self.modules = _inside(self.archive)
        for name in self.modules:
            del sys.modules[name]
        sys.modules.update(self.hidden)


class ArchiveModules:
    """The ambient: which archive's modules are in place is for each process of a simulation to say."""

    def fresh(self) -> None:
        """Those of none: what the process runs decides."""

    def swap(self, state: _Placed | None) -> _Placed | None:
        """Have these in place. Returns: the former ones."""
        former = _placed.pop() if _placed else None
        if former is not None:
            former.take()
        if state is not None:
            state.put()
            _placed.append(state)
        return former


_placed: list[_Placed] = []
"""At most one: of the process, as ``sys.modules`` is."""


@contextmanager
def modules_in_place(file: str | None) -> Iterator[None]:
    """The modules of the archive that a Dag file is in, for the block; for a file in none nothing is done."""
    archive = next((one for one in loaded.aside if str(file).startswith(f"{one}{os.sep}")), None)
    if archive is None:
        yield
        return
    ambient = ArchiveModules()
    former = ambient.swap(_Placed(archive, dict(loaded.aside[archive])))
    try:
        yield
    finally:
        ambient.swap(former)


@contextmanager
def set_aside(archive: Path, names: set[str]) -> Iterator[None]:
    """Import an archive in the block, beside whatever other files imported; its modules are set aside afterwards.

    Args:
        names: of what lies at the top of the archive. Users' modules of these names are hidden from it: Airflow would
            find the archive first on ``sys.path``.
    """
    inside = str(archive)
    loaded.aside.pop(inside, None)
    others = [name for name in sys.modules if name.partition(".")[0] in names and is_users(name)]
    hidden = {name: sys.modules.pop(name) for name in others if name != "__main__"}
    try:
        yield
    finally:
        found = _inside(inside)
        loaded.set_aside(inside, found)
        for name in found:
            del sys.modules[name]
        sys.modules.update(hidden)


def _inside(archive: str) -> Modules:
    below = f"{archive}{os.sep}"
    found = {
        name: one for name, one in list(sys.modules.items()) if str(getattr(one, "__file__", None)).startswith(below)
    }
    # A folder without __init__.py is a package too, which has no file; its path is looked for anew on each sys.path.
    for name in list(found):
        while name := name.rpartition(".")[0]:
            package = sys.modules.get(name)
            if package is not None and getattr(package, "__file__", None) is None:
                found[name] = package
    return found
