"""Files, functions and folders have a limit. Of a function the body counts, docstring included.

What comes near it is printed: ``pytest tests/repo/test_sizes.py -rP``.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.repo.sources import HARNESS, ROOT, files, modules, name, tree

FILE_LIMIT, FILE_WISH = 500, 400
FUNCTION_LIMIT, FUNCTION_WISH = 70, 50
FOLDER_LIMIT = 25
"""Python files of one folder, ``__init__`` among them: more are rooms that nobody has told apart."""

_TESTS = ROOT / "tests"


def test_no_file_is_long() -> None:
    both = [*modules(), *_tests()]
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in both}
    _check(lengths, FILE_LIMIT, FILE_WISH)


def test_no_function_is_long() -> None:
    lengths = {
        f"{name(path)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.body[0].lineno + 1
        for path in [*modules(), *_tests()]
        for node in ast.walk(tree(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    _check(lengths, FUNCTION_LIMIT, FUNCTION_WISH)


def test_no_folder_is_full() -> None:
    assert len(_tests()) > 100
    assert _full([*modules(), *_tests()]) == []


def test_a_full_folder_is_seen() -> None:
    folder = HARNESS / "attic"
    crowd = [folder / f"thing_{number}.py" for number in range(FOLDER_LIMIT + 1)]
    assert _full(crowd) == ["harness/attic: 26 files"]
    assert _full(crowd[1:]) == []


def _tests() -> list[Path]:
    return [path for path in files() if path.suffix == ".py" and path.is_relative_to(_TESTS)]


def _full(paths: Iterable[Path]) -> list[str]:
    count = Counter(path.parent for path in paths)
    return [f"{name(folder)}: {number} files" for folder, number in sorted(count.items()) if number > FOLDER_LIMIT]


def _check(lengths: dict[str, int], limit: int, wish: int) -> None:
    longest_first = sorted(lengths.items(), key=lambda item: -item[1])
    print(f"longer than {wish} lines:")
    print("\n".join(f"{length:5} {where}" for where, length in longest_first if length > wish))
    assert not [f"{where}: {length} lines" for where, length in longest_first if length > limit]
