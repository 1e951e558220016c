"""The files that the tests of the repository look at."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
HARNESS = ROOT / "harness"


@cache
def files() -> tuple[Path, ...]:
    """Every file of the repository: those git tracks, and new ones it does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return tuple(path for name in sorted(filter(None, listed.stdout.split("\0"))) if (path := ROOT / name).is_file())


@cache
def modules() -> tuple[Path, ...]:
    """Every Python file of the package."""
    found = tuple(path for path in files() if path.is_relative_to(HARNESS) and path.suffix == ".py")
    assert len(found) > 50, f"the package cannot be that small: {len(found)} modules in {HARNESS}"
    return found


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name(path: Path) -> str:
    """A path as it is written: from the root of the repository, with slashes."""
    return path.relative_to(ROOT).as_posix()
