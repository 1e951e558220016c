"""A file is written whole or stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.project.written import write_whole


def test_it_is_made_with_its_folders_and_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b.json"
    write_whole(file, "old")
    file.chmod(0o640)
    write_whole(file, "new\udc80")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new\\udc80", 0o640)
    assert [one.name for one in file.parent.iterdir()] == ["b.json"]


def test_a_private_one_is_read_by_nobody_else(tmp_path: Path) -> None:
    file = tmp_path / "cache.json"
    for _ in range(2):
        write_whole(file, "secret", private=True)
        assert file.stat().st_mode & 0o077 == 0
        file.chmod(0o644)


def test_what_cannot_be_written_leaves_the_old_one_and_nothing_beside_it(tmp_path: Path, monkeypatch) -> None:
    file = tmp_path / "kept.json"
    write_whole(file, "old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(file, "new")
    assert [one.name for one in tmp_path.iterdir()] == ["kept.json"]
    assert file.read_text() == "old"


def test_a_device_is_written_to() -> None:
    write_whole(Path("/dev/null"), "text")
    assert not Path("/dev/null").is_file()
