"""Redis as fakeredis plays it, behind a port of its own, in threads of this process: its clock is the run's."""

from __future__ import annotations

from typing import Any

from fakeredis import TcpFakeServer

from harness.services.connections import ListeningServer
from harness.services.redis.lease import RedisEndpoint

HOST = "127.0.0.1"


class FakeRedisServer(ListeningServer, TcpFakeServer):  # type: ignore[misc]
    """A server of one lease; it listens when made.

    Attributes:
        endpoint: where it answers.
        breakable: what can go down.
    """

    threads_name = "airflow-harness-redis"

    def __init__(self) -> None:
        super().__init__((HOST, 0))
        self.endpoint = RedisEndpoint(HOST, int(self.server_address[1]))
        self.breakable = self
        self.listen()

    def emptied(self) -> bool:
        """It is closed instead: another one costs a millisecond."""
        return False

    def close(self) -> None:
        """See `ListeningServer`; fakeredis' own threads end too."""
        self._shutdown_event.set()
        super().close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing on the terminal: the client has the error."""
