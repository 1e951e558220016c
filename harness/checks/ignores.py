"""Checks that are off for a part of the project: ``[tool.airflow-harness.per-path-ignores]``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.checks.selection import checks_of


class PathIgnores:
    """What is ignored where.

    Args:
        given: glob as in ``.gitignore``, relative to the project -> check ids and families.
    """

    def __init__(self, given: Mapping[str, list[str]], root: Path) -> None:
        self._root = root
        self._rules = []
        if given:
            from pathspec import GitIgnoreSpec

            self._rules = [(GitIgnoreSpec.from_lines([glob]), checks_of(names)) for glob, names in given.items()]
        self._known: dict[str, frozenset[str]] = {}

    def of(self, path: str) -> frozenset[str]:
        """Ids of the checks that are off for a file."""
        if path not in self._known:
            self._known[path] = frozenset(self._found(Path(path)))
        return self._known[path]

    def _found(self, path: Path) -> set[str]:
        if not self._rules or not path.is_relative_to(self._root):
            return set()
        name = path.relative_to(self._root).as_posix()
        return {check for spec, checks in self._rules if spec.match_file(name) for check in checks}
