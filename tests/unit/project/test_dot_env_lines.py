"""Lines of a ``.env`` that cannot be read, by their numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.project.declarations import unread_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("A=1\n", []),
        ("", []),
        ("# only a comment\n\n", []),
        ("export A=1\nA\nB = 2 # two\n", []),
        ("A=1\nno assignment\nB=2\n", [2]),
        ("\n\n\nno assignment\n", [4]),
        ('A=1\nB="never closed\nC=3\n', [2]),
        ("A='two\nlines'\nno assignment\n", [3]),
        ("=x\nA=1\nno assignment\n", [1, 3]),
    ],
)
def test_lines(tmp_path: Path, text: str, lines: list[int]) -> None:
    (tmp_path / ".env").write_text(text)
    told = [f".env:{line} cannot be read as NAME=value, and is passed over" for line in lines]
    assert list(unread_lines(tmp_path / ".env", tmp_path)) == told


def test_of_a_folder_above_the_project_the_whole_path(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("no assignment\n")
    (told,) = unread_lines(tmp_path / ".env", tmp_path / "project")
    assert told.startswith(f"{tmp_path / '.env'}:1 ")
    assert list(unread_lines(tmp_path / "project" / ".env", tmp_path / "project")) == []
