"""One PostgreSQL server for all xdist workers: the controller starts it when the first worker asks, and stops it.

Which tests need a database is known in the workers only, and a worker may end before the others; so the controller
answers at a Unix socket. Its own death ends the server too (`harness.services.reaper`).
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.services import PostgresServer

INPUT = "airflow_harness_postgres"
_FIELDS = ("where", "known", "why", "fix", "again")


class Desk:
    """Answers every connection with the server's token, or with why there is none.

    Attributes:
        address: path of the Unix socket; only this account can open it.
    """

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="airflow-harness-desk-", dir=_short_folder())
        self.address = os.path.join(self._folder, "socket")  # noqa: PTH118 - text for workerinput
        self._server: PostgresServer | None = None
        self._ended = False
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.address)
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve, name="airflow-harness-desk", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering, take the server down, remove the socket."""
        self._ended = True
        with suppress(OSError), socket.socket(socket.AF_UNIX) as last:
            last.connect(self.address)
        self._thread.join()
        self._socket.close()
        if self._server is not None:
            self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _serve(self) -> None:
        while not self._ended:
            try:
                worker, _ = self._socket.accept()
            except OSError:
                return
            with worker, suppress(OSError):
                if not self._ended:
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


DESK = pytest.StashKey[Desk]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a new worker where the desk is (pytest-xdist calls this in the controller)."""
    config: pytest.Config = node.config
    if DESK not in config.stash:
        desk = config.stash[DESK] = Desk()
        config.add_cleanup(desk.stop)
    node.workerinput[INPUT] = config.stash[DESK].address


def desk_of(config: pytest.Config) -> str | None:
    """The address of the controller's desk; None when this process is no xdist worker."""
    found: dict[str, Any] = getattr(config, "workerinput", {})
    return found.get(INPUT)


def ask(address: str) -> PostgresServer:
    """The server that the controller shares. Raises: ServiceUnavailable."""
    from harness.errors import ServiceUnavailable
    from harness.services import attach_postgres

    answer = b""
    try:
        with socket.socket(socket.AF_UNIX) as desk:
            desk.connect(address)
            while chunk := desk.recv(65536):
                answer += chunk
        told: dict[str, Any] = json.loads(answer)
    except (OSError, ValueError) as error:
        raise ServiceUnavailable(f"the pytest controller does not answer: {error}", where=address) from None
    if "token" not in told:
        raise ServiceUnavailable(told.pop("fact"), **told)
    return attach_postgres(told["token"])


def open_server() -> PostgresServer:
    """A server of this process, up: embedded, or the one that AIRFLOW_HARNESS_POSTGRES_URL names.

    Raises: ServiceUnavailable.
    """
    from harness.services import open_postgres
    from harness.services.postgres import URL_VARIABLE

    server = open_postgres("external" if os.environ.get(URL_VARIABLE) else "embedded")
    server.start()
    return server


def _short_folder() -> str | None:
    """A Unix socket's path holds about 100 bytes; some temporary folders are longer."""
    return None if len(tempfile.gettempdir()) < 60 else "/tmp"
