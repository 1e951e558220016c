"""The project's own settings: ``[tool.airflow-harness]`` of the nearest ``pyproject.toml``.

Read by the command line and by the pytest plugin, whose start it must not slow down: nothing heavy is imported here.
What the names of checks and limits mean is looked up where they are used, in `harness.gate.settings`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.project.table import TABLE, Table, parsed

DEFAULT_DAGS = "dags"
DEFAULT_WORLD = "fixtures/world.yaml"
SEVERITIES = ("error", "warning", "off")

__all__ = ["DEFAULT_DAGS", "DEFAULT_WORLD", "SEVERITIES", "TABLE", "Config", "config_for", "read_config"]


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
    table.refuse_unknown()
    if dags is None:
        dags = _existing(folder / DEFAULT_DAGS, file.parent / DEFAULT_DAGS)[:1]
    if world is None:
        world = _existing(file.parent / DEFAULT_WORLD)
    return Config(dags, _first(world), file.parent, file, checks, limits, options, ignores, pytest_checks, network)


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
