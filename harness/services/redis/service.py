"""Redis as a service: fakeredis in this process, a container, or a server that runs already."""

from __future__ import annotations

import os
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.errors import ServiceUnavailable
from harness.services.base import Lease, Service
from harness.services.installed import see_installed
from harness.services.reused import ReusedServers

URL_VARIABLE = "AIRFLOW_HARNESS_REDIS_URL"


class RedisService(Service):
    """A Redis for each lease; on a server of the user's, its own database."""

    name = "redis"
    conn_types = ("redis",)
    drivers = ("embedded", "container", "external")
    title = "Redis, played by fakeredis"
    address_variable = URL_VARIABLE

    def __init__(self, driver: str) -> None:
        super().__init__(driver)
        self._servers: ReusedServers[Any] = ReusedServers(self._server)

    @classmethod
    def why_clock_is_real(cls, driver: str) -> str | None:
        """Keys expire by the clock of whoever serves."""
        return None if driver == "embedded" else "the server does not run in this process"

    def start(self) -> None:
        """Load what it needs; a container is up from here on. Raises: ServiceUnavailable."""
        brought = {"redis": "redis"} | ({"fakeredis": "fakeredis"} if self.driver == "embedded" else {})
        see_installed("Redis", "redis", brought)
        if self.driver == "container":
            self._servers.prepare()
        if self.driver == "external":
            self._external()

    def lease(self, holder: str, conn_id: str, options: Any) -> Lease:  # noqa: ARG002 - keys have the names of production
        """A Redis of its own. Raises: ServiceUnavailable."""
        from harness.services.redis.lease import RedisLease

        if self.driver == "external":
            return RedisLease(conn_id, self._external())
        server = self._servers.take()
        give_back = partial(self._servers.give_back, server)
        return RedisLease(conn_id, server.endpoint, give_back, server.breakable)

    def close(self) -> None:
        """End the servers that are left."""
        self._servers.close()

    def _server(self) -> Any:
        """One, up. Raises: ServiceUnavailable."""
        if self.driver == "container":
            from harness.services.redis.container import ContainedRedis

            return ContainedRedis(self.image)
        from harness.services.redis.server import FakeRedisServer

        return FakeRedisServer()

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
