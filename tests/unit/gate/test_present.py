"""How things are now, by the keys of what a parse asked for: what changes a digest, and what does not."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.gate.present import ABSENT, Present, below, digest_of, of_libraries, path_of, stamp_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file of six bytes and a folder in it."""
    folder = tmp_path / "folder"
    (folder / "inside").mkdir(parents=True)
    (folder / "a.txt").write_text("before")
    return folder


def touched(path: Path) -> None:
    os.utime(path, ns=(1, 1))


CHANGES: dict[str, Any] = {
    "content": lambda folder: (folder / "a.txt").write_text("after!"),
    "times": lambda folder: touched(folder / "a.txt"),
    "new file": lambda folder: (folder / "b.txt").write_text(""),
    "new folder": lambda folder: (folder / "more").mkdir(),
    "hidden": lambda folder: (folder / ".hidden").write_text(""),
    "ours": lambda folder: (folder / "airflow-harness-baseline.json").write_text(""),
    "gone": lambda folder: (folder / "a.txt").unlink(),
    "a folder now": lambda folder: ((folder / "a.txt").unlink(), (folder / "a.txt").mkdir()),
    "a link now": lambda folder: ((folder / "a.txt").rename(folder / ".b"), (folder / "a.txt").symlink_to(".b")),
    "mode": lambda folder: (folder / "a.txt").chmod(0o600),
}
"""What may happen to a folder."""

SEEN = {
    "file:a.txt": {"content", "gone", "a folder now"},
    "names:": {"new file", "new folder", "gone"},
    "kind:a.txt": {"gone", "a folder now", "a link now"},
    "stat:a.txt": {"content", "times", "gone", "a folder now", "mode"},
    "stat:": {"new file", "new folder", "gone"},
    "sizes:": {"content", "times", "new file", "new folder", "gone", "a folder now", "mode"},
    "hidden:": {"hidden", "a link now"},
}
"""Which of that a key sees; a path is relative to the folder."""


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("key", SEEN)
def test_what_a_key_sees(folder: Path, key: str, change: str) -> None:
    (folder / "a.txt").chmod(0o644)
    kind, _, path = key.partition(":")
    asked = f"{kind}:{folder / path}"
    before = Present().of(asked)
    CHANGES[change](folder)
    assert (Present().of(asked) != before) is (change in SEEN[key])


def test_each_is_looked_at_once_until_it_is_forgotten(folder: Path) -> None:
    present, key = Present(), f"file:{folder / 'a.txt'}"
    before = present.of(key)
    (folder / "a.txt").write_text("after!")
    assert present.of(key) == before
    present.forget(key)
    assert present.of(key) not in (before, ABSENT)


@pytest.mark.parametrize("kind", ["file", "names", "kind", "stat", "sizes"])
def test_what_is_not_there_is_absent(folder: Path, kind: str) -> None:
    assert Present().of(f"{kind}:{folder / 'gone'}") == ABSENT
    assert Present().of(f"{kind}:\0") == ABSENT


def test_a_link_that_leads_nowhere_is_not_nothing(folder: Path) -> None:
    (folder / "lost").symlink_to("gone")
    present = Present()
    assert present.of(f"kind:{folder / 'lost'}") == "dangling"
    assert present.of(f"link:{folder / 'lost'}") == "to gone"
    assert present.of(f"link:{folder / 'a.txt'}") == present.of(f"kind:{folder / 'a.txt'}")


def test_outputs_of_ours_are_neither_read_nor_named(folder: Path) -> None:
    output = folder / "report.json"
    present = Present(outputs=frozenset({str(output)}))
    before = [present.of(f"{kind}:{folder}") for kind in ("names", "sizes", "data")]
    output.write_text("{}")
    after = Present(outputs=present.outputs)
    assert [after.of(f"{kind}:{folder}") for kind in ("names", "sizes", "data")] == before
    assert after.of(f"file:{output}") == ""


def test_variables_one_by_one_and_all(folder: Path) -> None:
    def of(key: str, **environment: str) -> str:
        return Present(environment).of(key)

    assert of("env:A") == ABSENT
    assert of("env:A", A="") != ABSENT
    assert of("env:A", A="1") == of("env:A", A="1", B="2") != of("env:A", A="2")
    assert of("env:*", A="1") == of("env:*", A="1", PWD="/x", TMPDIR="/y") != of("env:*", A="1", B="2")


def test_installed_packages_by_the_names_of_their_folders(folder: Path) -> None:
    (folder / "one-1.0.dist-info").mkdir()
    (folder / "some.pth").write_text("")
    assert Present().of(f"packages:{folder}") == "one-1.0.dist-info\0some.pth"
    assert Present().of(f"packages:{folder / 'gone'}") == ""


def test_what_a_modules_name_finds_in_a_folder(folder: Path) -> None:
    for name in ("mod.py", "mod.cpython-312.so", "model.py"):
        (folder / name).write_text("")
    (folder / "mod").mkdir()
    assert Present().of(f"find:{folder}:mod").split("\0") == ["mod/", "mod.cpython-312.so", "mod.py"]
    assert Present().of(f"find:{folder}:other") == ""
    assert Present().of(f"find:{folder / 'a.txt'}:mod") == digest_of(str(folder / "a.txt")), "an archive, as a whole"


def test_what_a_database_has_not_taken_in_yet(folder: Path) -> None:
    database = folder / "some.db"
    key = f"beside:{database}"
    assert Present().of(key) == ""
    (folder / "some.db-wal").write_text("")
    assert Present().of(key) == "", "an empty one holds nothing"
    (folder / "some.db-journal").write_text("1")
    assert Present().of(key) == digest_of(f"{database}-journal")


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("a.csv", True),
        ("below/a.parquet", True),
        ("a.py", False),
        (".a.csv", False),
        (".git/a.csv", False),
        ("node_modules/a.json", False),
        ("venv/a.json", False),
        ("logs/a.txt", False),
        ("airflow.db", False),
    ],
)
def test_data_files_of_a_project(tmp_path: Path, name: str, counts: bool) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "pyvenv.cfg").write_text("")
    before = Present().of(f"data:{tmp_path}/")
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("1")
    assert (Present().of(f"data:{tmp_path}") != before) is counts


def test_place_host_and_umask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    former = os.umask(0o027)
    try:
        assert [Present().of(key) for key in ("cwd:", "host:", "umask:")] == [
            str(tmp_path),
            os.uname().nodename,
            str(0o027),
        ]
        assert os.umask(0o027) == 0o027, "to look at it changed it"
    finally:
        os.umask(former)


def test_of_what_no_later_run_can_know_there_is_nothing_to_say() -> None:
    assert [Present().of(key) for key in ("clock:", "unknown:", "new-in-some-version:x")] == ["", "", ""]


def test_a_digest_of_a_fifo_waits_for_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert digest_of(str(tmp_path / "fifo")) not in ("", ABSENT)


def test_a_digest_is_of_content_and_of_a_folder_its_names(folder: Path) -> None:
    second = folder / "b.txt"
    second.write_text("before")
    assert digest_of(str(second)) == digest_of(str(folder / "a.txt"))
    assert digest_of(str(folder)) not in (ABSENT, digest_of(str(folder / "inside")))


def test_libraries_where_packages_are_installed_are_known_by_their_times(folder: Path) -> None:
    installed, own = str(Path(sys.prefix) / "pyvenv.cfg"), str(folder / "a.txt")
    found = of_libraries([installed, own, f"{sys.prefix}/gone.py"])
    assert found[own] == digest_of(own)
    assert found[installed] == " ".join(map(str, stamp_of(installed) or ()))
    assert found[f"{sys.prefix}/gone.py"] == ABSENT


def test_all_below_some_folders_but_what_comes_and_goes(folder: Path) -> None:
    for name in ("inside/b.py", "inside/.hidden", "__pycache__/a.pyc", ".git/config"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("")
    found = below([folder, folder / "gone"])
    assert found == {str(folder / name): digest_of(str(folder / name)) for name in ("a.txt", "inside/b.py")}


@pytest.mark.parametrize(
    ("key", "paths"),
    [
        ("file:/a:b", ["/a:b"]),
        ("stat:/a", ["/a"]),
        ("find:/a:mod", ["/a/mod", "/a/mod.py", "/a/mod/__init__.py"]),
        ("env:A", []),
        ("clock:", []),
    ],
)
def test_which_files_a_key_is_about(key: str, paths: list[str]) -> None:
    assert list(path_of(key)) == paths
