"""Servers that one lease after the other has, each alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Reusable(Protocol):
    """A server that may be given to the next lease."""

    def emptied(self) -> bool:
        """Have it forget what the last one left; whether it has: else it is closed, and the next one gets another."""

    def close(self) -> None:
        """End it; a second call does nothing."""


_Server = TypeVar("_Server", bound=Reusable)


class ReusedServers(Generic[_Server]):
    """Those of one service.

    Args:
        make: brings one up.
    """

    def __init__(self, make: Callable[[], _Server]) -> None:
        self._make = make
        self._all: list[_Server] = []
        self._free: list[_Server] = []

    def prepare(self) -> None:
        """Have one be up before the first lease; a second call does nothing. Raises: ServiceUnavailable."""
        if not self._all:
            self._free.append(self._made())

    def take(self) -> _Server:
        """One for a lease: the first that is free, so that each test has the same, else a new one.

        Raises: ServiceUnavailable.
        """
        if not self._free:
            return self._made()
        server = min(self._free, key=self._all.index)
        self._free.remove(server)
        return server

    def give_back(self, server: _Server) -> None:
        """A lease has ended; a second call, and one after `close`, do nothing."""
        if server not in self._all or server in self._free:
            return
        if server.emptied():
            self._free.append(server)
        else:
            self._all.remove(server)
            server.close()

    def close(self) -> None:
        """End all."""
        self._free.clear()
        while self._all:
            self._all.pop().close()

    def _made(self) -> _Server:
        server = self._make()
        self._all.append(server)
        return server
