"""What the last runs found, kept beside the project: a file is parsed again only when something it depends on changed.

A report depends on the file, on what it read (modules of the repository, templates, YAML, folders it listed), on the
question asked, on the world, on the installed packages and on the day. What a file takes from the environment or from
outside the machine is not seen: ``--no-cache``.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

from harness.bridge.sandbox import settings
from harness.checks.look import Asked, Declared

FOLDER = ".airflow_harness_cache"
_FILE = "check.json"
_MARKS = {
    ".gitignore": "*\n",
    "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n# made by airflow-harness\n",
}
_ABSENT = "absent"
_OURS = settings("")


@dataclass
class Entry:
    """What is known of one file.

    Attributes:
        depends: path -> digest, the file itself included.
        report: what its child reported; ``notes`` of twins are left out.
        twins: [check id, problem] of the checks that look twice; None when it was not parsed twice.
    """

    depends: dict[str, str]
    report: dict[str, Any]
    twins: list[list[Any]] | None = None


@dataclass
class Cache:
    """The cache of a project, read when made.

    Args:
        folder: made when there is something to keep; None keeps nothing.
        question: digest of all that holds for every file, see `question_of`.
    """

    folder: Path | None
    question: str
    _entries: dict[str, Entry] = field(default_factory=dict)
    _digests: dict[str, str] = field(default_factory=dict)
    _changed: bool = False

    def __post_init__(self) -> None:
        """Read what is kept; what cannot be read is as nothing."""
        if self.folder is None:
            return
        try:
            kept = json.loads((self.folder / _FILE).read_bytes())
            if kept["question"] == self.question:
                self._entries = {path: Entry(**entry) for path, entry in kept["entries"].items()}
        except (OSError, ValueError, KeyError, TypeError):
            self._entries = {}

    def find(self, path: str) -> Entry | None:
        """What is known of a file and still holds."""
        entry = self._entries.get(path)
        if entry is None or any(self._digest(on) != digest for on, digest in entry.depends.items()):
            return None
        return entry

    def keep(self, path: str, report: Mapping[str, Any]) -> None:
        """Keep the report of a file that came to an end of its own."""
        if self.folder is None:
            return
        depends = {on: self._digest(on) for on in {path, *report["reads"]}}
        self._entries[path] = Entry(depends, dict(report))
        self._changed = True

    def keep_twins(self, path: str, problems: list[list[Any]]) -> None:
        """Keep what the checks that look twice said of a file."""
        if path in self._entries and self.folder is not None:
            self._entries[path].twins = problems
            self._changed = True

    def forget(self, path: str) -> None:
        """Drop a file: it came to no end of its own, so that it is looked at again."""
        self._changed |= self._entries.pop(path, None) is not None

    def write(self) -> None:
        """Write what has changed, in one step; a folder that cannot be written to keeps nothing."""
        if self.folder is None or not self._changed:
            return
        try:
            self._make_folder(self.folder)
            document = {"question": self.question, "entries": {p: asdict(e) for p, e in self._entries.items()}}
            handle, name = tempfile.mkstemp(dir=self.folder)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(document, file)
            Path(name).replace(self.folder / _FILE)
        except OSError:
            return

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True)
            for name, text in _MARKS.items():
                (folder / name).touch(mode=0o600)
                (folder / name).write_text(text, encoding="utf-8")

    def _digest(self, path: str) -> str:
        found = self._digests.get(path)
        if found is None:
            found = self._digests[path] = digest_of(path)
        return found


def digest_of(path: str) -> str:
    """Of a file's content, or of the names in a folder."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a thousand of them: twice as fast
            return hashlib.blake2b(file.read(), digest_size=16).hexdigest()
    except IsADirectoryError:
        return hashlib.blake2b("\0".join(sorted(os.listdir(path))).encode(), digest_size=16).hexdigest()  # noqa: PTH208
    except OSError:
        return _ABSENT


def question_of(asked: Asked, declared: Declared, *more: Any) -> str:
    """Digest of all that holds for every file of a run.

    Args:
        more: what else the reports depend on, as JSON.
    """
    told = {
        "asked": [dict(asked.severities), dict(asked.limits), dict(asked.options)],
        "declared": asdict(declared),
        "packages": _packages(),
        "python": sys.version,
        "own": _own_code(),
        "airflow": sorted(
            item for item in os.environ.items() if item[0].startswith("AIRFLOW") and item[0] not in _OURS
        ),
        "day": datetime.now(timezone.utc).date().isoformat(),
        "more": more,
    }
    return hashlib.blake2b(json.dumps(told, default=_sorted, sort_keys=True).encode(), digest_size=16).hexdigest()


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
