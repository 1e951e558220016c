"""The files that a database is filled from: of SQL, and of CSV for the tables that those make."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from harness.errors import HarnessError, ServiceUnavailable, WorldError
from harness.services.room import more_room

KINDS = (".sql", ".csv")


def seed_files(seeds: Iterable[str], conn_id: str) -> list[Path]:
    """The files of seeds, in order; a folder's are its SQL files by name, then its CSV files.

    Raises: WorldError: one that does not exist, or is of no kind that there is.
    """
    found: list[Path] = []
    for seed in seeds:
        path = Path(seed)
        files = [one for kind in KINDS for one in sorted(path.glob(f"*{kind}"))] if path.is_dir() else [path]
        if not files or not all(one.is_file() and one.suffix in KINDS for one in files):
            what = "holds no .sql and no .csv file" if path.is_dir() else "is no .sql and no .csv file"
            raise WorldError(
                f"connection {conn_id!r}: the seed {seed} {what if path.exists() else 'does not exist'}",
                known="files of SQL and CSV, and folders of them, relative to where the command runs",
                fix="correct seed: of the connection",
            )
        found += files
    return found


def digest(files: Iterable[Path]) -> str:
    """Of what seeds hold: an edited seed is another template."""
    seen = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        seen.update(f"{file.name}\0{len(content)}\0".encode() + content)
    return seen.hexdigest()[:24]


def text_of(file: Path, conn_id: str) -> str:
    """What stands in a seed. Raises: WorldError: no text in UTF-8; with the line."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        line, what = _first_line(file, lambda one: not _is_utf8(one)), "is no UTF-8"
    else:
        if "\0" not in text:
            return text
        line, what = _first_line(file, lambda one: b"\0" in one), "holds a NUL character"
    raise WorldError(
        f"connection {conn_id!r}: the seed {file} {what}", where=f"{file}:{line}", fix="save the file as text in UTF-8"
    )


def _first_line(file: Path, has: Callable[[bytes], bool]) -> int:
    """The number of the first line that has something."""
    return next((number for number, one in enumerate(file.read_bytes().split(b"\n"), 1) if has(one)), 1)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def columns_of(text: str) -> list[str]:
    """The names in the first line of a CSV file, none of an empty one."""
    return [name.strip() for name in next(csv.reader(text.splitlines()), [])]


def csv_rows(file: Path) -> tuple[list[str], list[tuple[int, list[str | None]]]]:
    """The names in the first line of a CSV file, and each further row with its line; an empty field is null."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines)
        names = next(reader, [])
        rows = [(reader.line_num, [value if value else None for value in row]) for row in reader if row]
    return [name.strip() for name in names], rows


def refused(conn_id: str, title: str, reason: str, where: str, known: str | None = None) -> HarnessError:
    """The error of a seed that a database does not take: it is wrong, or the database has no room for it.

    Args:
        title: of the database: "PostgreSQL".
        reason: in the database's words.
        where: ``file:line``.
    """
    first = (reason.strip() or "?").splitlines()[0]
    fact = f"connection {conn_id!r}: {title} refuses a seed: {first}"
    room = more_room(reason)
    if room is not None:
        return ServiceUnavailable(fact, where=where, known=known, fix=room)
    return WorldError(fact, where=where, known=known, fix="correct the seed")
