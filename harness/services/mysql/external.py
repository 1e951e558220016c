"""Driver: a MySQL that runs already, by URL."""

from __future__ import annotations

import os

from harness.services.mysql.address import URL_VARIABLE, MysqlDatabase, of_url


class ExternalMysql:
    """A server of the user's own."""

    clock = None

    def start(self) -> MysqlDatabase:
        """Where it is, and who we are there. Raises: ServiceUnavailable: nobody says, or it is no URL."""
        return of_url(os.environ.get(URL_VARIABLE, ""))

    def close(self) -> None:
        """Leave it alone."""

    def diagnose(self) -> str | None:
        """Nothing: its log is not ours."""
        return None
