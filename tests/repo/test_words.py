"""Words that stand in no file: registry hosts and paths of somebody's machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repo.sources import files, name

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
