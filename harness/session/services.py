"""Connections of the world that name a service, given the address of a real one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from harness.services import PostgresServer, open_postgres
from harness.services.postgres import URL_VARIABLE
from harness.world import World


def needs_postgres(world: World) -> bool:
    """Whether a connection of the world asks for the PostgreSQL service."""
    return any(connection.service == "postgres" for connection in world.connections.values())


@contextmanager
def served(world: World) -> Iterator[World]:
    """The world with every service up for the length of the block; the world itself when it names none.

    Raises: ServiceUnavailable: one that cannot start.
    """
    if not needs_postgres(world):
        yield world
        return
    with open_postgres("external" if os.environ.get(URL_VARIABLE) else "embedded") as server:
        yield connected(world, server)


def connected(world: World, server: PostgresServer) -> World:
    """A copy of the world whose ``service: postgres`` connections lead to databases of their own."""
    copy = world.copy()
    for conn_id, connection in world.connections.items():
        if connection.service == "postgres":
            address = server.create_database(conn_id).airflow
            fields: dict[str, Any] = {name: value for name, value in address.items() if name != "conn_type"}
            copy.connections[conn_id] = replace(connection, service=None, conn_type="postgres", **fields)
    return copy
