"""Redis in a container."""

from __future__ import annotations

import secrets

import redis

from harness.services.containers.container import Container
from harness.services.redis.lease import RedisEndpoint

IMAGE = "redis:8"


class ContainedRedis:
    """A server for one lease after the other, up when made.

    Attributes:
        endpoint: where it answers.
    Raises: ServiceUnavailable.
    """

    breakable = None

    def __init__(self, image: str) -> None:
        password = secrets.token_hex(12)
        self._container = Container("redis", image or IMAGE, {"password": password})
        host, port = self._container.start()
        self.endpoint = RedisEndpoint(host, port, password=password)

    def emptied(self) -> bool:
        """Forget all that it holds, in every database of it."""
        with redis.Redis(self.endpoint.host, self.endpoint.port, password=self.endpoint.password) as client:
            client.flushall()
        return True

    def close(self) -> None:
        """Remove it; a second call does nothing."""
        self._container.close()
