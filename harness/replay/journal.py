"""The journal of a simulation: newline-delimited JSON, each record chained to the one before by its hash.

It is the truth of a run: what happened, in order, at which virtual instant. Real durations, process ids, host names and
absolute paths have no place in it, so two runs of the same inputs are byte-identical.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from harness.errors import HarnessError

SCHEMA = "airflow-harness/journal/1"
_SEED = "0" * 16
_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str).encode


class Journal(Protocol):
    """Where a simulation's records go."""

    def write(self, record: dict[str, Any]) -> None: ...


class NoJournal:
    """Keeps nothing."""

    def write(self, record: dict[str, Any]) -> None:
        """Drop the record."""


class FileJournal:
    """Appends to ``journal.jsonl`` in a folder, line by line, so that a crash loses at most the last one.

    Args:
        folder: created when it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "journal.jsonl"
        self._file = self.path.open("wb")
        self._hash = _SEED
        self._count = 0
        self.write({"kind": "header", "schema": SCHEMA})

    def write(self, record: dict[str, Any]) -> None:
        """Append one record; ``n`` and ``hash`` are added."""
        # what UTF-8 cannot hold is a lone surrogate, and its backslash form is that of JSON
        body = _encode({"n": self._count, **record}).encode(errors="backslashreplace")
        self._hash = chain(self._hash, body)
        self._file.write(b'%b, "hash": "%b"}\n' % (body[:-1], self._hash.encode()))
        self._file.flush()
        self._count += 1

    def close(self) -> None:
        """Write the footer: a journal without one is of a run that was cut off."""
        if not self._file.closed:
            self.write({"kind": "footer", "records": self._count})
            self._file.close()

    def __enter__(self) -> FileJournal:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        if kind is None or issubclass(kind, HarnessError):  # stuck or past its horizon: told to its end all the same
            self.close()
        else:
            self._file.close()


def chain(previous: str, body: bytes) -> str:
    """The hash of a record: 16 hex digits of SHA-256 over the former hash and the record's text."""
    return hashlib.sha256(previous.encode() + body).hexdigest()[:16]


def verify(path: Path) -> int:
    """Check a journal's chain and footer.

    Returns: how many records it holds, header and footer included.
    Raises: ValueError: naming the first line that does not fit, or the missing footer.
    """
    previous, kind, count = _SEED, None, 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        body, mark, tail = line.rpartition(', "hash": "')
        if not mark or chain(previous, f"{body}}}".encode()) != tail.removesuffix('"}'):
            raise ValueError(f"{path}:{number}: the record does not follow from the one before")
        previous, kind, count = tail.removesuffix('"}'), json.loads(line)["kind"], number
    if kind != "footer":
        raise ValueError(f"{path}: no footer, the run was cut off after {count} records")
    return count
