"""Driver: a server that runs already, by URL. The databases made on it are dropped by ``stop``."""

from __future__ import annotations

import os
import re
from types import TracebackType
from typing import Any

from harness.errors import ServiceUnavailable
from harness.services.postgres.address import URL_VARIABLE, Database
from harness.services.postgres.attached import token_of
from harness.services.postgres.databases import Databases, connect
from harness.services.postgres.install import DRIVER, see_postgres_installed

OLDEST = 13
"""The first major version with DROP DATABASE … WITH (FORCE)."""

_PREFIX = "harness_"
_ADDRESS = ("host", "port", "user", "password", "dbname")


class ExternalPostgres:
    """A server of the user's own.

    Args:
        url: ``postgresql://user:password@host:port/dbname?option=value``.
    Raises: ServiceUnavailable: no URL, or one that cannot be read.
    """

    def __init__(self, url: str) -> None:
        self._admin = _address(url)
        self._databases: Databases | None = None
        self._owner_pid = 0
        self.clock = None

    def start(self) -> None:
        """Look whether it answers, is recent enough and lets the role create databases."""
        import psycopg2

        if self._databases is not None:
            return
        try:
            connection = connect(self._admin, ours=False)
            try:
                self._check(connection)
            finally:
                connection.close()
        except psycopg2.Error as error:
            reason = " ".join(str(error).split())
            raise self._unavailable(f"does not answer: {reason}", f"start it, or correct {URL_VARIABLE}") from error
        self._databases = Databases(self._admin, ours=False)
        self._owner_pid = os.getpid()

    def stop(self) -> None:
        """Drop the databases made through this object; the server stays. A forked child drops nothing."""
        if self._databases is not None and self._owner_pid == os.getpid():
            self._databases.drop_all()
        self._databases = None

    def __enter__(self) -> ExternalPostgres:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def create_database(self, name_hint: str, template: str | None = None) -> Database:
        """See ``PostgresServer``; names begin with ``harness_``."""
        return self._running().create(_PREFIX + name_hint, template)

    def drop_database(self, db: Database) -> None:
        """See ``PostgresServer``."""
        self._running().drop(db)

    def retire_database(self, db: Database) -> None:
        """See ``PostgresServer``."""
        self._running().retire(db)

    def share(self) -> str:
        """See ``PostgresServer``."""
        self._running()
        return token_of(self._admin, ours=False)

    def _check(self, connection: Any) -> None:
        version = connection.server_version // 10_000
        if version < OLDEST:
            raise self._unavailable(f"is PostgreSQL {version}", f"use PostgreSQL {OLDEST} or newer")
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
            if not cursor.fetchone()[0]:
                role = self._admin.user
                raise self._unavailable(f"does not let {role} create databases", f'ALTER ROLE "{role}" CREATEDB')

    def _running(self) -> Databases:
        if self._databases is None:
            raise self._unavailable("is not opened", "call start() first")
        return self._databases

    def _unavailable(self, fact: str, fix: str) -> ServiceUnavailable:
        address = f"{self._admin.host}:{self._admin.port}"
        return ServiceUnavailable(f"the external PostgreSQL {fact}", where=address, fix=fix)


def _address(url: str) -> Database:
    """The parts of a URL; SQLAlchemy's ``postgresql+driver://`` is understood too."""
    see_postgres_installed(DRIVER)
    import psycopg2
    from psycopg2.extensions import parse_dsn

    fix = f"{URL_VARIABLE}=postgresql://user:password@host:5432/postgres"
    if not url:
        raise ServiceUnavailable("the external PostgreSQL needs a URL", fix=f"set {fix}, or use the embedded driver")
    try:
        parts = parse_dsn(re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", url))
        port = int(parts.get("port", "5432"))
    except (psycopg2.Error, ValueError):  # the text of the error may quote the password
        raise ServiceUnavailable("the URL of the external PostgreSQL cannot be read", fix=f"write {fix}") from None
    user = parts.get("user", "postgres")
    return Database(
        host=parts.get("host", "localhost"),
        port=port,
        user=user,
        password=parts.get("password", ""),
        dbname=parts.get("dbname", user),
        options={name: value for name, value in parts.items() if name not in _ADDRESS},
    )
