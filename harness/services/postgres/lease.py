"""A database of one connection, as a test or a run has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness.ledger.kept_data import HeldPart
from harness.services.base import Address
from harness.services.contents import Contents
from harness.services.postgres.address import Database
from harness.services.postgres.databases import connect
from harness.services.sql.lease import SqlLease

_TABLES = """
select n.nspname, c.relname, array_remove(array_agg(a.attname order by k.place), null)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_index i on i.indrelid = c.oid and i.indisprimary
left join lateral unnest(i.indkey) with ordinality k(number, place) on true
left join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number
where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_toast%'
group by 1, 2 order by 1, 2
"""
"""Schema, table and the columns of its primary key, none where it has none. A partition is a table; what it is a part
of holds no rows itself."""


class PostgresLease(SqlLease):
    """A PostgreSQL database.

    Attributes:
        uri: ``postgresql://user:password@host:port/dbname``.
        host, port, user, password, dbname: its parts.
    """

    def __init__(self, conn_id: str, database: Database, ours: bool, retire: Callable[[Database], None]) -> None:
        super().__init__()
        self.conn_id, self.database, self._retire = conn_id, database, retire
        self.uri = database.uri
        self.host, self.port = database.host, database.port
        self.user, self.password, self.dbname = database.user, database.password, database.dbname
        self.part = database.dbname
        self.address = Address(database.airflow, tuple(peer_of(database.host, database.port)))
        self._ours = ours

    @property
    def peer(self) -> str | None:
        """Where its server listens; None where that is a socket in a folder."""
        return None if self.host.startswith("/") else f"{self.host}:{self.port}"

    def cut(self) -> None:
        """Break the connections to this database, as a server that restarts breaks all."""
        self.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )

    def happen(self, event: Any) -> None:
        """SQL runs."""
        self.execute(event.text)

    def snapshot(self) -> Contents:
        """Every table's rows: by primary key, or as a whole and numbered. Values are digests: rows may be large."""
        from psycopg2 import sql

        parts: dict[str, dict[Any, Any]] = {}
        connection = connect(self.database, ours=self._ours)
        try:
            connection.autocommit = False
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)  # all tables at one moment
            with connection.cursor() as cursor:
                cursor.execute(_TABLES)
                for schema, table, keys in cursor.fetchall():
                    name = sql.Identifier(schema, table)
                    key = sql.SQL(", ").join([sql.SQL("t.{}::text").format(sql.Identifier(one)) for one in keys])
                    columns = key if keys else sql.SQL("md5(t::text), row_number() over (partition by md5(t::text))")
                    cursor.execute(sql.SQL("select {}, md5(t::text) from {} t").format(columns, name))
                    shown = table if schema == "public" else f"{schema}.{table}"
                    parts[shown] = {row[:-1]: row[-1] for row in cursor.fetchall()}
        finally:
            connection.close()
        return Contents("table", "row", parts)

    def held(self) -> Iterator[HeldPart]:
        """Every table's rows, as ``row_to_json`` has them: numbers exactly, instants in UTC."""
        from psycopg2 import sql

        connection = connect(self.database, ours=self._ours)
        try:
            connection.autocommit = False
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)  # all tables at one moment
            with connection.cursor() as cursor:
                cursor.execute("set timezone to 'UTC'")
                cursor.execute(_TABLES)
                for schema, table, keys in cursor.fetchall():
                    name = sql.Identifier(schema, table)
                    cursor.execute(sql.SQL("select * from {} limit 0").format(name))
                    columns = tuple(column.name for column in cursor.description)
                    cursor.execute(sql.SQL("select row_to_json(t)::text from {} t").format(name))
                    shown = table if schema == "public" else f"{schema}.{table}"
                    yield HeldPart(shown, "table", "row", columns, tuple(keys), (row for (row,) in cursor))
        finally:
            connection.close()

    def _opened(self) -> Any:
        return connect(self.database, ours=False)

    def _drop(self) -> None:
        self._retire(self.database)

    def __repr__(self) -> str:
        return f"<PostgreSQL database {self.dbname} at {self.host}:{self.port}>"


def peer_of(host: str, port: int) -> list[str]:
    """What a world must allow for a server to be reached; nothing for a socket in a folder."""
    return [] if host.startswith("/") else [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"]
