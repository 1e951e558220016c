"""Entries of a world whose values stand in the environment: ``{from: environment}``.

What stands there may be production's, so that it is given to a Dag only where the world asks for it by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.errors import WorldError
from harness.project.declarations import CONNECTION, VARIABLE
from harness.world.connection import Connection
from harness.world.model import World
from harness.world.problem import EntryError, WorldProblem

PREFIX = {"connections": CONNECTION, "variables": VARIABLE}


def variable_of(section: str, name: str) -> str:
    """The variable of the environment that Airflow reads; Source: ``EnvironmentVariablesBackend`` (3.3.2)."""
    return PREFIX[section] + name.upper()


def taken_from(world: World, environment: Mapping[str, str], required: bool) -> World:
    """The world with the entries that the environment holds; its variables are set in place.

    Args:
        environment: ``AIRFLOW_CONN_*`` and ``AIRFLOW_VAR_*``, of ``.env`` too.
        required: what is not there is an error.
    Raises: WorldError: a connection that cannot be read; never with its value.
    """
    connections = dict(world.connections)
    for section, name in sorted(world.from_environment):
        variable = variable_of(section, name)
        if name in (connections if section == "connections" else world.variables):
            continue
        if variable in environment and section == "variables":
            world.variables[name] = environment[variable]
        elif variable in environment:
            connections[name] = _connection(environment[variable], variable, world.where(section, name))
        elif required:
            raise WorldError(
                f"{section[:-1]} {name!r} comes from the environment, which has no {variable}",
                where=world.where(section, name),
                fix=f"set {variable} in the shell or in .env, or give it a value of its own in the world",
            )
    return replace(world, connections=connections)


def _connection(text: str, variable: str, where: str | None) -> Connection:
    from harness.world.reading import read_connection
    from harness.world.sources.include import connection_fields

    try:
        try:
            return read_connection(connection_fields(text))
        except ValueError as error:
            raise EntryError(WorldProblem(str(error))) if not isinstance(error, EntryError) else error from None
    except EntryError as invalid:
        fact = invalid.problems[0].fact
        raise WorldError(f"{variable} of the environment is no connection: {fact}", where=where) from None
