"""Files and functions stay small. Of a function the body counts, docstring included: a signature may list options.

What is merely longer than we like is printed: ``pytest tests/repo/test_sizes.py -rP``.
"""

from __future__ import annotations

import ast

from tests.repo.sources import modules, name, tree

FILE_LIMIT, FILE_WISH = 500, 150
FUNCTION_LIMIT, FUNCTION_WISH = 70, 30


def test_no_file_is_long() -> None:
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    _check(lengths, FILE_LIMIT, FILE_WISH)


def test_no_function_is_long() -> None:
    lengths = {
        f"{name(path)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.body[0].lineno + 1
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    _check(lengths, FUNCTION_LIMIT, FUNCTION_WISH)


def _check(lengths: dict[str, int], limit: int, wish: int) -> None:
    longest_first = sorted(lengths.items(), key=lambda item: -item[1])
    print(f"longer than {wish} lines:")
    print("\n".join(f"{length:5} {where}" for where, length in longest_first if length > wish))
    assert not [f"{where}: {length} lines" for where, length in longest_first if length > limit]
