"""Sockets of tasks whose answers take virtual time: a read waits that long, or for its own timeout, which is virtual.

A blocking socket holds its task. One of an event loop is not read from until its time has come, so that other
coroutines go on and timeouts of the loop come first.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from harness.bridge.patches import Change, replaced
from harness.kernel import SECOND, latency, seconds
from harness.kernel.instant import Microseconds
from harness.kernel.present import pause


@contextmanager
def answers_that_take_time() -> Iterator[None]:
    """Wait for them in the block."""
    try:
        with replaced(_changes()):
            yield
    finally:
        latency.forget()


def _changes() -> Iterator[Change]:
    for name in ("recv", "recv_into"):
        yield socket.socket, name, _waiting(getattr(socket.socket, name))


def _waiting(original: Callable[..., Any]) -> Callable[..., Any]:
    def receive(self: socket.socket, *args: Any, **kwargs: Any) -> Any:
        limit_s = self.gettimeout()
        if limit_s == 0:
            if latency.any_takes() and _is_put_off(self):
                raise BlockingIOError
            return original(self, *args, **kwargs)
        found = original(self, *args, **kwargs)
        takes = latency.taken(_client(self)) if latency.any_takes() else None
        if takes is not None:
            _wait(takes, limit_s)
        return found

    return receive


def _client(connection: socket.socket) -> latency.Client:
    name = connection.getsockname()
    return (name[0], name[1]) if isinstance(name, tuple) else ("", 0)


def _wait(takes: Microseconds, limit_s: float | None) -> None:
    """Wait for an answer. Raises: TimeoutError: the socket's own timeout is over before."""
    if limit_s is not None and takes > seconds(limit_s):
        pause(limit_s, f"answer, timeout of {limit_s:g} s")
        raise TimeoutError("timed out")
    pause(takes / SECOND, f"answer, {takes / SECOND:g} s")


def _is_put_off(connection: socket.socket) -> bool:
    """Have an event loop read later, where the answer's time has not come; the loop's own readers do the rest."""
    takes = latency.taken(_client(connection))
    if takes is None:
        return False
    try:
        loop: Any = asyncio.get_running_loop()
        descriptor = connection.fileno()
        reader = loop._selector.get_key(descriptor).data[0]
    except (RuntimeError, KeyError, AttributeError):  # of no loop, or of none that we know: it reads at once
        return False
    if reader is None:
        return False
    callback, args = reader._callback, reader._args
    loop._remove_reader(descriptor)

    def read_on() -> None:
        if connection.fileno() == descriptor:  # else it was closed meanwhile, as by a timeout
            loop._add_reader(descriptor, callback, *args)

    loop.call_later(takes / SECOND, read_on)
    return True
