"""Choosing a driver of PostgreSQL. What it needs is imported once it is chosen: psycopg2 is an extra of the package."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.services.postgres.address import URL_VARIABLE, PostgresServer

if TYPE_CHECKING:
    from harness.services.postgres.attached import AttachedPostgres


def open_postgres(driver: str = "embedded", url: str | None = None, image: str = "") -> PostgresServer:
    """A server, not yet started.

    Args:
        driver: ``embedded``, a server of our own without Docker; ``container``, one of our own in Docker; ``external``,
            one that runs already.
        url: of the external server, ``postgresql://user:password@host:port/dbname``; without it, the environment
            variable AIRFLOW_HARNESS_POSTGRES_URL.
        image: of the container; by default the official one.
    Raises: UsageError: no such driver, or a URL for one of our own. ServiceUnavailable: external without a URL.
    """
    if driver == "external":
        from harness.services.postgres.external import ExternalPostgres

        return ExternalPostgres(url or os.environ.get(URL_VARIABLE, ""))
    if driver not in ("embedded", "container"):
        raise UsageError(f"there is no PostgreSQL driver {driver!r}", known="embedded, container, external")
    if url is not None:
        raise UsageError(f"the {driver} PostgreSQL takes no URL", fix="driver='external', or leave url out")
    if driver == "container":
        from harness.services.postgres.container import ContainerPostgres

        return ContainerPostgres(image)
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
