"""MySQL as a service: a server of the harness's own, or one that runs already; a database for each lease."""

from __future__ import annotations

import os
from typing import Any, Protocol

from harness.services.base import Lease, Service, SetClock
from harness.services.installed import see_installed
from harness.services.mysql.address import CLOCK_VARIABLE, URL_VARIABLE, MysqlDatabase
from harness.services.sql.options import SqlOptions, SqlRuns
from harness.services.virtual_time import why_real_of


class MysqlServer(Protocol):
    """A server, by one of the drivers.

    Attributes:
        clock: what sets SQL's clock, while it is up; None where that is real.
    """

    @property
    def clock(self) -> SetClock | None: ...

    def start(self) -> MysqlDatabase:
        """Bring it up: whom to give orders. Raises: ServiceUnavailable."""

    def close(self) -> None:
        """Take down what this object brought up; a second call does nothing."""

    def diagnose(self) -> str | None:
        """More to say when it does not answer any more."""


class MysqlService(Service):
    """A MariaDB of the harness's own, or a MySQL or MariaDB that runs already."""

    name = "mysql"
    conn_types = ("mysql",)
    drivers = ("embedded", "container", "external")
    title = "a MariaDB of this machine's programs"
    options = SqlOptions
    event = SqlRuns
    address_variable = URL_VARIABLE

    def __init__(self, driver: str) -> None:
        super().__init__(driver)
        self._server: MysqlServer | None = None
        self._databases: Any = None
        self._owner_pid = 0

    @classmethod
    def why_clock_is_real(cls, driver: str) -> str | None:
        """As PostgreSQL's: only that of a server beside us is ours to set."""
        return why_real_of(driver, CLOCK_VARIABLE)

    def clock(self) -> SetClock | None:
        """What sets SQL's clock."""
        return None if self._server is None else self._server.clock

    def start(self) -> None:
        """Bring the server up, and see that it lets us make a database. Raises: ServiceUnavailable."""
        if self._databases is not None:
            return
        see_installed("MySQL", "mysql", {"pymysql": "pymysql"})
        from harness.services.mysql.databases import MysqlDatabases

        self._owner_pid = os.getpid()
        self._server = self._of_driver()
        prefix = "harness_" if self.driver == "external" else ""
        databases = MysqlDatabases(self._server.start(), prefix, self._server.diagnose)
        databases.drop(databases.create("probe"))
        self._databases = databases

    def lease(self, holder: str, conn_id: str, options: Any) -> Lease:
        """A new database, with the seeds of the entry in it.

        Raises: ServiceUnavailable. WorldError: a seed that cannot be applied.
        """
        from harness.services.mysql.address import connect
        from harness.services.mysql.lease import MysqlLease
        from harness.services.mysql.seeds import apply
        from harness.services.sql.seeds import seed_files

        files = seed_files(options.seed, conn_id)
        database = self._databases.create(holder)
        try:
            if files:
                connection = connect(database)
                try:
                    apply(connection, files, conn_id)
                finally:
                    connection.close()
        except BaseException:
            self._databases.drop(database)
            raise
        return MysqlLease(conn_id, database, self._databases.drop)

    def close(self) -> None:
        """End the server, or drop what was made on the user's. A forked child leaves both to its owner."""
        databases, self._databases = self._databases, None
        if databases is not None and self.driver == "external" and self._owner_pid == os.getpid():
            databases.drop_all()
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _of_driver(self) -> MysqlServer:
        if self.driver == "external":
            from harness.services.mysql.external import ExternalMysql

            return ExternalMysql()
        if self.driver == "container":
            from harness.services.mysql.container import ContainerMysql

            return ContainerMysql(self.image)
        from harness.services.mysql.embedded import EmbeddedMysql

        return EmbeddedMysql()
