"""PostgreSQL as a service: a server of the harness's own, or one that runs already; a database for each lease."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.services.base import Service, SetClock
from harness.services.postgres.address import CLOCK_VARIABLE, URL_VARIABLE, PostgresServer
from harness.services.postgres.opening import attach_postgres, open_postgres
from harness.services.sql.options import SqlOptions, SqlRuns
from harness.services.virtual_time import why_real_of


class PostgresService(Service):
    """A PostgreSQL of the harness's own, or a server that runs already."""

    name = "postgres"
    conn_types = ("postgres",)
    also_types = ("redshift",)  # it speaks PostgreSQL's protocol
    drivers = ("embedded", "container", "external")
    title = "a PostgreSQL of the harness's own"
    options = SqlOptions
    event = SqlRuns
    address_variable = URL_VARIABLE
    shared = True

    def __init__(self, driver: str, server: PostgresServer | None = None) -> None:
        super().__init__(driver)
        self._server: PostgresServer = server or open_postgres(self.driver, image=self.image)
        self._templates: dict[str, str] = {}

    @classmethod
    def is_shared(cls, driver: str) -> bool:
        """A server has one clock; where that is virtual, a process that simulates needs a server of its own."""
        return cls.why_clock_is_real(driver) is not None

    @classmethod
    def why_clock_is_real(cls, driver: str) -> str | None:
        """The clock of a server of somebody else's is not ours to set, and a container has the machine's."""
        return why_real_of(driver, CLOCK_VARIABLE)

    def clock(self) -> SetClock | None:
        """What sets SQL's clock."""
        return self._server.clock

    def start(self) -> None:
        """Bring the server up. Raises: ServiceUnavailable."""
        self._server.start()

    def lease(self, holder: str, conn_id: str, options: Any) -> Any:
        """A new database, with the seeds of the entry in it.

        Raises: ServiceUnavailable. WorldError: a seed that cannot be applied.
        """
        from harness.services.postgres.lease import PostgresLease
        from harness.services.sql.seeds import digest, seed_files

        files = seed_files(options.seed, conn_id)
        template = self._template(digest(files), files, conn_id) if files else None
        database = self._server.create_database(holder, template)
        return PostgresLease(conn_id, database, self.driver != "external", self._server.retire_database)

    def close(self) -> None:
        """Stop the server, or drop what was made on the user's."""
        self._server.stop()

    def share(self) -> str:
        """The server's token."""
        return self._server.share()

    @classmethod
    def attached(cls, token: str) -> Service:
        """The server of a token. Raises: UsageError."""
        server = attach_postgres(token)
        return cls("embedded" if server.ours else "external", server)

    def _template(self, key: str, files: list[Path], conn_id: str) -> str:
        """The name of a database with these seeds, filled once in this process and cloned for every lease."""
        from harness.services.postgres.databases import connect
        from harness.services.postgres.seeds import apply

        if key not in self._templates:
            made = self._server.create_database(f"seed_{key}")
            connection = connect(made, ours=self.driver != "external")
            try:
                apply(connection, files, conn_id)
                self._templates[key] = made.dbname
            finally:
                connection.close()  # PostgreSQL clones no database that somebody is connected to
                if key not in self._templates:
                    self._server.drop_database(made)
        return self._templates[key]
