"""Driver: a MySQL in a container."""

from __future__ import annotations

import secrets

from harness.services.containers.container import Container
from harness.services.mysql.address import MysqlDatabase

IMAGE = "mysql:8.4"


class ContainerMysql:
    """A server on a free port of 127.0.0.1, with a password made up for it. Its clock is the machine's.

    Args:
        image: as the official ones of MySQL and MariaDB: ``MYSQL_ROOT_PASSWORD`` and ``MYSQL_DATABASE`` mean the same.
    """

    clock = None

    def __init__(self, image: str) -> None:
        self._image = image or IMAGE
        self._container: Container | None = None

    def start(self) -> MysqlDatabase:
        """Bring it up: whom to give orders. Raises: ServiceUnavailable."""
        password = secrets.token_hex(12)
        self._container = Container("mysql", self._image, {"password": password})
        host, port = self._container.start()
        return MysqlDatabase(host, port, "root", password)

    def close(self) -> None:
        """Remove it; a second call does nothing."""
        container, self._container = self._container, None
        if container is not None:
            container.close()

    def diagnose(self) -> str | None:
        """Nothing: the container's log is Docker's."""
        return None
