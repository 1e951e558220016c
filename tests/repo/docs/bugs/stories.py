"""The bugs of the book: a Dag file each, with its story, its bug and its mend in one.

The docstring is the title and the story. ``# found by:`` names the check, or ``rehearsal``: then a test of the same
name finds it, and ``# without one:`` is a command that tells it too. A line that ends in ``# bug`` is the bug's alone,
one that begins with ``# mended:`` stands there once it is mended. A line that ends in ``# shown`` stands in both, and
the page shows it. A folder is one story too, told in its first file.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from textwrap import dedent

from tests.repo.sources import ROOT

BOOK = ROOT / "dags_under_test" / "bad" / "book"
DAGS = BOOK / "dags"
REHEARSALS = BOOK / "tests" / "test_rehearsals.py"
REHEARSAL = "rehearsal"
CHAPTERS = {
    "loading": "Files that do not load, or do too much",
    "graph": "Who waits for whom",
    "schedule": "When it runs",
    "resources": "What it needs",
    "content": "What stands in its code",
    "runs": "What only a run shows",
}

_BUG = re.compile(r" *# bug$")
_SHOWN = re.compile(r" *# shown$")
_MENDED = re.compile(r"^( *)# mended:(?: (.*))?$")
_TELLS = re.compile(r"^# (found by|also|without one): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Story:
    """A bug.

    Attributes:
        files: its Dag files; the first one tells the story.
        finder: id of the check, or `REHEARSAL`.
        also: further checks that find it.
        command: arguments of ``airflow-harness`` that tells what its rehearsal asserts by itself; empty for none.
    """

    chapter: str
    name: str
    title: str
    text: str
    files: tuple[Path, ...]
    finder: str
    also: tuple[str, ...] = ()
    command: str = ""

    @property
    def bug(self) -> str:
        """The lines that are wrong, and those around them that show why, without what marks them."""
        return _dedented(self._lines(mended=False))

    @property
    def mend(self) -> str:
        """What stands there once it is mended."""
        return _dedented(self._lines(mended=True))

    def _lines(self, mended: bool) -> Iterator[str | None]:
        """Those that the page shows, None for others."""
        for file in self.files:
            yield None
            for line in file.read_text(encoding="utf-8").splitlines():
                is_bug, mend = bool(_BUG.search(line)), _MENDED.match(line)
                if mend is not None:
                    if mended:
                        yield f"{mend[1]}{mend[2] or ''}".rstrip()
                elif not (is_bug and mended):
                    is_shown = is_bug or not line or _SHOWN.search(line)
                    yield _SHOWN.sub("", _BUG.sub("", line)) if is_shown else None


def stories() -> list[Story]:
    """All of them, chapter by chapter."""
    return [_story(chapter, path) for chapter in CHAPTERS for path in sorted((DAGS / chapter).iterdir()) if _is(path)]


def rehearsal_of(story: Story) -> str:
    """The test that finds it, as it is written, without blanks before it."""
    source = REHEARSALS.read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == f"test_{story.name}":
            return ast.get_source_segment(source, node) or ""
    raise LookupError(f"{REHEARSALS} has no test_{story.name}")


def written(folder: Path, mended: bool = False) -> list[Path]:
    """The book as two repositories of Dags, of files that load and of those that may not; bugs keep their lines.

    Checks of the whole repository are silent where a file of it does not load.
    """
    made = []
    for name in ("loading", "others"):
        root = folder / name
        for path in sorted(BOOK.rglob("*")):
            relative = path.relative_to(BOOK)
            if not path.is_file() or path.suffix == ".pyc" or not _belongs(relative, name):
                continue
            (root / relative).parent.mkdir(parents=True, exist_ok=True)
            if mended and relative.parts[0] == "dags":
                (root / relative).write_text(version(path.read_text(encoding="utf-8"), mended), encoding="utf-8")
            else:
                shutil.copyfile(path, root / relative)
        (root / "data").mkdir()
        (root / "data" / "orders.csv").write_text("id,item\n" + "1,pear\n" * 900_000)
        made.append(root)
    return made


def version(text: str, mended: bool) -> str:
    """A file with its bug, or without it, and without the marks."""
    lines = []
    for line in text.splitlines():
        is_bug, mend = bool(_BUG.search(line)), _MENDED.match(line)
        if mend is not None and mended:
            lines.append(f"{mend[1]}{mend[2] or ''}".rstrip())
        elif mend is None and not (is_bug and mended):
            lines.append(_SHOWN.sub("", _BUG.sub("", line)))
    return "\n".join(line for line in lines if not _TELLS.match(line)) + "\n"


def _is(path: Path) -> bool:
    return path.suffix == ".py" or (path.is_dir() and path.name != "__pycache__")


def _story(chapter: str, path: Path) -> Story:
    files = (path,) if path.is_file() else tuple(sorted(path.glob("*.py")))
    text = files[0].read_text(encoding="utf-8")
    title, _, story = (ast.get_docstring(ast.parse(text)) or "").partition("\n\n")
    tells: dict[str, list[str]] = {}
    for key, value in _TELLS.findall(text):
        tells.setdefault(key, []).append(value)
    (command,) = tells.get("without one", [""])
    also = tuple(tells.get("also", ()))
    return Story(chapter, path.stem, title, story.strip(), files, tells["found by"][0], also, command)


def _belongs(relative: Path, project: str) -> bool:
    if relative.parts[0] == "dags":
        return (relative.parts[1] == "loading") == (project == "loading")
    return relative.parts[0] != "tests" or project == "others"


def _dedented(lines: Iterable[str | None]) -> str:
    """Lines that follow one another, from the margin on; an empty one where others are left out (None) between them."""
    blocks = (list(block) for is_kept, block in groupby(lines, lambda line: line is not None) if is_kept)
    texts = (dedent("\n".join(line or "" for line in block)).strip("\n") for block in blocks)
    return "\n\n".join(text for text in texts if text)
