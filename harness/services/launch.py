"""Starting a server beside this process, on a free port of 127.0.0.1, in a temporary folder, kept by a reaper.

Every wait is a wait of the operating system for a file descriptor: Python's clock and ``time.sleep`` may be virtual.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from harness.errors import ServiceUnavailable
from harness.services.reaper import Order, tail
from harness.services.reaper_link import ReaperLink, ReaperMessage
from harness.services.room import more_room

HOST = "127.0.0.1"
PORT_ATTEMPTS = 5
START_MS = 60_000


def launched(title: str, order_of: Callable[[int], Order], fix: str) -> tuple[ReaperLink, int]:
    """The reaper of a server that serves, and the server's port; another one is tried if it was taken meanwhile.

    Args:
        title: of the server, as it begins a sentence.
        order_of: what to run, for a port.
        fix: what might mend a server that does not start.
    Raises: ServiceUnavailable: with the end of its log.
    """
    for _ in range(PORT_ATTEMPTS):
        port = free_port()
        link = ReaperLink(order_of(port))
        try:
            event = link.event(START_MS)
        except BaseException:
            link.close()
            raise
        if event is not None and event["event"] == "serving":
            return link, port
        link.close()
        if event is None:
            raise ServiceUnavailable(f"{title} is not up within {START_MS // 1000} s", fix=fix)
        if event["event"] != "ended" or not any("Address already in use" in line for line in event["log"]):
            raise _failure(title, event, fix)
    raise ServiceUnavailable(f"{title} finds no free port on {HOST} in {PORT_ATTEMPTS} attempts", fix=fix)


def free_port() -> int:
    """One that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def words_so_far(link: ReaperLink | None) -> str | None:
    """The end of a server's log, whether it runs or has ended; None where none was started."""
    event = link.event(0) if link else None
    if event:
        return _lines(event["log"])
    return _lines(tail(f"{link.folder}/log")) if link and link.folder else None


def _failure(title: str, event: ReaperMessage, fix: str) -> ServiceUnavailable:
    program = event["program"]
    fact = f"{title} does not start: {Path(program).name} ended with {event['code']}"
    fix = more_room(str(event["code"]), *event["log"]) or fix
    return ServiceUnavailable(fact, where=program, known=_lines(event["log"]), fix=fix)


def _lines(log: list[str]) -> str:
    """The end of a log below one label of an error."""
    return "\n          ".join(["the log ends:", *log]) if log else "the log is empty"
