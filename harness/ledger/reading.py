"""Finds ledgers, and reads their journals record by record: what was cut, altered or is not ours is refused."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import LedgerError, known_names
from harness.ledger.journal import FIRST, JOURNAL, MARK, SCHEMA, chain

_OURS, _, _VERSION = SCHEMA.rpartition("/")


def found(name: str, home: Path) -> Path:
    """The folder of a ledger.

    Args:
        name: a folder, or one below ``home``; ``last`` is the newest there.
        home: where ledgers are kept that nobody asked to keep elsewhere.
    Raises: LedgerError: there is none.
    """
    folder = Path(name)
    if (folder / JOURNAL).is_file():
        return folder
    if folder.name == JOURNAL and folder.is_file():
        return folder.parent
    kept = in_folder(home)
    if name == "last" and kept:
        return kept[0]
    if (home / name / JOURNAL).is_file():
        return home / name
    if folder.is_dir():
        inside = [one.name for one in in_folder(folder)]
        known = f"ledgers in it: {known_names('', inside)}" if inside else "it holds no journal.jsonl"
        raise LedgerError(f"{name!r} is a folder, and no ledger", known=known, fix="name the folder of --keep")
    known = known_names(name, [one.name for one in kept])
    raise LedgerError(f"there is no ledger {name!r}", known=known, fix="name the folder of --keep, or write last")


def in_folder(home: Path) -> list[Path]:
    """Folders of ledgers right below one, the newest first."""
    if not home.is_dir():
        return []
    ledgers = [one for one in home.iterdir() if (one / JOURNAL).is_file()]
    return sorted(ledgers, key=lambda one: ((one / JOURNAL).stat().st_mtime_ns, one.name), reverse=True)


def verify(path: Path) -> int:
    """Check a journal's chain and its end.

    Returns: how many records it holds, header and footer included.
    Raises: LedgerError: naming the first record that does not fit, or the missing footer.
    """
    last = deque(records(path), maxlen=1)[0]
    if last["kind"] != "footer":
        count = last["n"] + 1
        raise LedgerError(f"{path}: no footer, the run was cut off after {count} records", where=f"record {last['n']}")
    return int(last["n"]) + 1


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a journal, each held against the one before.

    Raises: LedgerError: the first that does not fit, or a journal of another program or of a newer version.
    """
    previous = FIRST
    with path.open("rb") as file:
        for number, line in enumerate(file):
            head, mark, tail = line.rpartition(MARK)
            told = tail.removesuffix(b'"}\n')
            whole = mark and line.endswith(b'"}\n')
            if not whole or chain(previous, head + b"}") != told.decode("ascii", "replace"):
                raise _does_not_fit(path, number, line)
            record: dict[str, Any] = json.loads(line)
            if number == 0:
                refuse_foreign(path, record)
            if record.get("n") != number:
                raise LedgerError(f"{path}: record {number} says that it is record {record.get('n')}")
            previous = told.decode()
            yield record
    if previous == FIRST:
        raise LedgerError(f"{path}: the journal is empty", fix="run it again")


def whole_records(path: Path) -> tuple[int, dict[str, Any] | None]:
    """What stands of a journal that may be cut off within its last record.

    Returns: the bytes of its whole records, without a footer; the footer, where there is one.
    Raises: LedgerError: a record before the last that does not fit, or a journal that is none of ours.
    """
    size = 0
    with path.open("rb") as file:
        try:
            for record in records(path):
                if record["kind"] == "footer":
                    return size, record
                size += len(file.readline())
        except LedgerError:
            file.readline()
            if file.read(1):
                raise  # more follows: it is not the end that is missing
    return size, None


def header(folder: Path) -> dict[str, Any]:
    """The first record of a ledger.

    Raises: LedgerError: it is none of ours, or of a newer version.
    """
    path = folder / JOURNAL
    with path.open("rb") as file:
        line = file.readline()
    try:
        first = json.loads(line)
    except ValueError:
        first = None
    if not isinstance(first, dict):
        raise LedgerError(f"{path}: its first line is no record of a journal", where="record 0")
    refuse_foreign(path, first)
    return first


def ended(folder: Path) -> bool:
    """Whether a ledger has its footer: it is of a run that was not cut off."""
    with (folder / JOURNAL).open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(file.tell() - _TAIL, 0))
        last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
    return b'"kind":"footer"' in last


_TAIL = 4096
"""Bytes in which a footer stands."""


def refuse_foreign(path: Path, first: dict[str, Any]) -> None:
    """Raises: LedgerError: a header that is not of a journal this version can read."""
    schema = str(first.get("schema"))
    kind, _, version = schema.rpartition("/")
    if kind != _OURS or first.get("kind") != "header":
        raise LedgerError(f"{path} is no journal of airflow-harness", where="record 0", known=f"schema {schema!r}")
    if version != _VERSION:
        newer = version.isdecimal() and int(version) > int(_VERSION)
        raise LedgerError(
            f"{path} is of {'a newer' if newer else 'an older'} version: its schema is {schema}, here it is {SCHEMA}",
            where="record 0",
            fix="read it with the airflow-harness that wrote it"
            if newer
            else "make it anew: run or simulate once more",
        )


def _does_not_fit(path: Path, number: int, line: bytes) -> LedgerError:
    if not line.endswith(b"\n"):
        fact = f"{path}: record {number} is cut off: the run ended while it was written"
        return LedgerError(fact, where=f"record {number}", known=f"{number} whole records stand before it")
    if number == 0 and not line.startswith(b'{"'):
        return LedgerError(f"{path}: its first line is no record of a journal", where="record 0")
    return LedgerError(
        f"{path}:{number + 1}: the record does not follow from the one before",
        where=f"record {number}",
        why="the file was altered after it was written, or lines of it are gone",
    )
