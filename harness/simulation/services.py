"""Connections of the world that name a service, given the address of a real one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from harness.services import Database, open_postgres
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
        yield bound(world, server.create_database)


def bound(world: World, database_of: Callable[[str], Database]) -> World:
    """The world with its ``service: postgres`` connections leading to real databases, which may be connected to.

    Args:
        database_of: the database of a conn_id; each has one of its own, as in production.
    """
    if not needs_postgres(world):
        return world
    named, peers = dict(world.connections), []
    for conn_id, connection in world.connections.items():
        if connection.service == "postgres":
            address: dict[str, Any] = database_of(conn_id).airflow
            named[conn_id] = replace(connection, service=None, **address)
            peers += peer_of(str(address["host"]), int(address["port"]))
    return replace(world, connections=named, network=world.network.with_more(peers))


def peer_of(host: str, port: int) -> list[str]:
    """What a world must allow for a server to be reached; nothing for a socket in a folder."""
    return [] if host.startswith("/") else [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"]
