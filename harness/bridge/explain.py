"""Errors of tasks, told so that their owner can act: the user's own frames, what is known, the fix."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from harness.bridge.standins.elsewhere import remedy_of
from harness.errors import known_names
from harness.kernel.whose import is_ours, is_users, is_users_file, text_of

if TYPE_CHECKING:
    from harness.world import World

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


@dataclass(frozen=True)
class Explanation:
    """An error of a task.

    Attributes:
        kind: the exception's class name.
        message: its text, memory addresses taken out.
        traceback: the user's frames, or the operator's when no frame is the user's.
        where: ``file:line`` of the last user frame, None when there is none.
        hint: a remedy for errors the harness knows, else None.
    """

    kind: str
    message: str
    traceback: str
    where: str | None
    hint: str | None


def explain(error: BaseException, world: World | None) -> Explanation:
    """Describe an exception that a task, trigger or callback raised."""
    remedy = remedy_of(error)
    if remedy is not None:  # nothing of the operator's ran: frames would be Airflow's and ours
        name = type(error).__name__
        return Explanation(name, str(error), f"{name}: {error}\n", where=None, hint=remedy)
    shown_entries = set(map(id, user_entries(error)))
    every = zip(_walk(error.__traceback__), traceback.extract_tb(error.__traceback__))  # noqa: B905 - sys.tracebacklimit
    frames = [frame for tb, frame in every if id(tb) in shown_entries]
    last = next((frame for frame in reversed(frames) if is_users_file(frame.filename)), None)
    text = _ADDRESS.sub("", text_of(error, frames, chain=False))
    cause = error.__cause__
    if cause is not None:
        text = "".join(traceback.format_exception_only(type(cause), cause)) + "  was the cause of\n" + text
    return Explanation(
        kind=type(error).__name__,
        message=_ADDRESS.sub("", str(error)),
        traceback=text,
        where=f"{last.filename}:{last.lineno}" if last is not None else None,
        hint=hint(error, world),
    )


def user_entries(error: BaseException) -> list[TracebackType]:
    """The entries of a traceback worth showing: from the first of the user's on, else the last three not of ours."""
    entries = [tb for tb in _walk(error.__traceback__) if not is_ours(_file(tb))]
    for position, tb in enumerate(entries):
        if is_users(_module(tb)) and is_users_file(_file(tb)):
            return entries[position:]
    return entries[-3:]


def hint(error: BaseException, world: World | None) -> str | None:
    """The remedy for the errors whose cause is the world around the task."""
    text = str(error)
    name = type(error).__name__
    connections, variables = (world.connections, world.variables) if world is not None else ({}, {})
    if found := re.search(r"conn_id `([^`]+)` isn't defined|CONNECTION_NOT_FOUND.*'conn_id': '([^']+)'", text):
        conn_id = found[1] or found[2]
        place = world.elsewhere.get(conn_id.lower()) if world is not None else None
        if place is not None:
            return (
                f"connection {conn_id!r} stands outside of the world alone, in {place}, and may be production's; "
                f"write {conn_id}: {{from: environment}} under connections: in the world file to have it used"
            )
        return (
            f"connection {conn_id!r} is not in the world; known: {known_names(conn_id, connections)}; "
            f"declare it under connections: in the world file, or world.set_connection({conn_id!r}, …) in the test"
        )
    if found := re.search(
        r"VARIABLE_NOT_FOUND.*'key': '([^']+)'|[Vv]ariable (?:with key )?'?([\w.-]+)'? (?:is )?not found", text
    ):
        key = found[1] or found[2]
        if key in variables:  # Airflow looks on where a value cannot be read, and then says that there is none
            return (
                f"variable {key!r} is in the world, but its value is no JSON, as which the task reads it; "
                f"give it as JSON under variables: in the world file ({key}: {{…}}), or read it as text"
            )
        return (
            f"variable {key!r} is not in the world; known: {known_names(key, variables)}; "
            f"declare it under variables: in the world file, or world.set_variable({key!r}, …) in the test"
        )
    if "Direct database access" in text or "Metadatabase from dags" in text:
        return "Airflow 3 refuses tasks the metadata database; use the task context, the Task SDK or the REST API"
    if isinstance(error, TypeError) and re.search(r"cannot serialize object of type|not JSON serializable", text, re.I):
        return "an XCom must be serialisable: return plain data, or a path or id of what was stored elsewhere"
    if name == "XComForMappingNotPushed":
        return "a task that others expand over must return a list or dict on every path"
    return None


def _walk(tb: TracebackType | None) -> list[TracebackType]:
    found = []
    while tb is not None:
        found.append(tb)
        tb = tb.tb_next
    return found


def _file(tb: TracebackType) -> str:
    return tb.tb_frame.f_code.co_filename


def _module(tb: TracebackType) -> str:
    return str(tb.tb_frame.f_globals.get("__name__", ""))


def is_users_frame(frame: FrameType) -> bool:
    """Whether a frame is of the user's own code."""
    return is_users(str(frame.f_globals.get("__name__", ""))) and is_users_file(frame.f_code.co_filename)
