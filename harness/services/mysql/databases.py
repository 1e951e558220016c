"""Creating and dropping databases on a server that is up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from harness.errors import ServiceUnavailable
from harness.services.mysql.address import MysqlDatabase, connect, quoted
from harness.services.room import more_room
from harness.services.sql.names import Names

_EXISTS = 1007
"""Source: the list of MySQL's errors, ER_DB_CREATE_EXISTS."""

_LOCK_WAIT_S = 10
"""For how long an order waits for a table that somebody uses; MySQL's own limit is a year."""


class MysqlDatabases:
    """The databases made through one server object.

    Args:
        admin: with whose rights.
        prefix: of their names.
        diagnose: more to say when the server does not answer, such as the end of its log.
    """

    def __init__(self, admin: MysqlDatabase, prefix: str, diagnose: Callable[[], str | None] = lambda: None) -> None:
        self._admin, self._prefix, self._diagnose = admin, prefix, diagnose
        self._names = Names()
        self._made: list[MysqlDatabase] = []

    def create(self, name_hint: str) -> MysqlDatabase:
        """A new, empty database. Raises: ServiceUnavailable: the server refuses."""
        import pymysql

        with self._cursor() as cursor:

            def takes(name: str) -> bool:
                try:
                    cursor.execute(f"create database {quoted(name)} character set utf8mb4")
                except pymysql.Error as error:
                    if error.args[0] != _EXISTS:
                        raise
                    return False
                return True

            made = replace(self._admin, dbname=self._names.first_free(self._prefix + name_hint, takes))
        self._made.append(made)
        return made

    def drop(self, database: MysqlDatabase) -> None:
        """Remove a database, breaking connections to it; one that is gone is no error. Raises: ServiceUnavailable."""
        with self._cursor() as cursor:
            break_connections(cursor, database.dbname)
            cursor.execute(f"drop database if exists {quoted(database.dbname)}")
        self._made = [made for made in self._made if made != database]

    def drop_all(self) -> None:
        """Remove every database made through this object."""
        for database in list(self._made):
            self.drop(database)

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        import pymysql

        try:
            connection = connect(self._admin)
            try:
                with connection.cursor() as cursor:
                    cursor.execute(f"set session lock_wait_timeout = {_LOCK_WAIT_S}")
                    yield cursor
            finally:
                connection.close()
        except pymysql.Error as error:
            address, reason = f"{self._admin.host}:{self._admin.port}", reason_of(error)
            known = self._diagnose() if isinstance(error, pymysql.OperationalError) else None
            fix = more_room(reason, known)
            raise ServiceUnavailable(f"MySQL refuses: {reason}", where=address, known=known, fix=fix) from error


def break_connections(cursor: Any, dbname: str) -> None:
    """End all connections to a database but the cursor's own.

    Who read a table and did not commit keeps it from being dropped: a task that failed, a hook that nobody closed.
    """
    import pymysql

    cursor.execute("select id from information_schema.processlist where db = %s and id <> connection_id()", [dbname])
    for (number,) in cursor.fetchall():
        try:
            cursor.execute(f"kill {number}")
        except pymysql.Error:  # it ended by itself
            continue


def reason_of(error: Exception) -> str:
    """What the server says, without its number."""
    text = str(error.args[-1] if error.args else error).strip() or type(error).__name__
    return text.splitlines()[0]
