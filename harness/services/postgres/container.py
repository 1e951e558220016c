"""Driver: a PostgreSQL in a container."""

from __future__ import annotations

import secrets

from harness.services.containers.container import Container
from harness.services.postgres.address import Database
from harness.services.postgres.install import DRIVER, see_postgres_installed
from harness.services.postgres.own import ROLE, OwnPostgres

IMAGE = "postgres:18"
_DATABASE = "harness"


class ContainerPostgres(OwnPostgres):
    """A server on a free port of 127.0.0.1, with a password made up for it. Its clock is the machine's.

    Args:
        image: as the official one: ``POSTGRES_USER``, ``POSTGRES_PASSWORD``, ``POSTGRES_DB`` and ``PGDATA`` mean the
            same in it.
    """

    title = "the PostgreSQL in a container"

    def __init__(self, image: str = "") -> None:
        super().__init__()
        self._image = image or IMAGE
        self._container: Container | None = None

    def _up(self) -> Database:
        see_postgres_installed(DRIVER)
        password = secrets.token_hex(12)
        words = {"user": ROLE, "password": password, "dbname": _DATABASE}
        self._container = Container("postgres", self._image, words)
        host, port = self._container.start()
        return Database(host, port, ROLE, password, _DATABASE)

    def _down(self) -> None:
        container, self._container = self._container, None
        if container is not None:
            container.close()

    def _diagnose(self) -> str | None:
        return None
