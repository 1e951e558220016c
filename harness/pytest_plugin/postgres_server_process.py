"""One PostgreSQL server for all xdist workers: the controller starts it when the first worker asks, and stops it.

Which tests need a database is known in the workers only, and a worker may end before the others; so the controller
answers at a local port. Its own death ends the server too (`harness.services.reaper`).
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.services import PostgresServer

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
