"""The journal of a simulation: newline-delimited JSON, each record chained to the one before by its hash.

It is the truth of a run: what happened, in order, at which virtual instant. Real durations, process ids, host names and
absolute paths have no place in it, so two runs of the same inputs are byte-identical.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import quote

import msgspec

from harness.errors import HarnessError, MachineError, UsageError
from harness.text import plain

SCHEMA = "airflow-harness/journal/2"
JOURNAL, LOGS, DATA = "journal.jsonl", "logs.jsonl", "data"
MARK = b',"hash":"'
FIRST = "0" * 16
"""In the place of the hash before, for the first record."""
_encode = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str
).encode
_encode_ours = msgspec.json.Encoder(order="sorted").encode
"""The same, eight times as fast, and for what is ours alone: it makes null of NaN, and knows no lone surrogate."""

_OURS = frozenset(("attempt", "log", "run-state", "ti-state"))
"""Most records are of these kinds, and no value in them is of users' code."""


class Journal(Protocol):
    """Where a simulation's records go."""

    def write(self, record: dict[str, Any]) -> None: ...

    def keep_log(self, record: dict[str, Any]) -> int | None: ...

    def keep_rows(self, conn_id: str, part: str, rows: Iterable[str]) -> str | None: ...

    @property
    def differs(self) -> bool: ...


class NoJournal:
    """Keeps nothing."""

    differs = False

    def write(self, record: dict[str, Any]) -> None:
        """Drop the record."""

    def keep_log(self, record: dict[str, Any]) -> int | None:
        """Drop the log."""

    def keep_rows(self, conn_id: str, part: str, rows: Iterable[str]) -> str | None:
        """Drop the rows."""


def _body(record: dict[str, Any]) -> bytes:
    if record.get("kind") in _OURS:
        with suppress(TypeError, ValueError):  # text that UTF-8 cannot hold, as a file's name in a message
            return _encode_ours(record)
    try:
        text = _encode(record)
    except ValueError:  # NaN and the infinities, which JSON does not have, in what a task pushed
        text = _encode(plain(record))
    # what UTF-8 cannot hold is a lone surrogate, and its backslash form is that of JSON
    return text.encode(errors="backslashreplace")


def _owners_alone(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o600)


class FileJournal:
    """Appends to ``journal.jsonl`` in a folder, line by line, so that a crash loses at most the last one.

    Logs of tasks stand in ``logs.jsonl`` beside it, a line for each try, and a record says which line is its own. They
    are no part of the journal: a memory address in a log would make two runs of the same inputs differ.

    What services hold at the end stands in ``data``, a file for each table or bucket, a line of JSON for each row.

    Records are written from inside tasks' processes, where an error would be taken for the task's: what cannot be
    written is remembered, the file ends with the last whole record, and `close` raises.

    Args:
        folder: created when it does not exist.
        facts: what the header says besides its schema: of what this is the journal.
    Raises: OSError: it cannot be made. UsageError: another run writes it.
    """

    _logs_name = LOGS

    def __init__(self, folder: Path, facts: Mapping[str, Any] | None = None) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = folder / JOURNAL
        self._file = open(self.path, "r+b", buffering=0, opener=_owners_alone)  # noqa: SIM115
        self._take()
        self._hash = FIRST
        self._logs = open(folder / self._logs_name, "wb", buffering=0, opener=_owners_alone)  # noqa: SIM115
        self._count = self._size = self._logs_count = self._logs_size = 0
        self._failure: OSError | None = None
        self._begin()
        self.write({"kind": "header", "schema": SCHEMA, **(facts or {})})

    def _take(self) -> None:
        """Have the file to ourselves, and closed to others. Not ``flock``: what a task forks would keep that."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            self._file.close()
            raise UsageError(
                f"the ledger {self.path.parent} is being written by another run",
                fix="wait for its end, or name another folder",
            ) from None
        self.path.chmod(0o600)  # of an earlier run

    def _begin(self) -> None:
        """What an earlier run left goes."""
        self._file.truncate(0)

    @property
    def differs(self) -> bool:
        """Whether it goes on with another one, and cannot: see `harness.ledger.resuming`."""
        return False

    @property
    def has_failed(self) -> bool:
        """Whether a record could not be written: none is any more, and `close` raises."""
        return self._failure is not None

    def write(self, record: dict[str, Any]) -> None:
        """Append one record; ``n`` and ``hash`` are added."""
        if self.has_failed:
            return
        body = _body({"n": self._count, **record})
        hashed = chain(self._hash, body)
        line = b'%b%b%b"}\n' % (body[:-1], MARK, hashed.encode())
        if self._kept(line):
            self._hash, self._size = hashed, self._size + len(line)
            self._count += 1

    def _kept(self, line: bytes) -> bool:
        """Whether the line of a record is in the file now."""
        return self._appended(self._file, line, self._size)

    def keep_log(self, record: dict[str, Any]) -> int | None:
        """Keep a task's log, with what says whose it is.

        Returns: its place among the logs, for the record that tells of it; None where it could not be written.
        """
        if self.has_failed:
            return None
        line = _body({"kind": "log", **record}) + b"\n"
        if not self._appended(self._logs, line, self._logs_size):
            return None
        self._logs_size += len(line)
        self._logs_count += 1
        return self._logs_count - 1

    def keep_rows(self, conn_id: str, part: str, rows: Iterable[str]) -> str | None:
        """Keep what a table or a bucket of a connection holds.

        Args:
            rows: each a JSON object in a line.
        Returns: its file below the folder, for the record that tells of it; None where it could not be written.
        """
        if self.has_failed:
            return None
        folder = self.path.parent / DATA / _file_name(conn_id)
        file = folder / f"{_file_name(part)}.jsonl"
        try:
            folder.parent.mkdir(mode=0o700, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            with open(file, "w", encoding="utf-8", errors="backslashreplace", opener=_owners_alone) as written:
                written.writelines(f"{row}\n" for row in rows)
        except OSError as error:
            self._failure = error
            return None
        return file.relative_to(self.path.parent).as_posix()

    def _appended(self, file: FileIO, body: bytes, size: int) -> bool:
        """Whether all of it could be written; else the file is as long as it was, and `close` tells why."""
        try:
            written = file.write(body)
            while written < len(body):  # a pipe, or a disk that is nearly full
                written += file.write(memoryview(body)[written:])
        except OSError as error:
            self._failure = error
            with suppress(OSError):
                file.truncate(size)
            return False
        return True

    def close(self, **facts: Any) -> None:
        """Write the footer: a journal without one is of a run that was cut off.

        Args:
            facts: what else the footer says.
        Raises: MachineError: a record could not be written.
        """
        if not self._file.closed:
            self.write({"kind": "footer", "records": self._count, **facts})
            self._end()
            if self._failure is not None:
                closed = self._failure.errno == errno.EBADF
                raise MachineError(
                    f"the ledger {self.path} cannot be written: {self._failure.strerror}",
                    known=f"it ends after {self._count} records",
                    fix="look for a task that closes descriptors which are not its own: os.close, os.closerange"
                    if closed
                    else "free some space, or name another folder with --keep",
                )

    def __enter__(self) -> FileJournal:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        if kind is None or issubclass(kind, HarnessError):  # stuck or past its horizon: told to its end all the same
            self.close()
        elif issubclass(kind, (KeyboardInterrupt, SystemExit)):
            self.close(interrupted=True)
        else:
            self._end()

    def _end(self) -> None:
        for file in (self._file, self._logs):
            with suppress(OSError):
                file.close()


def chain(previous: str, body: bytes) -> str:
    """The hash of a record: 16 hex digits of SHA-256 over the former hash and the record's text."""
    return hashlib.sha256(previous.encode() + body).hexdigest()[:16]


def _file_name(name: str) -> str:
    """A name as that of a file, the same for the same name, no two for one."""
    safe = quote(name, safe=" ").replace(".", "%2E") if name.startswith(".") else quote(name, safe=" ")
    return safe if len(safe) <= _LONGEST_NAME else f"{safe[:_LONGEST_NAME]}-{chain(FIRST, name.encode())}"


_LONGEST_NAME = 200
"""Characters of a file's name; file systems take 255 bytes."""
