"""The connections of a server of this process: a thread for each, all of which can be ended."""

from __future__ import annotations

import errno
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn


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
