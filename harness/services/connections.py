"""Servers of this process: a thread that listens, one for each connection, all of which can be ended."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, ClassVar, NoReturn


def reset(connection: socket.socket) -> NoReturn:
    """End a connection with a reset in place of an answer. Raises: ConnectionResetError: for the server's own code."""
    whole = socket.socket(fileno=connection.detach())  # files made of it would keep it open
    whole.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    whole.close()
    raise ConnectionResetError(errno.ECONNRESET, "a fault of the world")


def kept_port(address: tuple[str, int]) -> socket.socket:
    """A socket that has a port and does not listen: whoever connects is refused, and nobody else gets the port."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections to who had it before are still ending
    made.bind(address)
    return made


async def begun() -> None:
    """Wait until the connections that this thread's event loop has accepted have begun: two turns of it later."""
    for _ in range(3):
        await asyncio.sleep(0)


class ConnectionThreads:
    """A thread for each connection.

    Args:
        name: of the threads.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._busy: dict[threading.Thread, socket.socket] = {}
        self._lock = threading.Lock()

    def begin(self, serve: Callable[[Any, Any], object], connection: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own."""

        def served() -> None:
            try:
                serve(connection, client_address)
            finally:
                self._busy.pop(threading.current_thread(), None)

        thread = threading.Thread(target=served, name=self._name, daemon=True)
        with self._lock:  # else `cut` joins a thread that is not started yet, which is an error
            self._busy[thread] = connection
            thread.start()

    def cut(self) -> None:
        """End all there are and wait for their threads, also those whose client keeps a connection and says nothing."""
        with self._lock:
            busy = list(self._busy.items())
        for thread, connection in busy:
            with suppress(OSError):  # it ends by itself
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()


class ListeningServer(ThreadingMixIn, TCPServer):
    """How a server of ``socketserver`` listens and ends: the first base of a class of one.

    Attributes:
        threads_name: of its threads, as they begin.
    """

    threads_name: ClassVar[str]
    _closed = _refuses = False

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)  # of the other base, which has arguments of its own

    def listen(self) -> None:
        """Take requests from now on, in a thread."""
        self._connections = ConnectionThreads(f"{self.threads_name}-connection")
        self._begin()

    def _begin(self) -> None:
        self._listening = threading.Thread(target=self._listen, name=self.threads_name, daemon=True)
        self._listening.start()

    def cut(self) -> None:
        """Break every connection there is."""
        self._connections.cut()

    def refuse(self) -> None:
        """Break every connection and refuse new ones, whoever asks, until `accept`; the port stays this server's."""
        if not self._closed and not self._refuses:
            self._refuses = True
            self._stop()
            address = self.socket.getsockname()
            self.socket.close()
            self.socket = kept_port(address)
            self._connections.cut()

    def accept(self) -> None:
        """Take connections again."""
        if self._refuses and not self._closed:
            self._refuses = False
            self.socket.listen(self.request_queue_size)
            self._begin()

    def close(self) -> None:
        """Free the port and end its threads, also those whose client keeps a connection; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._stop()
        self.server_close()
        self._connections.cut()

    def _stop(self) -> None:
        """Wait until the thread listens no longer."""
        with suppress(OSError):  # it waits for a request, without a limit
            host, port = self.server_address[:2]
            socket.create_connection((str(host), port), timeout=1).close()
        self._listening.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread of a connection's own, which is remembered."""
        if self._closed or self._refuses:
            self.shutdown_request(request)
            return
        self._connections.begin(self.process_request_thread, request, client_address)

    def _listen(self) -> None:
        # No `serve_forever`: it looks twice a second whether it shall end, and so takes half a second to.
        while not (self._closed or self._refuses):
            self.handle_request()


def sever(peer: str) -> None:
    """Break the connections of this process to a server that is another's.

    Args:
        peer: ``host:port``.
    """
    host, _, port = peer.rpartition(":")
    with suppress(OSError):  # nobody of that name: no connection either
        places = {found[4][:2] for found in socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)}
        for descriptor in Path("/proc/self/fd" if sys.platform == "linux" else "/dev/fd").iterdir():
            with suppress(OSError):  # closed by now, or connected to nobody
                _shut(int(descriptor.name), places)


def _shut(descriptor: int, places: set[Any]) -> None:
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        if connection.getpeername()[:2] in places:
            connection.shutdown(socket.SHUT_RDWR)
