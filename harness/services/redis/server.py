"""Redis as fakeredis plays it, behind a port of its own, in threads of this process: its clock is the run's."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any

from fakeredis import TcpFakeServer

from harness.services.connections import ConnectionThreads

HOST = "127.0.0.1"


class FakeRedisServer(TcpFakeServer):  # type: ignore[misc]
    """A server of one lease; it listens when made.

    Attributes:
        port: of 127.0.0.1.
    """

    def __init__(self) -> None:
        self._connections, self._closed = ConnectionThreads("airflow-harness-redis-connection"), False
        super().__init__((HOST, 0))
        self.port = int(self.server_address[1])
        # No `serve_forever`: it looks twice a second whether it shall end, and so takes half a second to.
        self._listening = threading.Thread(target=self._listen, name="airflow-harness-redis", daemon=True)
        self._listening.start()

    def close(self) -> None:
        """End its threads, also those whose client keeps a connection; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._shutdown_event.set()
        with suppress(OSError):
            socket.create_connection((HOST, self.port), timeout=1).close()
        self._listening.join()
        self.server_close()
        self._connections.cut()

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread of a connection's own, which is remembered."""
        if self._closed:
            self.shutdown_request(request)
            return
        self._connections.begin(self.process_request_thread, request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing on the terminal: the client has the error."""

    def _listen(self) -> None:
        while not self._closed:
            self.handle_request()
