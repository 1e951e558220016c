"""Redis as fakeredis plays it, behind a port of its own, in threads of this process: its clock is the run's."""

from __future__ import annotations

from typing import Any

from fakeredis import TcpFakeServer

from harness.services.connections import ListeningServer

HOST = "127.0.0.1"


class FakeRedisServer(ListeningServer, TcpFakeServer):  # type: ignore[misc]
    """A server of one lease; it listens when made.

    Attributes:
        port: of 127.0.0.1.
    """

    threads_name = "airflow-harness-redis"

    def __init__(self) -> None:
        super().__init__((HOST, 0))
        self.port = int(self.server_address[1])
        self.listen()

    def close(self) -> None:
        """See `ListeningServer`; fakeredis' own threads end too."""
        self._shutdown_event.set()
        super().close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing on the terminal: the client has the error."""
