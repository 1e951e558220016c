"""Questions to ledgers, in SQL: DuckDB reads the journals, and the views of `harness.ledger.views` stand over them."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UsageError, known_names
from harness.ledger.journal import JOURNAL, LOGS
from harness.ledger.reading import header
from harness.ledger.views import CALLED, RECORDS, VIEWS
from harness.ledger.views import LOGS as LOG_COLUMNS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LONGEST = 1 << 30
"""Bytes of a record: an XCom may be large."""

LARGE = 32 << 20
"""Bytes of a journal above which what DuckDB read of it is kept beside it: a million records take 2.6 s to read, and
0.1 s from there."""

KEPT = "questions.duckdb"
_TABLES = (("records", JOURNAL, RECORDS), ("kept_logs", LOGS, LOG_COLUMNS))


def asked(folders: Iterable[Path], question: str, output: Path | None = None) -> DuckDBPyConnection:
    """Ask ledgers something: the cursor of the answer, with ``fetchall()``, ``fetchone()``, ``df()`` and the like.

    Args:
        question: one SQL statement over the views; their names and columns stand in `harness.ledger.views`.
        output: a file that the answer is written to as Parquet.
    Raises: LedgerError: one of them is none of ours. UsageError: SQL that cannot mean anything, with DuckDB's words.
    """
    import duckdb

    connection = opened(folders, output)
    try:
        if output is not None:
            connection.sql(question).write_parquet(str(output))
            return connection
        return connection.execute(question)
    except duckdb.Error as error:
        fact, _, rest = str(error).partition("\n")
        raise UsageError(
            f"DuckDB refuses the question: {fact}",
            where=" ".join(rest.split()).rstrip("^ ") or None,
            known=f"tables: {', '.join(VIEWS)}",
            fix="airflow-harness sql --tables tells their columns",
        ) from None


def asked_of(ledger: Path | None, question: str) -> DuckDBPyConnection:
    """`asked` of the ledger of a result. Raises: UsageError: none was kept."""
    if ledger is None:
        raise UsageError("no ledger was kept of this", fix='keep one: keep=tmp_path / "ledger"')
    return asked([ledger], question)


def opened(folders: Iterable[Path], output: Path | None = None) -> DuckDBPyConnection:
    """`opened_as`, each by the name of its folder. Raises: LedgerError. UsageError: two of one name."""
    return opened_as(_by_name(folders), output)


def opened_as(
    folders: Mapping[str, Path], output: Path | None = None, readable: str | None = None
) -> DuckDBPyConnection:
    """A DuckDB connection with the views over one ledger or several.

    Nothing can be written to the ledgers through it, and no other file be read or, but for ``output``, written.

    Args:
        folders: what the column ``ledger`` has of each -> its folder.
        readable: a folder in each of them that SQL may read files of too.
    Raises: LedgerError: one of them is none of ours.
    """
    import duckdb

    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    parts: list[str] = []
    for number, (name, folder) in enumerate(folders.items()):
        header(folder)
        place = f"ledger_{number}"
        kept = _kept(folder) if (folder / JOURNAL).stat().st_size > LARGE else None
        if kept is not None:
            connection.execute(f"attach {_text(str(kept))} as {place} (read_only)")
        else:
            connection.execute(f"attach ':memory:' as {place}")
            _read(connection, folder, f"{place}.")
        parts.append(f"select {_text(name)} as ledger, * from {place}.")
    for table, _, _ in _TABLES:
        connection.execute(f"create view {table} as {' union all '.join(part + table for part in parts)}")
    for name, view in VIEWS.items():
        connection.execute(f"create view {name} as select {', '.join(map(_quoted, view.columns))} from ({view.sql})")
        connection.execute(f"comment on view {name} is {_text(view.about)}")
    if output is not None:
        connection.execute(f"set allowed_paths = [{_text(str(output.resolve()))}, {_text(str(output))}]")
    if readable is not None:
        places = ", ".join(_text(str(folder / readable)) for folder in folders.values())
        connection.execute(f"set allowed_directories = [{places}]")
    connection.execute("set enable_external_access = false")
    return connection


def _kept(folder: Path) -> Path | None:
    """The file that holds what DuckDB read of a large journal, made anew where the journal is another by now.

    Its name tells of which, and what columns were read: whoever writes it puts it into its place whole. None where it
    cannot be written.
    """
    import duckdb

    journal = (folder / JOURNAL).stat()
    columns = zlib.crc32(repr(_TABLES).encode())
    file = folder / f"{journal.st_size:x}-{journal.st_mtime_ns:x}-{columns:x}.{KEPT}"
    if file.is_file():
        return file
    fresh = folder / f"{os.getpid()}.new"
    try:
        for old in folder.glob(f"*.{KEPT}"):
            old.unlink(missing_ok=True)
        with duckdb.connect(str(fresh)) as connection:
            fresh.chmod(0o600)  # before anything is in it
            _read(connection, folder, "")
        fresh.replace(file)
    except (OSError, duckdb.IOException):
        with suppress(OSError):
            fresh.unlink()
        return None
    return file


def _read(connection: DuckDBPyConnection, folder: Path, place: str) -> None:
    for table, file, columns in _TABLES:
        connection.execute(f"create table {place}{table} as select {_reading(folder / file, columns)}")


def _by_name(folders: Iterable[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in folders:
        name = folder.resolve().name
        if name in found:
            known = known_names("", map(str, (found[name], folder)))
            raise UsageError(f"two ledgers are called {name!r}", known=known, fix="rename one of the folders")
        found[name] = folder
    return found


def _reading(file: Path, columns: dict[str, str]) -> str:
    """The columns of a file's lines, in their order."""
    if not file.is_file():
        empty = ", ".join(f"null::{kind} as {_quoted(CALLED.get(name, name))}" for name, kind in columns.items())
        return f"{empty} where false"
    types = ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind in columns.items())
    # A run that was cut off ends in the middle of a line, which is then left out.
    options = f"format = 'newline_delimited', ignore_errors = true, maximum_object_size = {_LONGEST}"
    names = ", ".join(f"{_quoted(name)} as {_quoted(CALLED.get(name, name))}" for name in columns)
    return f"{names} from read_json({_text(str(file))}, columns = {{{types}}}, {options})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
