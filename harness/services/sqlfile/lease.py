"""A database in a file of one connection, as a test or a run has it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Hashable, Iterable, Iterator
from pathlib import Path
from typing import Any

from harness.ledger.kept_data import HeldPart
from harness.services.base import Address
from harness.services.contents import Contents
from harness.services.sql.lease import SqlLease
from harness.services.sql.rows import compared, told
from harness.services.sql.seeds import columns_of, refused, text_of
from harness.services.sqlfile.engine import SqlFileEngine, quoted


class SqlFileLease(SqlLease):
    """A database in a file.

    Args:
        drop: removes the file.
    Attributes:
        path: of the file.
        uri: for SQLAlchemy, ``sqlite:////…``.
    """

    def __init__(self, conn_id: str, engine: SqlFileEngine, path: Path, drop: Callable[[], None]) -> None:
        super().__init__()
        self.conn_id, self._engine, self.path, self._dropped = conn_id, engine, path, drop
        self.uri = f"{engine.name}:///{path}"
        # Source: airflow/providers/sqlite/hooks/sqlite.py `get_uri`, duckdb/hooks/duckdb.py `get_database`: the host.
        self.address = Address({"conn_type": engine.name, "host": str(path)})

    def snapshot(self) -> Contents:
        """Every table's rows: by primary key, or as a whole and numbered. Values are digests: rows may be large."""
        connection = self._opened()
        try:
            parts = {name: _rows(connection, name, keys) for name, keys in self._engine.tables(connection)}
        finally:
            connection.close()
        return Contents("table", "row", parts)

    def held(self) -> Iterator[HeldPart]:
        """Every table's rows."""
        connection = self._opened()
        try:
            for name, keys in self._engine.tables(connection):
                cursor = connection.execute(f"select * from {quoted(name)}")
                columns = tuple(str(column[0]) for column in cursor.description)
                yield HeldPart(name, "table", "row", columns, tuple(keys), told(cursor))
        finally:
            connection.close()

    def _opened(self) -> Any:
        try:
            return self._engine.connect(self.path)
        except self._engine.error:
            gc.collect()  # a task's connection that nobody closed; DuckDB refuses a second one with other settings
            return self._engine.connect(self.path)

    def _drop(self) -> None:
        self._dropped()

    def __repr__(self) -> str:
        return f"<{self._engine.title} in {self.path}>"


def _rows(connection: Any, table: str, keys: list[str]) -> dict[Hashable, Hashable]:
    columns = ", ".join([f"t.{quoted(key)}" for key in keys] + ["t.*"])
    found = connection.execute(f"select {columns} from {quoted(table)} t").fetchall()
    return compared(found, len(keys))


def apply(engine: SqlFileEngine, path: Path, files: Iterable[Path], conn_id: str) -> None:
    """Fill a database.

    Raises: WorldError: the database refuses; with the file and, for SQL, the line of the statement.
        ServiceUnavailable: the disk is full.
    """
    connection = engine.connect(path)
    line = 1
    try:
        for file in files:
            line = 1
            text = text_of(file, conn_id)
            if file.suffix == ".sql":
                for line, statement in engine.statements(text):  # noqa: B007 - the error names it
                    connection.execute(statement)
            else:
                engine.load(connection, file.stem, columns_of(text), file)
    except engine.error as error:
        raise refused(conn_id, engine.title, str(error), f"{file}:{line}") from None
    finally:
        connection.close()
