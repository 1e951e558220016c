"""Every pool, connection and variable that a file names: what a first world file is written from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.bridge.parsing.watching.secrets import JSON_VARIABLE
from harness.checks.context import FileContext
from harness.checks.resources.used_names import connections, pools, variables
from harness.world.guess import Guesses
from harness.world.scaffold import ANY_JSON

_TYPES = {
    "postgres": "postgres",
    "aws": "aws",
    "mysql": "mysql",
    "ssh": "ssh",
    "http": "http",
    "sftp": "sftp",
    "snowflake": "snowflake",
    "redis": "redis",
    "slack": "slack",
    "gcp": "google_cloud_platform",
}
_ASKED = ("connection", "variable", JSON_VARIABLE)
_DEFAULT_POOL = "default_pool"


@dataclass(frozen=True)
class UsedName:
    """A name, and where it is used.

    Attributes:
        section: ``pools``, ``connections`` or ``variables``.
        by: who uses it, in words.
        hint: of a pool the slots that one of its tasks takes, of a connection its type as its use tells it,
            of a variable that the file needs to be parsed a value that it can be parsed with, of one that is read as
            JSON an empty object.
    """

    section: str
    name: str
    by: str
    path: str
    line: int
    hint: str = ""


def names_in(file: FileContext, guesses: Guesses) -> list[dict[str, Any]]:
    """The names of one file, as JSON (see `UsedName`).

    Args:
        guesses: what stood in for variables while it was parsed.
    """
    found: list[UsedName] = []
    for dag in file.dags:
        slots = {task.task_id: str(task.pool_slots) for task in dag.tasks}
        for used in pools(dag):
            if used.name != _DEFAULT_POOL:
                hint = slots.get(used.task_id or "", "")
                found.append(UsedName("pools", used.name, used.by, used.path or file.path, used.line or 1, hint))
    for section, uses in (("connections", connections(file)), ("variables", variables(file))):
        for used in uses:
            hint = _type(used.by) if section == "connections" else ANY_JSON if used.as_json else ""
            found.append(UsedName(section, used.name, used.by, used.path or file.path, used.line or 1, hint))
    found += [_asked_while_parsed(event, guesses) for event in file.events if event.kind in _ASKED]
    return [vars(name) for name in found]


def _asked_while_parsed(event: Any, guesses: Guesses) -> UsedName:
    hint = "" if event.kind == "connection" else guesses.hint(event.detail, event.kind == JSON_VARIABLE)
    section = "connections" if event.kind == "connection" else "variables"
    return UsedName(section, event.detail, "asked for while the file is parsed", event.path, event.line, hint)


def _type(by: str) -> str:
    """A connection's type, as the argument or the hook that names it tells."""
    lowered = by.lower()
    return next((kind for word, kind in _TYPES.items() if word in lowered), "")
