"""A database in a file of one connection, as a test or a run has it."""

from __future__ import annotations

import csv
import gc
import hashlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any

from harness.errors import WorldError
from harness.services.base import Address, Lease
from harness.services.contents import Contents
from harness.services.sqlfile.engine import SqlFileEngine, quoted


class SqlFileLease(Lease):
    """A database in a file.

    Args:
        drop: removes the file.
    Attributes:
        path: of the file.
        uri: for SQLAlchemy, ``sqlite:////…``.
    """

    def __init__(self, conn_id: str, engine: SqlFileEngine, path: Path, drop: Callable[[], None]) -> None:
        self.conn_id, self._engine, self.path, self._drop = conn_id, engine, path, drop
        self.uri = f"{engine.name}:///{path}"
        # Source: airflow/providers/sqlite/hooks/sqlite.py `get_uri`, duckdb/hooks/duckdb.py `get_database`: the host.
        self.address = Address({"conn_type": engine.name, "host": str(path)})
        self._connections: list[Any] = []
        self._ended = False

    def connect(self) -> Any:
        """A connection of the DB API, each of whose statements is committed at once; closed after the test."""
        connection = self._opened()
        self._connections.append(connection)
        return connection

    def execute(self, statement: str, arguments: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one SQL statement; its rows, none for a statement that gives none."""
        connection = self._opened()
        try:
            found = connection.execute(statement, arguments or ())
            return list(found.fetchall()) if found.description else []
        finally:
            connection.close()

    rows = execute

    def snapshot(self) -> Contents:
        """Every table's rows: by primary key, or as a whole and numbered. Values are digests: rows may be large."""
        connection = self._opened()
        try:
            parts = {name: _rows(connection, name, keys) for name, keys in self._engine.tables(connection)}
        finally:
            connection.close()
        return Contents("table", "row", parts)

    def end(self) -> None:
        """Close what `connect` opened, and remove the file."""
        for connection in self._connections:
            connection.close()
        if not self._ended:
            self._ended = True
            self._drop()

    def _opened(self) -> Any:
        try:
            return self._engine.connect(self.path)
        except self._engine.error:
            gc.collect()  # a task's connection that nobody closed; DuckDB refuses a second one with other settings
            return self._engine.connect(self.path)

    def __repr__(self) -> str:
        return f"<{self._engine.title} in {self.path}>"


def _rows(connection: Any, table: str, keys: list[str]) -> dict[Hashable, Hashable]:
    columns = ", ".join([f"t.{quoted(key)}" for key in keys] + ["t.*"])
    found: dict[Hashable, Hashable] = {}
    seen: Counter[str] = Counter()
    for row in connection.execute(f"select {columns} from {quoted(table)} t").fetchall():
        digest = hashlib.sha256(repr(row[len(keys) :]).encode()).hexdigest()
        if keys:
            found[tuple(map(str, row[: len(keys)]))] = digest
        else:
            seen[digest] += 1
            found[digest, seen[digest]] = digest
    return found


def apply(engine: SqlFileEngine, path: Path, files: Iterable[Path], conn_id: str) -> None:
    """Fill a database.

    Raises: WorldError: the database refuses; with the file and, for SQL, the line of the statement.
    """
    connection = engine.connect(path)
    line = 1
    try:
        for file in files:
            line = 1
            text = file.read_text(encoding="utf-8-sig")
            if file.suffix == ".sql":
                for line, statement in engine.statements(text):  # noqa: B007 - the error names it
                    connection.execute(statement)
            else:
                header = next(csv.reader(text.splitlines()), [])
                engine.load(connection, file.stem, [name.strip() for name in header], file)
    except engine.error as error:
        raise WorldError(
            f"connection {conn_id!r}: {engine.title} refuses a seed: {(str(error).strip() or '?').splitlines()[0]}",
            where=f"{file}:{line}",
            fix="correct the seed",
        ) from None
    finally:
        connection.close()
