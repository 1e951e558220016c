"""The project's own settings: ``[tool.airflow-harness]`` of the nearest ``pyproject.toml``.

Its keys are checked as they are taken, each complaint with its line. Read by the command line and by the pytest plugin,
whose start it must not slow down: nothing heavy is imported here. What the names of checks and limits mean is looked up
where they are used, in `harness.gate.settings`.
"""

from __future__ import annotations

import re
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from warnings import warn

from harness.errors import UsageError, known_names

DEFAULT_DAGS = "dags"
DEFAULT_WORLD = "fixtures/world.yaml"
SEVERITIES = ("error", "warning", "off")

__all__ = ["DEFAULT_DAGS", "DEFAULT_WORLD", "SEVERITIES", "TABLE", "Config", "config_for", "read_config"]


@dataclass(frozen=True)
class DiffSettings:
    """What ``diff`` goes by in a project, beside what its command line says.

    Attributes:
        ignore: as ``--ignore``.
        keys: as ``--key``.
        tolerance: as ``--tolerance``, where the command line has none.
    """

    ignore: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    tolerance: float = 0.0


@dataclass(frozen=True)
class Config:
    """Where a project keeps what a run needs, and what it wants to be checked for.

    Attributes:
        dags: Dag folders and files; empty when none is configured and there is no ``dags`` folder.
        world: the world file, None when none is configured and there is no ``fixtures/world.yaml``.
        root: the folder of ``pyproject.toml``, or where the search started when there is none.
        file: that ``pyproject.toml``, None when there is none.
        checks: check id or family -> severity, as written.
        limits: name -> threshold, as written.
        options: name -> text, of checks that take one.
        per_path_ignores: glob, relative to `root` -> check ids and families that are off there.
        pytest_checks: whether pytest collects Dag files.
        network: what tasks may connect to, in pytest and in the commands, beside what the world allows.
        drivers: service -> driver, as written.
        diff: what ``diff`` goes by.
    """

    dags: list[Path] = field(default_factory=list)
    world: Path | None = None
    root: Path = field(default_factory=Path.cwd)
    file: Path | None = None
    checks: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    per_path_ignores: Mapping[str, list[str]] = field(default_factory=dict)
    pytest_checks: bool = True
    network: tuple[str, ...] = ()
    drivers: Mapping[str, str] = field(default_factory=dict)
    diff: DiffSettings = DiffSettings()

    def where(self, table: str, key: str) -> str | None:
        """``file:line`` of a key of a table below ours; None when the settings came from no file."""
        return None if self.file is None else Table(self.file, {}, table).where(key)


def read_config(start: Path) -> Config:
    """The settings that hold in a folder: those of the nearest ``pyproject.toml``, else the customary places.

    Args:
        start: the folder to look from, upwards.
    Raises: UsageError: TOML that cannot be read, an unknown key, a wrong type or a path that does not exist.
    """
    folder = start.resolve()
    file = next((found for above in (folder, *folder.parents) if (found := above / "pyproject.toml").is_file()), None)
    if file is None:
        return Config(_existing(folder / DEFAULT_DAGS), _first(_existing(folder / DEFAULT_WORLD)), folder)
    table = Table(file, parsed(file))
    dags = table.paths("dags", 'dags = ["dags"]', many=True)
    world = table.paths("world", f'world = "{DEFAULT_WORLD}"', many=False)
    checks: dict[str, str] = table.below("checks", " or ".join(SEVERITIES), lambda value: value in SEVERITIES)
    limits: dict[str, float] = table.below("limits", "a positive number", _is_positive)
    options: dict[str, str] = table.below("options", "a text", lambda value: isinstance(value, str))
    ignores: dict[str, list[str]] = table.below("per-path-ignores", "a list of check ids", _are_texts)
    pytest_checks = table.flag("pytest-checks", True, former="pytest_checks")
    network = tuple(table.texts("network", 'network = ["api.example.com"]'))
    drivers: dict[str, str] = table.below("drivers", "a driver's name", lambda value: isinstance(value, str))
    diff = _diff(table)
    table.refuse_unknown()
    if dags is None:
        dags = _existing(folder / DEFAULT_DAGS, file.parent / DEFAULT_DAGS)[:1]
    if world is None:
        world = _existing(file.parent / DEFAULT_WORLD)
    return Config(
        dags, _first(world), file.parent, file, checks, limits, options, ignores, pytest_checks, network, drivers, diff
    )


def _diff(table: Table) -> DiffSettings:
    inner = table.inner("diff")
    ignore, keys = inner.texts("ignore", 'ignore = ["warehouse.*.loaded_at"]'), inner.texts("keys", 'keys = ["w.t=id"]')
    tolerance = inner.number("tolerance", 0.0)
    inner.refuse_unknown()
    return DiffSettings(tuple(ignore), tuple(keys), tolerance)


def config_for(paths: Sequence[Path], here: Path) -> Config:
    """The settings that hold for some paths: from wherever a command is given, those of their own project.

    Args:
        paths: as they were given; none of them means the folder itself.
        here: the working directory.
    Raises: UsageError: as `read_config`.
    """
    from harness.project.repository import project_of

    config = read_config(here)
    there = [path.resolve() for path in paths if path.exists()]
    if not there:
        return config
    inside = all(path.is_relative_to(config.root) for path in there)
    if inside and (config.file is not None or config.world is not None or config.dags):
        return config
    folder = there[0] if there[0].is_dir() else there[0].parent
    near = read_config(project_of(folder) or folder)
    return near if near.file is not None or near.world is not None or not inside else config


def _first(paths: list[Path]) -> Path | None:
    return paths[0] if paths else None


def _existing(*candidates: Path) -> list[Path]:
    return [path for path in candidates if path.exists()]


def _is_positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


TABLE = "tool.airflow-harness"


class Table:
    """``[tool.airflow-harness]``, or a table below it.

    Args:
        given: what stands in it.
        below: name of the table below ours; empty for ours itself.
    """

    def __init__(self, file: Path, values: dict[str, Any], below: str = "") -> None:
        self._file, self._values, self._below = file, values, below
        self._known: list[str] = []

    @property
    def name(self) -> str:
        """As its header writes it."""
        return f"[{TABLE}.{self._below}]" if self._below else f"[{TABLE}]"

    def paths(self, key: str, example: str, many: bool) -> list[Path] | None:
        """The paths under a key, relative to the file, each of which must exist; None when the key is absent."""
        self._known.append(key)
        if key not in self._values:
            return None
        value = self._values[key]
        texts = _paths(value) if many else [value] if isinstance(value, str) else None
        if texts is None:
            raise self._wrong(key, "a list of paths" if many else "a path", example)
        found = [self._file.parent / text for text in texts]
        for text, path in zip(texts, found):  # noqa: B905 - of one length
            fault = _fault_of(path, many)
            if fault is not None:
                raise UsageError(
                    f"{key!r} of {self.name} names {text!r}, which {fault}",
                    where=self.where(key),
                    known=f"paths are relative to {self._file.parent}",
                    fix="correct the path",
                )
        return found

    def texts(self, key: str, example: str) -> list[str]:
        """A list of texts, empty when the key is absent."""
        self._known.append(key)
        value = self._values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._wrong(key, "a list of texts", example)
        return value

    def flag(self, key: str, default: bool, former: str | None = None) -> bool:
        """True or false.

        Args:
            former: how the key was spelt; it works for one more release, with a warning.
        """
        if former is not None and former in self._values:
            self._known.append(former)
            if key in self._values:
                raise UsageError(
                    f"{former!r} and {key!r} of {self.name} are the same", where=self.where(former), fix="keep one"
                )
            warn(f"{self.where(former)}: {former!r} of {self.name} is spelt {key!r} now", FutureWarning, stacklevel=2)
            key = former
        self._known.append(key)
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false", f"{key} = false")
        return value

    def number(self, key: str, default: float) -> float:
        """A number that is not below 0."""
        self._known.append(key)
        value = self._values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
            raise self._wrong(key, "a number from 0 on", f"{key} = 1e-9")
        return float(value)

    def inner(self, key: str) -> Table:
        """The table below this one, empty when it is absent, whose keys are of several sorts."""
        return Table(self._file, self.below(key, "", lambda _: True), key)

    def below(self, key: str, expected: str, is_right: Callable[[Any], bool]) -> dict[str, Any]:
        """The table below this one, empty when it is absent; every value must be right.

        Args:
            expected: what a value is, in words.
        """
        self._known.append(key)
        entries = self._values.get(key, {})
        if not isinstance(entries, dict):
            raise self._wrong(key, "a table", f"write [{TABLE}.{key}] with its keys below")
        inner = Table(self._file, entries, key)
        for name, value in entries.items():
            if not is_right(value):
                raise inner._wrong(name, expected, None)
        return entries

    def refuse_unknown(self) -> None:
        """Raise for the first key that nobody took."""
        for key in self._values:
            if key not in self._known:
                raise UsageError(
                    f"unknown key {key!r} in {self.name}",
                    where=self.where(key),
                    known=known_names(key, self._known),
                    fix="correct or remove the key",
                )

    def where(self, key: str) -> str:
        """``file:line`` of a key."""
        return f"{self._file}:{line_of(self._file, self._below, key)}"

    def _wrong(self, key: str, expected: str, fix: str | None) -> UsageError:
        fact = f"{key!r} of {self.name} is {expected}, not {shown(self._values[key])}"
        return UsageError(fact, where=self.where(key), fix=fix)


def parsed(file: Path) -> dict[str, Any]:
    """``[tool.airflow-harness]`` as it stands in the file, empty when it is not there.

    Raises: UsageError: no UTF-8, no TOML, no table.
    """
    try:
        document = _toml(file.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text (byte {error.start})", fix="save the file as UTF-8") from None
    except RecursionError:
        raise UsageError(f"{file} is not valid TOML: it is nested too deeply", where=f"{file}:1") from None
    except ValueError as error:  # TOMLDecodeError
        line = re.search(r"at line (\d+)", str(error))
        raise UsageError(f"{file} is not valid TOML: {error}", where=f"{file}:{line[1] if line else 1}") from None
    tool = document.get("tool")
    found = tool.get("airflow-harness", {}) if isinstance(tool, dict) else {}
    if not isinstance(found, dict):
        raise UsageError(
            f"[{TABLE}] is a table, not {shown(found)}",
            where=Table(file, {}).where(""),
            fix=f"write [{TABLE}] with its keys below",
        )
    return found


def _fault_of(path: Path, folders: bool) -> str | None:
    """What is wrong with a path, None when nothing is."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "does not exist"
    except OSError as error:
        return f"cannot be looked at: {error.strerror}"
    except ValueError:
        return "holds a NUL character"
    return "is a folder, not a file" if stat.S_ISDIR(mode) and not folders else None


def shown(value: Any) -> str:
    """A value in an error."""
    return "an empty list" if value == [] else f"{type(value).__name__} {value!r}"


def _toml(text: str) -> dict[str, Any]:
    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    found: dict[str, Any] = tomllib.loads(text)
    return found


def _paths(value: Any) -> list[str] | None:
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return list(value)
    return None


_HEADER = re.compile(r"\s*\[\[?\s*(?P<name>[^\]]+?)\s*\]")


def line_of(file: Path, below: str, key: str) -> int:
    """The line of a key of ``[tool.airflow-harness]`` or of a table below it, or of what is seen of the way to it.

    Args:
        below: name of the table below ours; empty for ours itself.
    """
    path_of_key = ("tool", "airflow-harness", *([below] if below else ()), key)
    nearest, depth, header = 1, 1, ()  # type: tuple[int, int, tuple[str, ...]]
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if match := _HEADER.match(line):
            full = header = _parts(match["name"])
        else:
            full = (*header, *_parts(line.partition("=")[0])) if "=" in line else ()
        if full == path_of_key:
            return number
        if len(full) > depth and full == path_of_key[: len(full)]:
            nearest, depth = number, len(full)
    return nearest


def _parts(dotted: str) -> tuple[str, ...]:
    """``a."b.c".d`` -> its parts."""
    found = re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", dotted)
    return tuple(part.strip("\"'") for part in found)
