"""Which own checks a project has: asked of a process of its own, for their modules may do anything, and remembered."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.checks import own
from harness.checks.context import CheckSelection, Declared
from harness.checks.own import OwnChecks
from harness.errors import UsageError
from harness.gate.cache import digest_of, question_of
from harness.kernel.whose import is_users_file, last_frame
from harness.project.own_programs import answer, ask
from harness.project.written import write_whole

CONFTEST = "conftest.py"
PATIENCE_S = 120
_MENTION = re.compile(rb"\bharness\b[^\n]*\bchecks?\b")
"""A ``conftest.py`` that says nothing of the kind is not imported."""

_FILE = "own_checks.json"


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
    """The program of the process that is asked."""
    answer(_loaded)
    os._exit(0)


def _loaded(question: dict[str, Any]) -> dict[str, Any]:
    """The table of own checks and what it was made from; or why there is none."""
    from harness.bridge.environment import sandbox

    sources, root = question["sources"], question["root"]
    sandbox.enter()
    try:
        read = own.load(sources, root)
        return {"rows": own.table(own.own_checks()), "read": read}
    except BaseException as error:
        frame = last_frame(error, lambda file: _is_the_projects(file, root))
        where = ", ".join(sources) if frame is None else f"{frame.filename}:{frame.lineno}"
        return {"failed": f"{type(error).__name__}: {error}", "where": where}


def _is_the_projects(file: str, root: str) -> bool:
    return file.startswith(root) and is_users_file(file)  # a virtual environment may lie in the project


def _asked_for(sources: tuple[str, ...], root: str) -> OwnChecks:
    from subprocess import TimeoutExpired

    question = {"sources": sources, "root": root}
    try:
        reply, _ = ask("harness.gate.own_table", question, PATIENCE_S, keeps_stderr=False, start_new_session=True)
    except TimeoutExpired:
        reply = None
    if reply is None:
        reply = {"failed": f"it ends its process, or does not end within {PATIENCE_S} s", "where": ", ".join(sources)}
    if "failed" in reply:
        raise UsageError(
            f"the module of your own checks does not import: {reply['failed']}",
            where=reply["where"],
            fix="correct it; it is imported without pytest, with Airflow at hand",
        )
    return OwnChecks(sources, root, reply["rows"], {path: digest_of(path) for path in reply["read"]})


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
    with suppress(OSError):
        write_whole(folder / _FILE, json.dumps(document), private=True)
