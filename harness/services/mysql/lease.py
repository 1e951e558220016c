"""A MySQL database of one connection, as a test or a run has it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any

from harness.ledger.kept_data import HeldPart
from harness.services.base import Address
from harness.services.contents import Contents
from harness.services.mysql.address import MysqlDatabase, connect, quoted
from harness.services.mysql.databases import break_connections
from harness.services.mysql.script import statements
from harness.services.sql.lease import SqlLease
from harness.services.sql.rows import compared, told

_TABLES = """
select table_name from information_schema.tables
where table_schema = database() and table_type in ('BASE TABLE', 'SYSTEM VERSIONED') order by 1
"""
_KEYS = """
select table_name, column_name from information_schema.key_column_usage
where table_schema = database() and constraint_name = 'PRIMARY' order by table_name, ordinal_position
"""


class MysqlLease(SqlLease):
    """A MySQL database.

    Attributes:
        uri: for SQLAlchemy, ``mysql+pymysql://user:password@host:port/dbname``.
        host, port, user, password, dbname: its parts.
    """

    def __init__(self, conn_id: str, database: MysqlDatabase, drop: Callable[[MysqlDatabase], None]) -> None:
        super().__init__()
        self.conn_id, self.database, self._dropped = conn_id, database, drop
        self.uri = database.uri
        self.host, self.port = database.host, database.port
        self.user, self.password, self.dbname = database.user, database.password, database.dbname
        self.part = database.dbname
        self.address = Address(database.airflow, (self.peer,))

    @property
    def peer(self) -> str:
        """Where its server listens."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def cut(self) -> None:
        """Break the connections to this database, as a server that restarts breaks all."""
        connection = connect(self.database)
        try:
            with connection.cursor() as cursor:
                break_connections(cursor, self.dbname)
        finally:
            connection.close()

    def happen(self, event: Any) -> None:
        """SQL runs, one statement after the other."""
        connection = connect(self.database)
        try:
            with connection.cursor() as cursor:
                for _, statement in statements(event.text):
                    cursor.execute(statement)
        finally:
            connection.close()

    def snapshot(self) -> Contents:
        """Every table's rows at one moment: by primary key, or as a whole and numbered."""
        parts: dict[str, dict[Hashable, Hashable]] = {}
        connection = connect(self.database)
        try:
            with connection.cursor() as cursor:
                for table, key in _tables_at_one_moment(cursor):
                    columns = ", ".join([*(f"t.{quoted(column)}" for column in key), "t.*"])
                    cursor.execute(f"select {columns} from {quoted(table)} t")
                    parts[table] = compared(cursor.fetchall(), len(key))
        finally:
            connection.close()
        return Contents("table", "row", parts)

    def held(self) -> Iterator[HeldPart]:
        """Every table's rows at one moment."""
        connection = connect(self.database)
        try:
            with connection.cursor() as cursor:
                for table, key in _tables_at_one_moment(cursor):
                    cursor.execute(f"select * from {quoted(table)}")
                    columns = tuple(str(column[0]) for column in cursor.description)
                    yield HeldPart(table, "table", "row", columns, tuple(key), told(cursor))
        finally:
            connection.close()

    def _opened(self) -> Any:
        return connect(self.database)

    def _drop(self) -> None:
        self._dropped(self.database)

    def __repr__(self) -> str:
        return f"<MySQL database {self.dbname} at {self.host}:{self.port}>"


def _tables_at_one_moment(cursor: Any) -> list[tuple[str, list[str]]]:
    """The tables and their primary keys; what the cursor reads from then on is of one moment."""
    cursor.execute("set transaction isolation level repeatable read")
    cursor.execute("start transaction with consistent snapshot, read only")
    cursor.execute(_KEYS)
    keys: dict[str, list[str]] = {}
    for table, column in cursor.fetchall():
        keys.setdefault(table, []).append(column)
    cursor.execute(_TABLES)
    return [(table, keys.get(table, [])) for (table,) in cursor.fetchall()]
