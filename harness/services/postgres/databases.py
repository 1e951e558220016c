"""Creating and dropping databases on a server that is up. Waiting is libpq's: no Python clock is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from harness.errors import ServiceUnavailable
from harness.services.postgres.address import Database
from harness.services.room import more_room
from harness.services.sql.names import Names

RETIRED = 1
"""How many databases stay that nobody needs any more, 8 MB each and what is in them."""

WITH_STRATEGY = 150_000
"""The first version that can be told how to make a database."""


class Databases:
    """The databases made through one server object.

    Args:
        admin: a database to give the orders in, of a role that may create databases.
        ours: nobody else uses the server, so connections that stand in the way of cloning may be closed.
        diagnose: more to say when the server does not answer, such as the end of its log.
    """

    def __init__(self, admin: Database, ours: bool, diagnose: Callable[[], str | None] = lambda: None) -> None:
        self.admin, self._ours, self._diagnose = admin, ours, diagnose
        self._names = Names()
        self._made: list[Database] = []
        self._retired: list[Database] = []

    def create(self, name_hint: str, template: str | None) -> Database:
        """A new database, ``template`` cloned if given. Raises: ServiceUnavailable."""
        import psycopg2.errors

        taken = (psycopg2.errors.DuplicateDatabase, psycopg2.errors.UniqueViolation)
        with self._cursor() as cursor:
            while len(self._retired) > RETIRED:
                self._drop(cursor, self._retired.pop(0))
            if template is not None and self._ours:
                _disconnect(cursor, template)

            def takes(name: str) -> bool:
                try:
                    _create(cursor, name, template, self._ours)
                except taken:  # by another process of this run
                    return False
                return True

            made = Database(**{**vars(self.admin), "dbname": self._names.first_free(name_hint, takes)})
        self._made.append(made)
        return made

    def drop(self, db: Database) -> None:
        """Remove a database and close the connections to it. Raises: ServiceUnavailable."""
        with self._cursor() as cursor:
            self._drop(cursor, db)

    def retire(self, db: Database) -> None:
        """Remove a database that nobody needs any more: on a server of ours, once the next ones are made.

        PostgreSQL waits 100 ms before it looks a second time whether the connections to a database have ended, and
        those of a test that is over are just ending.

        Raises: ServiceUnavailable.
        Source: ``CountOtherDBBackends`` (procarray.c) of PostgreSQL 18.
        """
        if self._ours:
            self._retired.append(db)
        else:
            self.drop(db)

    def drop_all(self) -> None:
        """Remove every database made through this object."""
        for db in list(self._made):
            self.drop(db)

    def _drop(self, cursor: Any, db: Database) -> None:
        from psycopg2 import sql

        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(db.dbname)))
        self._made = [made for made in self._made if made.dbname != db.dbname]

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        import psycopg2

        try:
            connection = connect(self.admin, self._ours)
            try:
                with connection.cursor() as cursor:
                    yield cursor
            finally:
                connection.close()
        except psycopg2.Error as error:
            reason = str(error).strip() or type(error).__name__
            address = f"{self.admin.host}:{self.admin.port}"
            known = self._diagnose() if error.pgcode is None else None  # it does not answer, or does no longer
            fix = more_room(reason, known)
            fact = f"PostgreSQL refuses: {reason.splitlines()[0]}"
            raise ServiceUnavailable(fact, where=address, known=known, fix=fix) from error


def connect(database: Database, ours: bool) -> Any:
    """A psycopg2 connection in autocommit mode, given up after 10 s.

    Our own server is spoken to in plain text, whatever PGSSLMODE says and without a look at ``~/.postgresql``.

    Raises: psycopg2.Error.
    """
    import psycopg2

    how: dict[str, Any] = {"connect_timeout": 10} | ({"sslmode": "disable"} if ours else {})
    connection = psycopg2.connect(**{**how, **database.libpq})
    connection.autocommit = True
    return connection


def _create(cursor: Any, name: str, template: str | None, ours: bool) -> None:
    """Files are copied on a server of ours, whose disk is memory: 15 ms beside 30 for writing all pages to the log."""
    from psycopg2 import sql

    order = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        order += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
    if ours and cursor.connection.server_version >= WITH_STRATEGY:
        order += sql.SQL(" STRATEGY file_copy")
    cursor.execute(order)


def _disconnect(cursor: Any, dbname: str) -> None:
    """Close the connections to a database: PostgreSQL clones none that is in use, after waiting 5 s."""
    cursor.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = %s AND backend_type = 'client backend'",
        [dbname],
    )
