"""Words that stand in no file: registry hosts, paths of a machine. And names of services, in their room alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repo.sources import files, modules, name, tree

# Put together here, so that this file does not hold them either.
WORDS = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "registry." + "npmjs",
    "deb." + "debian.org",
    "crates" + ".io",
    "proxy." + "golang.org",
    "/wo" + "rk/",
    "/ro" + "ot/",
    "index" + "-url",
)


def test_no_file_names_a_registry_or_a_machine() -> None:
    found = [f"{name(path)}:{line} {word}" for path in files() for line, word in words_in(path)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("word", WORDS)
def test_each_word_is_seen(tmp_path: Path, word: str) -> None:
    (tmp_path / "file").write_text(f"first\nsee {word.upper()} there\n")
    assert words_in(tmp_path / "file") == [(2, word)]


def words_in(path: Path) -> list[tuple[int, str]]:
    """(line, word) of every forbidden word; in a binary file too."""
    text = path.read_bytes().decode("utf-8", errors="replace").lower()
    lines = text.splitlines() if any(word in text for word in WORDS) else []
    return [(number, word) for number, line in enumerate(lines, 1) for word in WORDS if word in line]


ROOM = "harness/services/"
SERVICE = re.compile(r"postgres(?!ql)", re.IGNORECASE)
"""The service; PostgreSQL, and what ``postgresql`` is a part of, are others' names."""
OF_AIRFLOW = {
    "harness/project/exports.py": "Airflow's rule: the type postgresql is postgres",
    "harness/bridge/airflow2.py": "modules and classes of Airflow 2, and where they went",
}
"""Modules in which the word is Airflow's own."""


def named(module: ast.Module) -> Iterator[int]:
    """Lines of code that say the word: in a name or a text that is no docstring."""
    said = {
        id(node.value)
        for node in ast.walk(module)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(module):
        texts = [getattr(node, field, None) for field in ("id", "attr", "name", "arg", "module", "asname")]
        if isinstance(node, ast.Constant) and id(node) not in said:
            texts.append(node.value)
        if any(isinstance(text, str) and SERVICE.search(text) for text in texts):
            yield getattr(node, "lineno", 0)


def found() -> dict[str, list[int]]:
    return {name(path): lines for path in modules() if (lines := list(named(tree(path))))}


def test_no_other_room_names_it() -> None:
    assert {where: lines for where, lines in found().items() if not where.startswith((ROOM, *OF_AIRFLOW))} == {}


def test_no_exception_is_left_over_and_the_room_itself_does() -> None:
    assert set(OF_AIRFLOW) <= set(found())
    assert any(where.startswith(ROOM) for where in found())


@pytest.mark.parametrize(
    "line",
    ["from a.postgres import b", "postgres = 1", "x = 'service: postgres'", "def of_postgres(): ...", "f(postgres=1)"],
)
def test_a_line_that_says_it_is_seen(line: str) -> None:
    assert list(named(ast.parse(line))) != []
    assert list(named(ast.parse('def f():\n    """A PostgreSQL."""  # postgres'))) == []
