"""The ``postgres`` fixture: a real database per test, on one server per pytest run that starts when first needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from harness.pytest_plugin.postgres_desk import ask, desk_of, open_server

if TYPE_CHECKING:
    from harness.services import Database, PostgresServer
    from harness.world import World


class Postgres:
    """A PostgreSQL database of one test.

    Attributes:
        uri: ``postgresql://user:password@host:port/dbname``.
        host, port, user, password, dbname: its parts.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.uri = database.uri
        self.host, self.port = database.host, database.port
        self.user, self.password, self.dbname = database.user, database.password, database.dbname
        self._connections: list[Any] = []

    def connect(self) -> Any:
        """A psycopg2 connection in autocommit mode; closed after the test."""
        from harness.services.postgres_databases import connect

        connection = connect(self.database, ours=False)
        self._connections.append(connection)
        return connection

    def execute(self, statement: str, arguments: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one SQL statement; its rows, none for a statement that gives none."""
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, arguments)
                return list(cursor.fetchall()) if cursor.description is not None else []
        finally:
            connection.close()

    def close(self) -> None:
        """Close what `connect` opened."""
        for connection in self._connections:
            connection.close()

    def __repr__(self) -> str:
        return f"<PostgreSQL database {self.dbname} at {self.host}:{self.port}>"


class LazyServer:
    """The run's server, started when the first test asks for it."""

    def __init__(self, config: pytest.Config) -> None:
        self._desk = desk_of(config)
        self._server: PostgresServer | None = None

    def get(self) -> PostgresServer:
        """The server, up; under xdist the controller's. Raises: ServiceUnavailable."""
        if self._server is None:
            self._server = open_server() if self._desk is None else ask(self._desk)
        return self._server

    def stop(self) -> None:
        """Take down what was started here."""
        if self._server is not None:
            self._server.stop()


class LazyDatabase:
    """The test's database, created when first needed."""

    def __init__(self, server: LazyServer, name: str) -> None:
        self._server, self._name = server, name
        self._opened: Postgres | None = None

    def get(self) -> Postgres:
        """The database. Raises: ServiceUnavailable."""
        if self._opened is None:
            self._opened = Postgres(self._server.get().create_database(self._name))
        return self._opened

    def connect(self, world: World) -> World:
        """The world with its ``service: postgres`` connections leading here; all else is shared with it."""
        if all(connection.service != "postgres" for connection in world.connections.values()):
            return world
        address: dict[str, Any] = self.get().database.airflow
        fields = {**address, "service": None}
        named = {
            conn_id: replace(connection, **fields) if connection.service == "postgres" else connection
            for conn_id, connection in world.connections.items()
        }
        return replace(world, connections=named)

    def drop(self) -> None:
        """Remove it, if it was made."""
        if self._opened is not None:
            self._opened.close()
            self._server.get().drop_database(self._opened.database)


@pytest.fixture(scope="session")
def _airflow_postgres(pytestconfig: pytest.Config) -> Iterator[LazyServer]:
    server = LazyServer(pytestconfig)
    yield server
    server.stop()


@pytest.fixture
def _airflow_database(request: pytest.FixtureRequest, _airflow_postgres: LazyServer) -> Iterator[LazyDatabase]:
    database = LazyDatabase(_airflow_postgres, request.node.name)
    yield database
    database.drop()


@pytest.fixture
def _airflow_connect(_airflow_database: LazyDatabase) -> Callable[[World], World]:
    return _airflow_database.connect


@pytest.fixture
def postgres(_airflow_database: LazyDatabase) -> Postgres:
    """A real PostgreSQL database of this test: ``.uri``, ``.connect()``, ``.execute(sql)``.

    Connections of the world declared with ``service="postgres"`` lead to it.
    """
    return _airflow_database.get()
