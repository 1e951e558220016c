"""Redis as a service: fakeredis in this process, a container, or a server that runs already."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.errors import ServiceUnavailable
from harness.services.base import Lease, Service
from harness.services.installed import see_installed

URL_VARIABLE = "AIRFLOW_HARNESS_REDIS_URL"
IMAGE = "redis:8"


class RedisService(Service):
    """A Redis for each lease; on a server of the user's, its own database."""

    name = "redis"
    conn_types = ("redis",)
    drivers = ("embedded", "container", "external")
    title = "Redis, played by fakeredis"

    def __init__(self, driver: str) -> None:
        super().__init__(driver)
        self._servers: list[Any] = []
        self._free: list[tuple[Any, Any]] = []

    @classmethod
    def automatic(cls, environment: Mapping[str, str]) -> tuple[str, str]:
        """A server of the user's own where there is an URL of one."""
        if environment.get(URL_VARIABLE):
            return "external", URL_VARIABLE
        return "embedded", "the default"

    @classmethod
    def why_clock_is_real(cls, driver: str) -> str | None:
        """Keys expire by the clock of whoever serves."""
        return None if driver == "embedded" else "the server does not run in this process"

    def start(self) -> None:
        """Load what it needs; a container is up from here on. Raises: ServiceUnavailable."""
        brought = {"redis": "redis"} | ({"fakeredis": "fakeredis"} if self.driver == "embedded" else {})
        see_installed("Redis", "redis", brought)
        if self.driver == "container" and not self._servers:
            self._free.append(self._contained())
        if self.driver == "external":
            self._external()

    def lease(self, holder: str, conn_id: str, options: Any) -> Lease:  # noqa: ARG002 - keys have the names of production
        """A Redis of its own. Raises: ServiceUnavailable."""
        from harness.services.redis.lease import RedisEndpoint, RedisLease

        if self.driver == "external":
            return RedisLease(conn_id, self._external())
        if self.driver == "embedded":
            from harness.services.redis.server import HOST, FakeRedisServer

            server = FakeRedisServer()
            self._servers.append(server)
            return RedisLease(conn_id, RedisEndpoint(HOST, server.port), server.close, server)
        container, endpoint = self._free.pop() if self._free else self._contained()

        def give_back() -> None:
            emptied(lease)
            self._free.append((container, endpoint))

        lease = RedisLease(conn_id, endpoint, give_back)
        return lease

    def close(self) -> None:
        """End the servers that are left."""
        self._free.clear()
        while self._servers:
            self._servers.pop().close()

    def _contained(self) -> tuple[Any, Any]:
        """A container, up, and where it answers."""
        from harness.services.containers.container import Container
        from harness.services.redis.lease import RedisEndpoint

        password = secrets.token_hex(12)
        container = Container("redis", self.image or IMAGE, {"password": password})
        host, port = container.start()
        self._servers.append(container)
        return container, RedisEndpoint(host, port, password=password)

    def _external(self) -> Any:
        """Where a server of the user's answers. Raises: ServiceUnavailable: nobody says, or it is no URL."""
        from harness.services.redis.lease import RedisEndpoint

        fix = f"set {URL_VARIABLE}=redis://user:password@host:6379/0"
        url = os.environ.get(URL_VARIABLE)
        if not url:
            raise ServiceUnavailable("the external Redis needs an URL", fix=fix)
        try:
            parts = urlsplit(url)
            port, db = parts.port or 6379, int(parts.path.strip("/") or 0)
        except ValueError:
            parts, port, db = urlsplit(""), 0, 0
        if parts.scheme != "redis" or not parts.hostname:
            # The URL is not shown: it may hold a password.
            raise ServiceUnavailable("the URL of the external Redis is no redis:// one", where=URL_VARIABLE, fix=fix)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return RedisEndpoint(parts.hostname, port, user, password, db)


def emptied(lease: Any) -> None:
    """Forget all that a lease's server holds, in every database of it."""
    import redis

    with redis.Redis.from_url(lease.url) as client:
        client.flushall()
