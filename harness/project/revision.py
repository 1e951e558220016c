"""Revisions of a user's repository, each checked out beside it for as long as it is needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.project.scratch import PREFIX, scratch, sweep

KIND = "revision"
_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
"""A hook of the user's, as ``post-checkout``, is for the user's own work tree."""

_OF_A_HOOK = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX")
"""Variables that git sets for its hooks: they would lead to another tree than the one that is meant."""


@dataclass(frozen=True)
class CheckedOut:
    """A revision in a work tree of its own.

    Attributes:
        top: the work tree.
        commit: what the revision names.
        here: the folder in it that is the counterpart of where the command runs.
    """

    top: Path
    commit: str
    here: Path
    of: Path

    def counterpart(self, path: Path) -> Path:
        """The same path in the other work tree; one outside of the repository is itself."""
        absolute = path.resolve()
        return self.top / absolute.relative_to(self.of) if absolute.is_relative_to(self.of) else absolute


@contextmanager
def checked_out(revision: str, folder: Path, option: str) -> Iterator[CheckedOut]:
    """Check a revision out into a temporary folder, for a block; what is not committed is not in it.

    Args:
        folder: of the repository.
        option: that named the revision, for errors.
    Raises: UsageError: no git, no repository, no such revision, or one without this folder.
    """
    top, commit = named(option, folder, revision)
    _forget_lost(option, top)
    with scratch(KIND) as made:
        tree = Path(made).resolve() / "tree"
        try:
            git(option, top, *_NO_HOOKS, "worktree", "add", "--quiet", "--detach", str(tree), commit)
            here = tree / folder.resolve().relative_to(top)
            if not here.is_dir():
                fact = f"{option} {revision} has no folder {here.relative_to(tree)}"
                raise UsageError(fact, fix="name a later revision, or begin in a folder that it has")
            yield CheckedOut(tree, commit, here, top)
        finally:
            _remove(top, tree)


def _remove(top: Path, tree: Path) -> None:
    """Take a work tree away, and what git noted of it; interrupted or not."""
    import subprocess

    command = ["git", "worktree", "remove", "--force", "--force", str(tree)]
    subprocess.run(command, cwd=top, env=_environment(), capture_output=True, check=False, start_new_session=True)


def _forget_lost(option: str, top: Path) -> None:
    """Take away what a command of ours that was killed left behind."""
    sweep()
    listed = git(option, top, "worktree", "list", "--porcelain").splitlines()
    for line in listed:
        tree = Path(line.removeprefix("worktree "))
        if line.startswith("worktree ") and tree.parent.name.startswith(f"{PREFIX}{KIND}-") and not tree.exists():
            _remove(top, tree)


def named(option: str, folder: Path, revision: str) -> tuple[Path, str]:
    """The repository that a folder lies in, and the commit that a revision names there. Raises: UsageError."""
    top = Path(git(option, folder, "rev-parse", "--show-toplevel").strip()).resolve()
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    return top, git(option, folder, *asked, otherwise=f"git knows no revision {revision!r}").strip()


def commit_of(name: str, folder: Path) -> str | None:
    """The commit that a branch, a tag or the like means; None where it means none, or there is no repository."""
    if name and not name.startswith("-"):
        with suppress(UsageError):
            return named("a revision", folder, name)[1]
    return None


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}


def git(option: str, folder: Path, *arguments: str, otherwise: str = "it refuses") -> str:
    """What git prints.

    Args:
        option: of the command line that git is asked for.
        otherwise: what it means where git refuses and says nothing.
    Raises: UsageError: there is no git, or it refuses.
    """
    import subprocess  # not at start: a check without a revision asks nothing of git

    fix = "name a commit, branch or tag of this repository"
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=_environment(), capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise UsageError(f"{option} needs git: {error}", fix="install git") from None
    if done.returncode:
        stderr = done.stderr.strip().removeprefix("fatal: ") or otherwise
        raise UsageError(f"{option}: {stderr}", where=str(folder), fix=fix)
    return done.stdout
