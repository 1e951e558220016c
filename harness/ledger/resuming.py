"""Goes on with a ledger that was cut off: what it holds has to come out again, and what follows is added.

The runs are simulated from their beginning, since a simulation is the same each time: tasks, services and all else are
then where they were when the run was cut off, whatever they hold. Nothing that is there changes until the last whole
record is passed, so a resumption that is cut off or refused in its turn loses nothing either; logs, which may differ,
stand beside the former ones until then.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from harness.errors import LedgerError, UsageError
from harness.ledger.journal import HASH, JOURNAL, LOGS, MOST_LINES, FileJournal, Tail
from harness.ledger.reading import whole_records

SHOWN = 200
"""Characters of a record in an error."""


class ResumedJournal(FileJournal):
    """A `FileJournal` of a folder that may hold the beginning of it.

    Raises: LedgerError: what is there is no ledger of ours, or altered. UsageError: it is whole.
    """

    def __init__(self, folder: Path, facts: Mapping[str, Any] | None = None) -> None:
        path = folder / JOURNAL
        self._former_size = 0
        if path.is_file() and path.stat().st_size:
            self._former_size, footer = whole_records(path)
            if footer is not None and not footer.get("interrupted"):
                raise UsageError(f"the ledger {folder} is whole: there is nothing to resume", fix="leave --resume out")
        self._reader: IO[bytes] | None = path.open("rb") if self._former_size else None
        self._most_lines = MOST_LINES if self._reader is None else 1
        self._logs_name = LOGS if self._reader is None else f"{LOGS}.new"
        self._other: tuple[bytes, bytes] | None = None
        super().__init__(folder, facts)

    def _begin(self) -> None:
        """What was there stays; half a record, or a footer, behind it goes once it is passed."""
        if self._reader is None:
            super()._begin()

    @property
    def differs(self) -> bool:
        """Whether a record is not the one that was there."""
        return self._other is not None

    def flush(self, patience_s: float = 0.0) -> None:
        """What was there is passed record by record; then as of a `FileJournal`."""
        if self._reader is not None and self._records_tail.waiting and os.getpid() == self._owner:
            self._pass(self._reader)
        super().flush(patience_s)

    def _pass(self, reader: IO[bytes]) -> None:
        size, count, _, (line,) = self._records_tail
        former = reader.readline()
        if former != line:
            self._other, self._stopped = (former, line), True
            self._records_tail = self._records_tail._replace(waiting=[])
            return
        self._records_tail = Tail(size + len(line), count + 1, line[HASH], [])
        if self._records_tail.size == self._former_size:
            self._file.truncate(self._former_size)
            reader.close()
            self._reader, self._most_lines = None, MOST_LINES
            self._new_logs.replace(self._new_logs.with_name(LOGS))

    @property
    def _new_logs(self) -> Path:
        return self.path.with_name(self._logs_name)

    def close(self, **facts: Any) -> None:
        """As of a `FileJournal`. Raises: LedgerError: it came out otherwise than before, with the record."""
        if self._other is None and self._reader is not None and not self._file.closed:
            self._other = self._reader.readline(), b""
        if self._other is not None:
            self._end()
            was, now, number = *_apart(*self._other), self._records_tail.written
            raise LedgerError(
                f"the ledger {self.path.parent} does not go on: record {number} comes out otherwise than before",
                where=f"record {number}",
                known=f"it was {was}, it is {now}",
                why="the Dags, the world, the options or what tasks find outside of them are not what they were",
                fix="replay it anew, into another folder",
            )
        super().close(**facts)

    def _end(self) -> None:
        super()._end()
        if self._reader is not None:
            self._reader.close()
            self._new_logs.unlink(missing_ok=True)


def _apart(was: bytes, now: bytes) -> tuple[str, str]:
    """Two records, in those of their fields that differ."""
    if not (was and now):
        return _shown(was), _shown(now)
    one, other = json.loads(was), json.loads(now)
    names = [name for name in sorted({*one, *other} - {"hash"}) if one.get(name) != other.get(name)]
    said = (json.dumps({name: each.get(name) for name in names}, ensure_ascii=False) for each in (one, other))
    first, second = map(_cut, said)
    return first, second


def _shown(line: bytes) -> str:
    return _cut(line.decode(errors="replace").strip()) if line else "nothing"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
