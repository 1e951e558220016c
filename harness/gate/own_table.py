"""Which own checks a project has: asked of a process of its own, for their modules may do anything, and remembered."""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
from pathlib import Path
from typing import Any

from harness.checks import own
from harness.checks.context import CheckSelection, Declared
from harness.checks.own import OwnChecks
from harness.errors import UsageError
from harness.gate.cache import digest_of, question_of
from harness.project.own_programs import own_program

CONFTEST = "conftest.py"
PATIENCE_S = 120
_MENTION = re.compile(rb"\bharness\b[^\n]*\bchecks?\b")
"""A ``conftest.py`` that says nothing of the kind is not imported."""

_FILE = "own_checks.json"
_PROGRAM = own_program("harness.gate.own_table")


def registered(root: Path, folder: Path | None) -> OwnChecks:
    """Find a project's own checks and have them registered in this process, to be named.

    Args:
        folder: the cache; None remembers nothing.
    Raises: UsageError: their module does not import, or an id is taken.
    """
    conftest = root / CONFTEST
    mentions = conftest.is_file() and _MENTION.search(conftest.read_bytes()) is not None
    packages = question_of(CheckSelection({}), Declared(), str(conftest) if mentions else None)
    found = _remembered(folder, packages)
    if found is None:
        sources = (*([str(conftest)] if mentions else []), *_entry_points())
        found = _asked_for(sources, str(root)) if sources else OwnChecks(root=str(root))
        _remember(folder, packages, found)
    own.replace_by(found.rows)
    return found


def main() -> None:
    """The program of the process that is asked: a JSON document in, one out."""
    from harness.bridge.environment import sandbox

    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    given = json.load(sys.stdin)
    sandbox.enter()
    try:
        read = own.load(given["sources"], given["root"])
        said: dict[str, Any] = {"rows": own.table(own.own_checks()), "read": read}
    except BaseException as error:
        frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename.startswith(given["root"])]
        where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ", ".join(given["sources"])
        said = {"failed": f"{type(error).__name__}: {error}", "where": where}
    json.dump(said, answer)
    answer.close()
    os._exit(0)


def _asked_for(sources: tuple[str, ...], root: str) -> OwnChecks:
    import subprocess

    given = json.dumps({"sources": sources, "root": root})
    try:
        done = subprocess.run(
            _PROGRAM,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=PATIENCE_S,
            check=False,
            start_new_session=True,
        )
        said = json.loads(done.stdout)
    except (ValueError, subprocess.TimeoutExpired):
        said = {"failed": f"it ends its process, or does not end within {PATIENCE_S} s", "where": ", ".join(sources)}
    if "failed" in said:
        raise UsageError(
            f"the module of your own checks does not import: {said['failed']}",
            where=said["where"],
            fix="correct it; it is imported without pytest, with Airflow at hand",
        )
    return OwnChecks(sources, root, said["rows"], {path: digest_of(path) for path in said["read"]})


def _entry_points() -> list[str]:
    from importlib.metadata import entry_points

    return sorted(found.value for found in entry_points(group=own.GROUP))


def _remembered(folder: Path | None, question: str) -> OwnChecks | None:
    if folder is None:
        return None
    try:
        kept = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        found = OwnChecks(tuple(kept["sources"]), kept["root"], kept["rows"], kept["reads"])
        same = kept["question"] == question and all(digest_of(path) == was for path, was in found.reads.items())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if same else None


def _remember(folder: Path | None, question: str, found: OwnChecks) -> None:
    if folder is None or not folder.is_dir():
        return  # the cache makes its folder; until then it is asked again
    document = {"question": question, **vars(found), "reads": dict(found.reads)}
    try:
        temporary = folder / f"{_FILE}.{os.getpid()}"
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(document), encoding="utf-8")
        temporary.replace(folder / _FILE)
    except OSError:
        return
