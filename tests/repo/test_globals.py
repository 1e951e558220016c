"""State that a module keeps for the whole process says why it is the process's."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.repo.sources import modules, name, tree

EMPTY = ("dict", "list", "set", "defaultdict", "deque", "WeakKeyDictionary", "WeakSet")


def kept(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Names of a module that begin empty, or that a function gives another value, and the text that stands below."""
    given = {one for node in ast.walk(module) if isinstance(node, ast.Global) for one in node.names}
    for node, after in pairwise([*module.body, ast.Pass()]):
        if not isinstance(node, (ast.Assign, ast.AnnAssign)):
            continue
        text = ast.get_docstring(ast.Module([after], [])) or ""
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name) and (target.id in given or _is_empty(node.value)):
                yield target.id, text


def _is_empty(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).rpartition(".")[2] in EMPTY and not value.args
    return (isinstance(value, ast.List) and not value.elts) or (isinstance(value, ast.Dict) and not value.keys)


def test_what_a_module_keeps_says_why_it_is_the_process_s() -> None:
    found = [(name(path), what, text) for path in modules() for what, text in kept(tree(path))]
    assert len(found) > 5, "no module can be that free of state"
    silent = [f"{file}: {what}" for file, what, text in found if "process" not in text]
    assert not silent, "make it state of an object, or say below it why it is the process's: " + ", ".join(silent)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("_made = {}", [("_made", "")]),
        ("_made: list[int] = []\n'''Of the process.'''", [("_made", "Of the process.")]),
        ("_made = weakref.WeakKeyDictionary()\n_more = set()", [("_made", ""), ("_more", "")]),
        ("_one: int | None = None\ndef f():\n    global _one\n    _one = 1", [("_one", "")]),
        ("_names = {'a': 1}\n_none = ()\n_of = set(_names)\ndef f():\n    made = {}", []),
    ],
)
def test_state_is_seen(source: str, expected: list[tuple[str, str]]) -> None:
    assert list(kept(ast.parse(source))) == expected
