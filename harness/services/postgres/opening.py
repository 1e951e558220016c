"""Choosing a driver of PostgreSQL. What it needs is imported once it is chosen: psycopg2 is an extra of the package."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from harness.errors import UsageError
from harness.services.postgres.address import URL_VARIABLE, PostgresServer

if TYPE_CHECKING:
    from harness.services.postgres.attached import AttachedPostgres


def open_postgres(driver: Literal["embedded", "external"] = "embedded", url: str | None = None) -> PostgresServer:
    """A server, not yet started.

    Args:
        driver: ``embedded``, a server of our own without Docker; ``external``, one that runs already.
        url: of the external server, ``postgresql://user:password@host:port/dbname``; without it, the environment
            variable AIRFLOW_HARNESS_POSTGRES_URL.
    Raises: UsageError: no such driver, or a URL for the embedded one. ServiceUnavailable: external without a URL.
    """
    if driver == "external":
        from harness.services.postgres.external import ExternalPostgres

        return ExternalPostgres(url or os.environ.get(URL_VARIABLE, ""))
    if driver != "embedded":
        raise UsageError(f"there is no PostgreSQL driver {driver!r}", known="embedded, external")
    if url is not None:
        raise UsageError("the embedded PostgreSQL takes no URL", fix="driver='external', or leave url out")
    from harness.services.postgres.embedded import EmbeddedPostgres

    return EmbeddedPostgres()


def attach_postgres(token: str) -> AttachedPostgres:
    """A server that another process started and shares; ``stop`` leaves it running.

    Args:
        token: what ``share()`` gave.
    Raises: UsageError: not such a token.
    """
    from harness.services.postgres.attached import AttachedPostgres

    return AttachedPostgres.from_token(token)
