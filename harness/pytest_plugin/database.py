"""The ``postgres`` fixture: a real database per test, on one server per pytest run that starts when first needed."""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.services import Database, PostgresServer
    from harness.world import World


INPUT = "airflow_harness_postgres"
PATIENCE_S = 5
"""How long the server process waits for a caller to say the secret."""

_FIELDS = ("where", "known", "why", "fix", "again")


class ServerProcess:
    """Answers whoever knows the secret with the server's token, or with why there is none.

    Attributes:
        address: ``port:secret``; a port of 127.0.0.1, so that a controller that is killed leaves no file.
    """

    def __init__(self) -> None:
        self._server: PostgresServer | None = None
        self._ended = False
        self._secret = secrets.token_hex(16)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"{self._socket.getsockname()[1]}:{self._secret}"
        self._thread = threading.Thread(target=self._serve, name="airflow-harness-server", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and take the server down."""
        self._ended = True
        with suppress(OSError):
            socket.create_connection(self._socket.getsockname()).close()
        self._thread.join()
        self._socket.close()
        if self._server is not None:
            self._server.stop()

    def _serve(self) -> None:
        while not self._ended:
            worker, _ = self._socket.accept()
            with worker, suppress(OSError):
                worker.settimeout(PATIENCE_S)
                said = worker.makefile("rb").readline(100)
                if not self._ended and secrets.compare_digest(said, f"{self._secret}\n".encode()):
                    worker.sendall(json.dumps(self._answer()).encode())

    def _answer(self) -> dict[str, Any]:
        from harness.errors import HarnessError

        try:
            if self._server is None:
                self._server = open_server()
            return {"token": self._server.share()}
        except HarnessError as error:
            return {"fact": error.fact, **{name: getattr(error, name) for name in _FIELDS}}
        except Exception as error:
            return {"fact": f"the pytest controller could not start PostgreSQL: {type(error).__name__}: {error}"}


SERVER_PROCESS = pytest.StashKey[ServerProcess]()


def open_server_process(node: Any) -> None:
    """Tell a new worker of pytest-xdist where the server process is."""
    config: pytest.Config = node.config
    if SERVER_PROCESS not in config.stash:
        server_process = config.stash[SERVER_PROCESS] = ServerProcess()
        config.add_cleanup(server_process.stop)
    node.workerinput[INPUT] = config.stash[SERVER_PROCESS].address


def server_process_of(config: pytest.Config) -> str | None:
    """The address of the controller's server process; None when this process is no xdist worker."""
    found: dict[str, Any] = getattr(config, "workerinput", {})
    return found.get(INPUT)


def ask(address: str) -> PostgresServer:
    """The server that the controller shares. Raises: ServiceUnavailable."""
    from harness.errors import ServiceUnavailable
    from harness.services import attach_postgres

    answer = b""
    try:
        port, _, secret = address.partition(":")
        with socket.create_connection(("127.0.0.1", int(port))) as server_process:
            server_process.sendall(f"{secret}\n".encode())
            while chunk := server_process.recv(65536):
                answer += chunk
        server: dict[str, Any] = json.loads(answer)
    except (OSError, ValueError) as error:
        raise ServiceUnavailable(
            f"the pytest controller does not answer: {error}",
            fix="run again; with -n 0 the server starts in this process",
        ) from None
    if "token" not in server:
        raise ServiceUnavailable(server.pop("fact"), **server)
    return attach_postgres(server["token"])


def open_server() -> PostgresServer:
    """A server of this process, up: embedded, or the one that AIRFLOW_HARNESS_POSTGRES_URL names.

    Raises: ServiceUnavailable.
    """
    from harness.services import open_postgres
    from harness.services.postgres import URL_VARIABLE

    server = open_postgres("external" if os.environ.get(URL_VARIABLE) else "embedded")
    server.start()
    return server


class Postgres:
    """A PostgreSQL database of one test.

    Attributes:
        uri: ``postgresql://user:password@host:port/dbname``.
        host, port, user, password, dbname: its parts.
    """

    def __init__(self, database: Database, of: Callable[[str], Postgres]) -> None:
        self.database, self._of = database, of
        self.uri = database.uri
        self.host, self.port = database.host, database.port
        self.user, self.password, self.dbname = database.user, database.password, database.dbname
        self._connections: list[Any] = []

    def of(self, conn_id: str) -> Postgres:
        """The database of one connection of the world, where several ask for ``service: postgres``."""
        return self._of(conn_id)

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
        self._server_process = server_process_of(config)
        self._server: PostgresServer | None = None

    def get(self) -> PostgresServer:
        """The server, up; under xdist the controller's. Raises: ServiceUnavailable."""
        if self._server is None:
            self._server = open_server() if self._server_process is None else ask(self._server_process)
        return self._server

    def stop(self) -> None:
        """Take down what was started here."""
        if self._server is not None:
            self._server.stop()


class LazyDatabases:
    """The test's databases, each created when first needed: one a connection of the world that asks for the service.

    The first connection that is bound leads to the database of the fixture ``postgres``: mostly it is the only one.
    """

    def __init__(self, server: LazyServer, name: str) -> None:
        self._server, self._name = server, name
        self._own: Postgres | None = None
        self._first: str | None = None
        self._further: dict[str, Postgres] = {}

    def get(self) -> Postgres:
        """The test's own. Raises: ServiceUnavailable."""
        if self._own is None:
            self._own = Postgres(self._server.get().create_database(self._name), self.of)
        return self._own

    def of(self, conn_id: str) -> Postgres:
        """That of a connection. Raises: ServiceUnavailable."""
        if self._first in (None, conn_id):
            self._first = conn_id
            return self.get()
        if conn_id not in self._further:
            made = self._server.get().create_database(f"{self._name}_{conn_id}")
            self._further[conn_id] = Postgres(made, self.of)
        return self._further[conn_id]

    def connect(self, world: World) -> World:
        """The world with its ``service: postgres`` connections leading here."""
        from harness.simulation.services import bound

        return bound(world, lambda conn_id: self.of(conn_id).database)

    def drop(self) -> None:
        """Remove those that were made."""
        for made in filter(None, (self._own, *self._further.values())):
            made.close()
            self._server.get().drop_database(made.database)


@pytest.fixture(scope="session")
def _airflow_postgres(pytestconfig: pytest.Config) -> Iterator[LazyServer]:
    server = LazyServer(pytestconfig)
    yield server
    server.stop()


@pytest.fixture
def _airflow_database(request: pytest.FixtureRequest, _airflow_postgres: LazyServer) -> Iterator[LazyDatabases]:
    database = LazyDatabases(_airflow_postgres, request.node.name)
    yield database
    database.drop()


@pytest.fixture
def _airflow_connect(_airflow_database: LazyDatabases) -> Callable[[World], World]:
    return _airflow_database.connect


@pytest.fixture
def postgres(_airflow_database: LazyDatabases) -> Postgres:
    """A real PostgreSQL database of this test: ``.uri``, ``.connect()``, ``.execute(sql)``.

    The connection of the world that is declared with ``service="postgres"`` leads to it. Where several are, each has a
    database of its own: the first this one, any of them ``postgres.of(conn_id)``.
    """
    return _airflow_database.get()
