"""The port: what a test needs of PostgreSQL, whoever provides it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from harness.kernel.instant import Instant

URL_VARIABLE = "AIRFLOW_HARNESS_POSTGRES_URL"
"""Environment variable with the URL of a server of one's own, for the ``external`` driver."""

CLOCK_VARIABLE = "AIRFLOW_HARNESS_POSTGRES_CLOCK"
"""``real`` leaves SQL's clock real: then all workers of pytest-xdist share one server."""


@dataclass(frozen=True)
class Database:
    """The address of one database. ``options`` are further libpq parameters, such as ``sslmode``."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    dbname: str
    options: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def uri(self) -> str:
        """``postgresql://user:password@host:port/dbname``, parts percent-encoded."""
        host, query = self.host, dict(self.options)
        if host.startswith("/"):  # a folder of Unix sockets
            host, query = "", {"host": self.host} | query
        elif ":" in host:
            host = f"[{host}]"
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        uri = f"postgresql://{login}@{host}:{self.port}/{quote(self.dbname, safe='')}"
        return f"{uri}?{urlencode(query)}" if query else uri

    @property
    def airflow(self) -> dict[str, str | int | None]:
        """The fields of an Airflow connection to it; ``extra`` is JSON text or None."""
        return {
            "conn_type": "postgres",
            "host": self.host,
            "login": self.user,
            "password": self.password,
            "schema": self.dbname,
            "port": self.port,
            "extra": json.dumps(dict(self.options)) if self.options else None,
        }

    @property
    def libpq(self) -> dict[str, Any]:
        """Keyword arguments for ``psycopg2.connect``."""
        address = {"host": self.host, "port": self.port, "user": self.user, "password": self.password}
        return {**self.options, **address, "dbname": self.dbname}


class PostgresServer(Protocol):
    """A server that gives every test a database of its own. Nothing starts before ``start``."""

    @property
    def clock(self) -> Callable[[Instant | None], None] | None:
        """What sets SQL's clock, while it is up; None where that is real, or another process's to set."""

    def start(self) -> None:
        """Bring it up; a second call does nothing. Raises: ServiceUnavailable."""

    def stop(self) -> None:
        """Take down what this object brought up; a second call does nothing."""

    def __enter__(self) -> PostgresServer: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def create_database(self, name_hint: str, template: str | None = None) -> Database:
        """A new database.

        Args:
            name_hint: becomes its name, made safe, and numbered when it is taken.
            template: name of a database to clone.
        Raises: ServiceUnavailable: the server is not up, or refuses.
        """

    def drop_database(self, db: Database) -> None:
        """Remove a database, closing the connections to it; one that is gone is no error."""

    def retire_database(self, db: Database) -> None:
        """Remove a database that nobody needs any more, now or when the server has time for it."""

    def share(self) -> str:
        """A token (JSON text, holds the password) with which another process attaches. Raises: ServiceUnavailable."""
