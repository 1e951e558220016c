"""Work trees of revisions: where they are, what is in them, and that they go."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.project.revision import KIND, checked_out, commit_of
from harness.project.scratch import PREFIX


class Repository:
    """A repository with a file ``sub/name`` that says how often it was committed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch", "main", ".")

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=me", "-c", "user.email=me@example.test"]
        done = subprocess.run(["git", *who, *arguments], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, text: str, file: str = "sub/name") -> str:
        (self.folder / file).parent.mkdir(exist_ok=True)
        (self.folder / file).write_text(text)
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", text)
        return self.git("rev-parse", "HEAD")

    def trees(self) -> int:
        return len(self.git("worktree", "list").splitlines())


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = tmp_path / "repository"
    folder.mkdir()
    return Repository(folder)


def test_names_of_commits(repository: Repository, tmp_path: Path) -> None:
    first = repository.commit("1")
    repository.git("tag", "v1")
    second = repository.commit("2")
    here = repository.folder
    assert [commit_of(name, here) for name in ("v1", "main", "HEAD~1", first[:10])] == [first, second, first, first]
    assert [commit_of(name, here) for name in ("", "none", "--all", "v1:sub/name")] == [None] * 4
    assert commit_of("main", tmp_path) is None


def test_a_tree_stands_beside_and_goes(repository: Repository, tmp_path: Path) -> None:
    first = repository.commit("1")
    repository.commit("2")
    with checked_out(first, repository.folder / "sub", "--diff") as made:
        inside = made.here
        assert (inside.name, made.top, made.commit) == ("sub", inside.parent, first)
        assert made.counterpart(repository.folder / "sub" / "name") == inside / "name"
        assert made.counterpart(tmp_path) == tmp_path
        assert ((inside / "name").read_text(), repository.trees()) == ("1", 2)
        (inside / "made by a run").touch()
    assert (repository.folder / "sub" / "name").read_text() == "2"
    assert (repository.trees(), made.top.exists()) == (1, False)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_it_goes_with_an_error(repository: Repository, tmp_path: Path, error: type[BaseException]) -> None:
    first = repository.commit("1")
    with pytest.raises(error), checked_out(first, repository.folder, "--diff"):
        raise error
    assert repository.trees() == 1


def test_what_was_killed_is_forgotten(repository: Repository, tmp_path: Path) -> None:
    first = repository.commit("1")
    killed = tmp_path / f"{PREFIX}{KIND}-killed" / "tree"
    killed.parent.mkdir()
    repository.git("worktree", "add", "--quiet", "--detach", str(killed), first)
    shutil.rmtree(killed.parent)
    with checked_out(first, repository.folder, "--diff"):
        assert repository.trees() == 2


def test_a_folder_that_the_commit_does_not_have(repository: Repository, tmp_path: Path) -> None:
    first = repository.commit("1", "name")
    repository.commit("2")
    with (
        pytest.raises(UsageError, match=r"--diff [0-9a-f]{40} has no folder sub"),
        checked_out(first, repository.folder / "sub", "--diff"),
    ):
        raise AssertionError
    assert repository.trees() == 1


def test_within_a_hook_and_without_running_one(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = repository.commit("1")
    hook = repository.folder / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert commit_of("main", repository.folder) == first
    with checked_out(first, repository.folder, "--diff"):
        assert not (tmp_path / "ran").exists()
    monkeypatch.delenv("GIT_DIR")
    assert repository.trees() == 1
