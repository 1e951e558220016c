"""What the last runs found, kept beside the project: a file is parsed again only when something it depends on changed.

A report depends on the file, on what it asked of the machine meanwhile (`harness.bridge.parsing.watching.depends`), on
the question asked, on the world, on plugins and policies, on the libraries that were imported, and on the day. A file
that asks for the time or starts processes is parsed every time.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

from harness.bridge.environment.sandbox import settings
from harness.checks.context import CheckSelection, Declared
from harness.gate.present import NEVER, Present, digest_of, of_libraries, stamp_of
from harness.project.written import write_whole

__all__ = ["FOLDER", "Cache", "CachedFile", "digest_of", "note_output", "question_of"]

FOLDER = ".airflow_harness_cache"
_FILE = "check.json"
_MARKS = {
    ".gitignore": "*\n",
    "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n# made by airflow-harness\n",
}
_OUTPUTS = "outputs.json"
_OURS = settings("")


@dataclass
class CachedFile:
    """What is known of one file.

    Attributes:
        depends: key -> digest, the file itself included.
        report: what its child reported; ``notes`` of both parses are left out.
        second_parses: [check id, problem] of the checks that look twice; None when it was not parsed twice.
    """

    depends: dict[str, str]
    report: dict[str, Any]
    second_parses: list[list[Any]] | None = None


@dataclass
class Cache:
    """The cache of a project, read when made.

    Args:
        folder: made when there is something to keep; None keeps nothing.
        question: digest of all that holds for every file, see `question_of`.
        environment: variables of the processes that parse.
    """

    folder: Path | None
    question: str
    environment: Mapping[str, str] = field(default_factory=dict)
    _entries: dict[str, CachedFile] = field(default_factory=dict)
    _libraries: dict[str, str] = field(default_factory=dict)
    _digests: dict[str, tuple[list[int] | None, str]] = field(default_factory=dict)
    _changed: bool = False

    def __post_init__(self) -> None:
        """Read what is kept; what cannot be read is as nothing."""
        self._present = Present(self.environment, outputs_of(self.folder))
        self._after: Present | None = None
        if self.folder is None:
            return
        try:
            kept = json.loads((self.folder / _FILE).read_bytes())
            libraries = dict(kept["libraries"])
            if kept["question"] == self.question and of_libraries(libraries) == libraries:
                self._entries = {path: CachedFile(**entry) for path, entry in kept["entries"].items()}
                self._libraries = libraries
        except (OSError, ValueError, KeyError, TypeError):
            self._entries = {}

    def find(self, path: str) -> CachedFile | None:
        """What is known of a file and still holds."""
        entry = self._entries.get(path)
        if entry is None or any(self._present.of(on) != digest for on, digest in entry.depends.items()):
            return None
        return entry

    def keep(self, path: str, report: Mapping[str, Any], second: bool = True) -> None:
        """Keep the report of a file that came to an end of its own.

        Args:
            second: the file is parsed again, and that tells whether it asks for the time.
        """
        if self.folder is None:
            return
        self.forget(path)
        dependencies: dict[str, list[int] | None] = dict(report["depends"])
        dependencies |= {f"file:{one}": dependencies.get(f"file:{one}") for one in (path, *report["imported"])}
        # What another process read is seen by nobody, so such a report is never kept; of a file that asks for the
        # time, only the second parse tells whether its Dags depend on it.
        if any(event["kind"] == "process" for event in report["events"]) or ("clock?:" in dependencies and not second):
            return
        depends = self._as_they_were(dependencies)
        if depends is not None:
            self._entries[path] = CachedFile(
                depends, {key: value for key, value in report.items() if key not in _NOT_KEPT}
            )
            self._changed = True
            self.brought(report["libraries"])

    def keep_second_parse(
        self, path: str, problems: list[list[Any]], dependencies: Mapping[str, list[int] | None]
    ) -> None:
        """Keep what the checks that look twice said of a file, and what its second parse asked for."""
        if path in self._entries and self.folder is not None:
            depends = self._as_they_were(dependencies)
            if depends is None:
                self.forget(path)
                return
            self._entries[path].second_parses = problems
            self._entries[path].depends |= depends
            self._changed = True

    def brought(self, libraries: Iterable[str]) -> None:
        """Take note of files that modules were imported from, for whichever file: all depend on all of them."""
        new = [file for file in libraries if file not in self._libraries]
        if new and self.folder is not None:
            self._libraries |= of_libraries(new)
            self._changed = True

    def _as_they_were(self, dependencies: Mapping[str, list[int] | None]) -> dict[str, str] | None:
        """Digests of what was asked for; None when that has changed since, or can never be known again."""
        if any(key in NEVER for key in dependencies):
            return None
        if self._after is None:
            self._after = Present(self.environment, self._present.outputs)
        found = {}
        for key, then in dependencies.items():
            if not key.startswith("file:"):
                found[key] = self._after.of(key)
                continue
            now = stamp_of(key[5:])
            # Saved while it was parsed (test_what_was_saved_while_it_was_parsed_is_not_kept): the report is of the
            # old text, the digest would be of the new one.
            if then is not None and then != now:
                return None
            if self._digests.get(key, (None, ""))[0] != now or now is None:
                self._after.forget(key)
                self._digests[key] = now, self._after.of(key)
            found[key] = self._digests[key][1]
        return found

    def forget(self, path: str) -> None:
        """Drop a file: it came to no end of its own, so that it is looked at again."""
        self._changed |= self._entries.pop(path, None) is not None

    def write(self) -> None:
        """Write what has changed, in one step; a folder that cannot be written to keeps nothing."""
        if self.folder is None or not self._changed:
            return
        try:
            make_folder(self.folder)
            entries = {path: asdict(entry) for path, entry in self._entries.items()}
            document = {"question": self.question, "libraries": self._libraries, "entries": entries}
            # A run beside this one, or one that is killed here, must find the old file or the new one whole.
            write_whole(self.folder / _FILE, json.dumps(document), private=True)
        except OSError:
            return


_NOT_KEPT = {"depends", "libraries", "events", "hashes"}


def make_folder(folder: Path) -> None:
    """Make the folder of a cache, which no version control takes."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True)
        for name, text in _MARKS.items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(text, encoding="utf-8")


def outputs_of(folder: Path | None) -> frozenset[str]:
    """Files that the last runs wrote for their callers: to write a report changes no Dag."""
    try:
        return frozenset(json.loads((folder / _OUTPUTS).read_bytes())) if folder is not None else frozenset()
    except (OSError, ValueError, TypeError):
        return frozenset()


def note_output(folder: Path, path: Path) -> None:
    """Remember that a file is an output of ours."""
    known = outputs_of(folder)
    written = str(path.absolute())
    if written in known or not folder.is_dir():
        return
    with suppress(OSError):
        write_whole(folder / _OUTPUTS, json.dumps(sorted(known | {written})), private=True)


def question_of(selection: CheckSelection, declared: Declared, *more: Any) -> str:
    """Digest of all that holds for every file of a run.

    Args:
        more: what else the reports depend on, as JSON.
    """
    question = {
        "selection": [dict(selection.severities), dict(selection.limits), dict(selection.options)],
        "declared": asdict(declared),
        "packages": _packages(),
        "python": sys.version,
        "own": _own_code(),
        "airflow": sorted(
            item for item in os.environ.items() if item[0].startswith("AIRFLOW") and item[0] not in _OURS
        ),
        "zone": os.environ.get("TZ"),
        "day": datetime.now(timezone.utc).date().isoformat(),
        "more": more,
    }
    return hashlib.blake2b(json.dumps(question, default=_sorted, sort_keys=True).encode(), digest_size=16).hexdigest()


def _sorted(value: Any) -> Any:
    return sorted(value) if isinstance(value, (set, frozenset)) else str(value)


def _packages() -> list[list[str]]:
    """Names in every folder of installed packages: a distribution's folder names its version."""
    return [sorted(os.listdir(entry)) for entry in sys.path if entry.endswith("-packages") and os.path.isdir(entry)]  # noqa: PTH112, PTH208


@cache
def _own_code() -> list[tuple[str, int, int]]:
    """Size and time of our own modules: checks change while they are written."""
    found: list[tuple[str, int, int]] = []
    for folder, _, names in os.walk(Path(__file__).parents[1]):
        for name in names:
            if name.endswith(".py"):
                stat = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118
                found.append((name, stat.st_size, stat.st_mtime_ns))
    return sorted(found)
