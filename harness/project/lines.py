"""Lines of keys in ``pyproject.toml``: the parser of TOML keeps none. Looked for only when there is a complaint."""

from __future__ import annotations

import re
from pathlib import Path

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
