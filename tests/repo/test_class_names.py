"""A class has a name of its own: who reads ``Entry`` need not ask which."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.repo.sources import modules, tree


def test_a_name_of_a_class_is_given_once() -> None:
    assert not repeated(modules())


def test_one_that_is_given_twice_is_seen(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.py").write_text(f"class Entry:\n    class Inner{number}: ...\n")
    assert [line.split()[0] for line in repeated(tmp_path.glob("*.py"))] == ["Entry"]


def repeated(paths: Iterable[Path]) -> list[str]:
    """``Name file, file`` of every class name that is defined more than once."""
    found = defaultdict(list)
    for path in paths:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(f"{path.name}:{node.lineno}")
    return [f"{one} {', '.join(places)}" for one, places in sorted(found.items()) if len(places) > 1]
