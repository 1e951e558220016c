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
import re
from binascii import hexlify
from collections.abc import Iterable, Mapping
from contextlib import suppress
from io import FileIO
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import msgspec

from harness.errors import HarnessError, MachineError, UsageError
from harness.text import plain

SCHEMA = "airflow-harness/journal/2"
JOURNAL, LOGS, DATA = "journal.jsonl", "logs.jsonl", "data"
MARK = b',"hash":"'
FIRST = "0" * 16
"""In the place of the hash before, for the first record."""
HASH = slice(-19, -3)
"""Where a line has its own."""

MOST_LINES = 256
"""That wait in memory, before they are written unasked."""
LARGE_LINE = 1 << 16
"""Bytes of a line that does not wait."""
PATIENCE_S = 0.1
"""Real seconds that what is simulated may be ahead of its file, as long as no code of a task stands in between."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_encode = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str
).encode
_encode_ours = msgspec.json.Encoder(order="sorted").encode
"""The same, ten times as fast, and for what is plain alone: it makes null of NaN, and knows no lone surrogate."""

_OURS = frozenset(("attempt", "log", "run-state", "ti-state"))
"""Most records are of these kinds, and no value in them is of users' code."""
_SCALARS = frozenset((str, int, bool, type(None)))


class Journal(Protocol):
    """Where a simulation's records go."""

    def write(self, record: dict[str, Any]) -> None: ...

    def keep_log(self, record: dict[str, Any]) -> int | None: ...

    def keep_rows(self, conn_id: str, part: str, rows: Iterable[str]) -> str | None: ...

    def flush(self, patience_s: float = 0.0) -> None: ...

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

    def flush(self, patience_s: float = 0.0) -> None:
        """There is nothing to write."""


def body_of(record: dict[str, Any]) -> bytes:
    """A record as JSON, its keys sorted; the same in every process."""
    if record.get("kind") in _OURS or _is_plain(record):
        try:
            return _encode_ours(record)
        except (TypeError, ValueError):  # text that UTF-8 cannot hold, as a file's name in a message
            pass
    try:
        text = _encode(record)
    except ValueError:  # NaN and the infinities, which JSON does not have, in what a task pushed
        text = _encode(plain(record))
    # What UTF-8 cannot hold is a lone surrogate. Its text takes its place, and not JSON's escape of it: nothing but
    # Python reads that, and DuckDB would leave the record out without a word.
    return _SURROGATE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text).encode()


def _is_plain(values: Mapping[Any, Any]) -> bool:
    """Whether both encoders make the same of it: no number with a fraction, no key and no value of another type."""
    for key, value in values.items():
        kind = type(value)
        if type(key) is not str or not (
            kind in _SCALARS or (kind is dict and _is_plain(value)) or (kind is list and _is_plain_list(value))
        ):
            return False
    return True


def _is_plain_list(values: list[Any]) -> bool:
    kinds = set(map(type, values))
    return kinds <= _SCALARS or _is_plain(dict(zip(map(str, range(len(values))), values, strict=True)))


def inode_of(file: FileIO) -> tuple[int, int]:
    """Device and number of the file that an open file's descriptor stands for.

    Another one than at first: a task closed it, by its number, and that is another file's now.
    Raises: OSError, ValueError: it is closed.
    """
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino


def _owners_alone(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o600)


class Tail(NamedTuple):
    """Where a file of lines goes on. It is replaced as a whole, since Ctrl-C may strike between any two steps.

    Attributes:
        size: bytes that the file has.
        written: lines that it has.
        last: hash of the last one; of a journal.
        waiting: lines behind those, in memory still.
    """

    size: int
    written: int
    last: bytes
    waiting: list[bytes]

    @property
    def lines(self) -> int:
        """How many there are, those that wait among them."""
        return self.written + len(self.waiting)


class FileJournal:
    """Appends to ``journal.jsonl`` in a folder, line by line.

    Lines wait in memory until `flush`, or until they are many: to write each of them costs more than to make it. What
    was flushed stays, whatever becomes of the process. One that was forked has no part in it: what waits there is its
    parent's.

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
    _most_lines = MOST_LINES

    def __init__(self, folder: Path, facts: Mapping[str, Any] | None = None) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = folder / JOURNAL
        self._file = open(self.path, "r+b", buffering=0, opener=_owners_alone)  # noqa: SIM115
        self._take()
        self._logs = open(folder / self._logs_name, "wb", buffering=0, opener=_owners_alone)  # noqa: SIM115
        self._inodes = {file: inode_of(file) for file in (self._file, self._logs)}
        self._records_tail, self._logs_tail = Tail(0, 0, FIRST.encode(), []), Tail(0, 0, b"", [])
        self._failure: OSError | None = None
        self._stopped = False
        self._owner, self._flushed_at = os.getpid(), perf_counter()
        self._begin()
        self.write({"kind": "header", "schema": SCHEMA, **(facts or {})})
        self.flush()

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
    def records_kept(self) -> int:
        """How many records there are."""
        return self._records_tail.lines

    @property
    def logs_kept(self) -> int:
        """How many logs there are."""
        return self._logs_tail.lines

    def write(self, record: dict[str, Any]) -> None:
        """Append one record, which is given its ``n``; ``hash`` is added."""
        if not self._stopped:
            record["n"] = self._records_tail.lines  # into the record itself: to copy each costs as much as to encode it
            self.append(body_of(record))

    def append(self, body: bytes) -> None:
        """Append a record that is encoded already, with the number `records_kept`."""
        if self._stopped:
            return
        _, _, last, waiting = self._records_tail
        hashed = _chained(waiting[-1][HASH] if waiting else last, body)
        waiting.append(b'%b%b%b"}\n' % (body[:-1], MARK, hashed))
        if len(waiting) >= self._most_lines or len(body) >= LARGE_LINE:
            self.flush()

    def keep_log(self, record: dict[str, Any]) -> int | None:
        """Keep a task's log, with what says whose it is.

        Returns: its place among the logs, for the record that tells of it; None where none is written any more.
        """
        return None if self._stopped else self.keep_line(body_of({"kind": "log", **record}) + b"\n")

    def keep_line(self, line: bytes) -> int | None:
        """The same, of a log that is encoded already."""
        if self._stopped:
            return None
        place, waiting = self._logs_tail.lines, self._logs_tail.waiting
        waiting.append(line)
        if len(waiting) >= MOST_LINES or len(waiting[-1]) >= LARGE_LINE:
            self.flush()
        return place

    def flush(self, patience_s: float = 0.0) -> None:
        """Write what waits: from now on it stays, whatever becomes of this process.

        Args:
            patience_s: not where so many real seconds have not passed since the last time.
        """
        if patience_s and perf_counter() - self._flushed_at < patience_s:
            return
        if os.getpid() == self._owner:
            # Logs first: a record that is there names a log that is there.
            self._logs_tail = self._written(self._logs, self._logs_tail)
            self._records_tail = self._written(self._file, self._records_tail)
            self._flushed_at = perf_counter()

    def _written(self, file: FileIO, tail: Tail) -> Tail:
        """Write the lines that wait, each of them whole or not at all; where that fails, `close` tells why.

        They go to their place, not behind what is there: Ctrl-C may have struck when they were written, before that was
        known here.
        """
        size, count, last, waiting = tail
        if not waiting or self._failure is not None:
            return tail
        text, done = b"".join(waiting), 0
        try:
            if inode_of(file) != self._inodes[file]:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            while done < len(text):  # a disk that is nearly full takes a part
                done += os.pwrite(file.fileno(), text[done:] if done else text, size + done)
        except (OSError, ValueError) as error:  # closed by a task, by its number or as an object
            failure = error if isinstance(error, OSError) else OSError(errno.EBADF, os.strerror(errno.EBADF))
            self._fail(failure)
            done = text.rfind(b"\n", 0, done) + 1
            waiting = waiting[: text.count(b"\n", 0, done)]
            if failure.errno != errno.EBADF:  # or it is another file's number by now
                with suppress(OSError):
                    file.truncate(size + done)
        return Tail(size + done, count + len(waiting), waiting[-1][HASH] if waiting else last, [])

    def _fail(self, error: OSError) -> None:
        self._failure, self._stopped = error, True

    def keep_rows(self, conn_id: str, part: str, rows: Iterable[str]) -> str | None:
        """Keep what a table or a bucket of a connection holds.

        Args:
            rows: each a JSON object in a line.
        Returns: its file below the folder, for the record that tells of it; None where it could not be written.
        """
        if self._stopped:
            return None
        self.flush()  # what was recorded before stays, also where these cannot be written
        folder = self.path.parent / DATA / _file_name(conn_id)
        file = folder / f"{_file_name(part)}.jsonl"
        try:
            folder.parent.mkdir(mode=0o700, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            with open(file, "w", encoding="utf-8", errors="backslashreplace", opener=_owners_alone) as written:
                written.writelines(f"{row}\n" for row in rows)
        except OSError as error:
            self._fail(error)
            return None
        return file.relative_to(self.path.parent).as_posix()

    def close(self, **facts: Any) -> None:
        """Write the footer: a journal without one is of a run that was cut off.

        Args:
            facts: what else the footer says.
        Raises: MachineError: a record could not be written.
        """
        if not self._file.closed:
            self.write({"kind": "footer", "records": self._records_tail.lines, **facts})
            self._end()
            if self._failure is not None:
                closed = self._failure.errno == errno.EBADF
                raise MachineError(
                    f"the ledger {self.path} cannot be written: {self._failure.strerror}",
                    known=f"it ends after {self._records_tail.written} records",
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
        self.flush()
        for file in (self._file, self._logs):
            with suppress(OSError):
                file.close()


def chain(previous: str, body: bytes) -> str:
    """The hash of a record: 16 hex digits of SHA-256 over the former hash and the record's text."""
    return _chained(previous.encode(), body).decode()


def _chained(previous: bytes, body: bytes) -> bytes:
    return hexlify(hashlib.sha256(previous + body).digest()[:8])


def _file_name(name: str) -> str:
    """A name as that of a file, the same for the same name, no two for one."""
    safe = quote(name, safe=" ").replace(".", "%2E") if name.startswith(".") else quote(name, safe=" ")
    return safe if len(safe) <= _LONGEST_NAME else f"{safe[:_LONGEST_NAME]}-{chain(FIRST, name.encode())}"


_LONGEST_NAME = 200
"""Characters of a file's name; file systems take 255 bytes."""
