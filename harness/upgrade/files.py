"""The files of a repository that may speak of Airflow: Python, templates, Python in archives."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from harness.upgrade.templates import SUFFIXES

LARGEST = 1 << 20
"""Bytes: a template is written by a person; what is larger is data."""

_LEFT_OUT = {"__pycache__", "node_modules", "site-packages", "venv", "env", "build", "dist", "target", "logs"}


def files_below(folders: list[Path]) -> Iterator[Path]:
    """Files to look at, sorted, each once; hidden folders and other people's packages are left out."""
    seen: set[Path] = set()
    for folder in folders:
        for path in [folder] if folder.is_file() else _walked(folder):
            # a regular file alone: to open a FIFO waits for ever for who writes into it
            if path.suffix in (".py", ".zip", *SUFFIXES) and path not in seen and path.is_file():
                seen.add(path)
                yield path


def texts_of(path: Path) -> Iterator[tuple[str, str]]:
    """(name, text): of a file its text, of an archive each Python file in it, as ``dags.zip/sales.py``."""
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for name in sorted(archive.namelist()):
                    if name.endswith(".py"):
                        yield f"{path}/{name}", archive.read(name).decode("utf-8", "replace")
        elif path.suffix == ".py" or path.stat().st_size <= LARGEST:
            yield str(path), path.read_bytes().decode("utf-8", "replace")
    except (OSError, zipfile.BadZipFile, RuntimeError):
        return  # a file that cannot be read is told by check


def _walked(folder: Path) -> Iterator[Path]:
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in _LEFT_OUT and not Path(at, name, "pyvenv.cfg").exists()
        )
        yield from (Path(at, name) for name in sorted(names))
