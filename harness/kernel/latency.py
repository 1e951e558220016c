"""Answers of servers of this process that take virtual time: the server says how long, the client's side waits.

A server's thread cannot wait for virtual time itself: the task that asks stands still in a real wait for its answer,
and so does the clock. So the answer is sent at once, and the task waits where it reads it.
"""

from __future__ import annotations

from harness.kernel.instant import Microseconds

Client = tuple[str, int]
"""Host and port of the client's end of a connection."""

_TAKES: dict[Client, Microseconds] = {}
"""The process's, as its one simulation is: servers of any test and clients of any task have only their connection in
common."""


def answer_takes(client: Client, by: Microseconds) -> None:
    """Have the answer that is sent next to a client take so long. Called in the server's thread, before it is sent."""
    _TAKES[client] = by


def any_takes() -> bool:
    """Whether anybody is to wait; asked at each read of each socket."""
    return bool(_TAKES)


def taken(client: Client) -> Microseconds | None:
    """How long the answer that a client reads now takes, told once; None where nobody said."""
    return _TAKES.pop(client, None)


def forget() -> None:
    """No client waits any more."""
    _TAKES.clear()
