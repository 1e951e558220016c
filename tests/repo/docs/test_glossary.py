"""The glossary has every word of ours, names only what there is, and no word that it replaced is used any more."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.repo.sources import HARNESS, ROOT, modules, name, tree

PAGE = ROOT / "docs" / "dev" / "glossary.md"
ROOMS = ("kernel", "simulation", "gate")
NAMED = re.compile(r"`(harness(?:\.\w+)+)`")

REPLACED = {
    "door": "patches",
    "strand": "virtual thread",
    "sleeper": "background thread",
    "speaker": "task context",
    "farm": "worker pool",
    "zygote": "fork server",
    "warm": "preload",
    "mould": "message schema",
    "sketch": "scaffold",
    "desk": "server process",
    "spool": "held output",
    "twin": "second parse",
}
"""Old word -> the word that stands in its place; neither names nor texts hold the old one."""

RENAMED = {
    **REPLACED,
    "stray": "orphan",
    "look": "context",
    "quiet": "suppressions",
    "waiver": "suppression",
    "ignores": "suppressions",
    "asked": "options or selection",
    "wanted": "options or selection",
    "given": "options or selection",
    "told": "reported",
    "stage": "run factory",
    "turn": "one-by-one loop",
    "stretch": "slice of an attempt",
    "companion": "awaited Dags",
    "caller": "caller rules",
    "place": "blocking detection",
    "ahead": "shared libraries",
}
"""The same for names of modules and classes. Everyday words among them may stand in a text or name a variable."""

ALLOWED = {
    "StrayExit": "its id, stray-exit, is part of the interface, and the class is called as its id",
    "Places": "where Dags are made in a file: lines, no threads",
    "places": "the same",
}
"""Names of modules and classes -> why they keep an old word."""


def test_every_class_of_the_rooms_is_explained() -> None:
    explained = set(NAMED.findall(PAGE.read_text(encoding="utf-8")))
    missing = [one for one in public_classes() if one not in explained]
    assert not missing, "\n".join(["not in docs/dev/glossary.md:", *missing])


def test_all_that_it_names_is_there() -> None:
    named = NAMED.findall(PAGE.read_text(encoding="utf-8"))
    assert len(named) > 100
    assert not [one for one in named if not is_there(one)]


def test_a_name_that_is_not_there_is_seen() -> None:
    assert is_there("harness.kernel.process.Process")
    assert is_there("harness.kernel.threads")
    assert not is_there("harness.kernel.process.Prozess")
    assert not is_there("harness.kernel.threading")


def test_no_word_that_was_replaced_is_used() -> None:
    found = [f"{name(path)}:{line} {word}: {REPLACED[word]}" for path in modules() for line, word in old_words(path)]
    assert not found, "\n".join(found)


def test_no_module_or_class_has_a_name_that_was_replaced() -> None:
    found = {one: word for path in modules() for one in names(path) for word in words(one) if word in RENAMED}
    assert found.keys() == ALLOWED.keys(), found


@pytest.mark.parametrize(
    "text", ["def start_farm(): ...", "class WarmStrands: ...", '"""The zygotes."""', "a = b.twin"]
)
def test_a_word_that_was_replaced_is_seen(tmp_path: Path, text: str) -> None:
    (tmp_path / "module.py").write_text(f"first = 1\n{text}\n")
    assert [line for line, _ in old_words(tmp_path / "module.py")]
    (tmp_path / "module.py").write_text("# the farm\nfirst = 'no twin of a docstring'\n")
    assert not list(old_words(tmp_path / "module.py"))


def public_classes() -> Iterator[str]:
    """Dotted names of the rooms' classes that other modules may use."""
    for room in ROOMS:
        for path in modules():
            if path.is_relative_to(HARNESS / room):
                dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                for node in tree(path).body:
                    if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                        yield f"{dotted}.{node.name}"


def is_there(dotted: str) -> bool:
    """Whether a module, or what a module defines, is there."""
    path = ROOT.joinpath(*dotted.split("."))
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    module, defined = path.parent.with_suffix(".py"), path.name
    return module.is_file() and any(getattr(node, "name", None) == defined for node in tree(module).body)


def names(path: Path) -> Iterator[str]:
    """The name of a module and of its classes."""
    yield path.stem
    yield from (node.name for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef))


def old_words(path: Path) -> Iterator[tuple[int, str]]:
    """(line, word) of every identifier and docstring that holds a word that was replaced."""
    text = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            yield from ((token.start[0], word) for word in words(token.string) if word in REPLACED)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from ((node.lineno, word) for word in words(node.value.value) if word in REPLACED)


def words(text: str) -> Iterable[str]:
    """Its words in lower case, singular, but for those that are old as a plural alone."""
    found = (part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text))
    return [word if word in RENAMED else word.removesuffix("s") for word in found]
