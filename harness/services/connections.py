"""Servers of this process: a thread that listens, one for each connection, all of which can be ended."""

from __future__ import annotations

import errno
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, ClassVar, NoReturn


def reset(connection: socket.socket) -> NoReturn:
    """End a connection with a reset in place of an answer. Raises: ConnectionResetError: for the server's own code."""
    whole = socket.socket(fileno=connection.detach())  # files made of it would keep it open
    whole.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    whole.close()
    raise ConnectionResetError(errno.ECONNRESET, "a fault of the world")


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
    _closed = False

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)  # of the other base, which has arguments of its own

    def listen(self) -> None:
        """Take requests from now on, in a thread."""
        self._connections = ConnectionThreads(f"{self.threads_name}-connection")
        self._listening = threading.Thread(target=self._listen, name=self.threads_name, daemon=True)
        self._listening.start()

    def cut(self) -> None:
        """Break every connection there is."""
        self._connections.cut()

    def close(self) -> None:
        """Free the port and end its threads, also those whose client keeps a connection; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        with suppress(OSError):  # it waits for a request, without a limit
            host, port = self.server_address[:2]
            socket.create_connection((str(host), port), timeout=1).close()
        self._listening.join()
        self.server_close()
        self._connections.cut()

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread of a connection's own, which is remembered."""
        if self._closed:
            self.shutdown_request(request)
            return
        self._connections.begin(self.process_request_thread, request, client_address)

    def _listen(self) -> None:
        # No `serve_forever`: it looks twice a second whether it shall end, and so takes half a second to.
        while not self._closed:
            self.handle_request()
