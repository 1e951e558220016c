"""Revisions of a git repository, each checked out beside the working tree for as long as it is needed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.errors import UsageError

_OF_A_HOOK = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX")
"""Variables that git sets for its hooks: they would lead to another tree than the one that is meant."""


def commit_of(name: str, folder: Path) -> str | None:
    """The commit that a branch, a tag or the like means; None where it means none, or there is no repository."""
    if not name or name.startswith("-"):
        return None
    with suppress(UsageError):
        return _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()
    return None


@contextmanager
def checked_out(commit: str, folder: Path, tree: Path) -> Iterator[Path]:
    """A work tree of a commit, which goes with the block, however that ends.

    Args:
        folder: in the repository.
        tree: where; it does not exist yet.
    Returns: where ``folder`` is in it.
    Raises: UsageError: git refuses, or the commit has no such folder.
    """
    top = Path(_git(folder, "rev-parse", "--show-toplevel").strip()).resolve()
    _git(top, "worktree", "prune")  # of those that were killed
    try:
        # A hook would run for a checkout that nobody sees.
        _git(top, "-c", f"core.hooksPath={os.devnull}", "worktree", "add", "--quiet", "--detach", str(tree), commit)
        inside = tree / folder.resolve().relative_to(top)
        if not inside.is_dir():
            raise UsageError(f"{commit[:12]} has no folder {inside.relative_to(tree)}", fix="begin in one that it has")
        yield inside
    finally:
        with suppress(UsageError):
            _git(top, "worktree", "remove", "--force", "--force", str(tree))
        with suppress(UsageError):
            _git(top, "worktree", "prune")


def _git(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise UsageError(f"a revision needs git: {error}", fix="install git, or name ledgers") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        fact = said[-1].removeprefix("fatal: ") if said else f"git {arguments[0]} ended with {done.returncode}"
        raise UsageError(f"git: {fact}", where=str(folder))
    return done.stdout
