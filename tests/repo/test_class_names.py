"""A class has a name of its own: who reads ``Entry`` need not ask which."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.repo.sources import ROOT, modules, tree


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


def test_a_test_file_that_is_in_no_package_has_a_name_of_its_own() -> None:
    # pytest imports those by their bare name: the second of a name is an error of collection, seen by whole runs alone
    bare = [file.name for file in ROOT.glob("tests/**/test_*.py") if not (file.parent / "__init__.py").exists()]
    assert [name for name, count in Counter(bare).items() if count > 1] == []
