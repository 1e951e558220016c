"""The project's own settings: ``[tool.airflow-harness]`` of the nearest ``pyproject.toml``.

Read by the command line and by the pytest plugin, whose start it must not slow down: nothing heavy is imported here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from harness.errors import UsageError, known_names

TABLE = "tool.airflow-harness"
DEFAULT_DAGS = "dags"
DEFAULT_WORLD = "fixtures/world.yaml"


@dataclass(frozen=True)
class Config:
    """Where a project keeps what a run needs.

    Attributes:
        dags: Dag folders and files; empty when none is configured and there is no ``dags`` folder.
        world: the world file, None when none is configured and there is no ``fixtures/world.yaml``.
        root: the folder of ``pyproject.toml``, or where the search started when there is none.
        file: that ``pyproject.toml``, None when there is none.
    """

    dags: list[Path] = field(default_factory=list)
    world: Path | None = None
    root: Path = field(default_factory=Path.cwd)
    file: Path | None = None


def read_config(start: Path) -> Config:
    """The settings that hold in a folder: those of the nearest ``pyproject.toml``, else the customary places.

    Args:
        start: the folder to look from, upwards.
    Raises: UsageError: TOML that cannot be read, an unknown key, a wrong type or a path that does not exist.
    """
    folder = start.resolve()
    file = next((found for above in (folder, *folder.parents) if (found := above / "pyproject.toml").is_file()), None)
    root = folder if file is None else file.parent
    given = {} if file is None else _table(file)
    reader = _Table(file, given)
    dags = reader.take("dags", "a list of paths", _paths)
    world = reader.take("world", "a path", lambda value: [value] if isinstance(value, str) else None)
    reader.refuse_unknown()
    if dags is None:
        dags = _existing(folder / DEFAULT_DAGS, root / DEFAULT_DAGS)[:1]
    if world is None:
        world = _existing(root / DEFAULT_WORLD)
    return Config(dags=dags, world=world[0] if world else None, root=root, file=file)


class _Table:
    """``[tool.airflow-harness]``, its keys checked as they are taken."""

    def __init__(self, file: Path | None, given: dict[str, Any]) -> None:
        self._file, self._given = file, given
        self._known: list[str] = []

    def take(self, key: str, wanted: str, read: Callable[[Any], list[str] | None]) -> list[Path] | None:
        """The paths under a key, each of which must exist; None when the key is absent."""
        self._known.append(key)
        if key not in self._given:
            return None
        found = read(self._given[key])
        if found is None:
            raise UsageError(
                f"{key!r} of [{TABLE}] is {wanted}, not {_shown(self._given[key])}",
                where=self._where(key),
                fix=f'{key} = ["dags"]' if key == "dags" else f'{key} = "fixtures/world.yaml"',
            )
        return self._existing_paths(key, found)

    def _existing_paths(self, key: str, texts: list[str]) -> list[Path]:
        """Relative to the file they stand in."""
        assert self._file is not None
        found = [self._file.parent / text for text in texts]
        for text, path in zip(texts, found):  # noqa: B905 - of one length
            if not path.exists():
                raise UsageError(
                    f"{key!r} of [{TABLE}] names {text!r}, which does not exist",
                    where=self._where(key),
                    known=f"paths are relative to {self._file.parent}",
                    fix="correct the path",
                )
        return found

    def refuse_unknown(self) -> None:
        """Raise for the first key that nobody took."""
        for key in self._given:
            if key not in self._known:
                raise UsageError(
                    f"unknown key {key!r} in [{TABLE}]",
                    where=self._where(key),
                    known=known_names(key, self._known),
                    fix="correct or remove the key",
                )

    def _where(self, key: str) -> str:
        assert self._file is not None
        return f"{self._file}:{_line(self._file, key)}"


def _table(file: Path) -> dict[str, Any]:
    """``[tool.airflow-harness]`` as it stands in the file, empty when it is not there."""
    try:
        document = _parse(file.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text (byte {error.start})", fix="save the file as UTF-8") from None
    except ValueError as error:  # TOMLDecodeError
        line = re.search(r"at line (\d+)", str(error))
        raise UsageError(f"{file} is not valid TOML: {error}", where=f"{file}:{line[1] if line else 1}") from None
    tool = document.get("tool")
    found = tool.get("airflow-harness", {}) if isinstance(tool, dict) else {}
    if not isinstance(found, dict):
        raise UsageError(
            f"[{TABLE}] is a table, not {_shown(found)}",
            where=f"{file}:{_line(file, 'airflow-harness')}",
            fix=f"write [{TABLE}] with its keys below",
        )
    return found


def _parse(text: str) -> dict[str, Any]:
    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    found: dict[str, Any] = tomllib.loads(text)
    return found


def _line(file: Path, key: str) -> int:
    """The line of a key of the table; of the table when the key cannot be found."""
    header, inside = 1, False
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith("["):
            inside = re.match(r"\s*\[\s*tool\s*\.\s*[\"']?airflow-harness[\"']?\s*\]", line) is not None
            header = number if inside else header
        if (inside and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line)) or re.match(
            rf"\s*(tool\.)?airflow-harness\.{re.escape(key)}\s*=", line
        ):
            return number
    return header


def _paths(value: Any) -> list[str] | None:
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return list(value)
    return None


def _shown(value: Any) -> str:
    return "an empty list" if value == [] else f"{type(value).__name__} {value!r}"


def _existing(*candidates: Path) -> list[Path]:
    return [path for path in candidates if path.exists()]
