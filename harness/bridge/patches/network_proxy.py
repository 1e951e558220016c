"""The proxy of programs that tasks start: it lets through what the world allows, and tells of what it refuses.

A program is another process, whose sockets nobody here sees. Most that speak HTTP heed ``http_proxy`` and its like, and
so come here first. Each is given credentials of its own, by which the refusal finds the line that started it, whatever
the program makes of its answer.
"""

from __future__ import annotations

import _thread
import base64
import os
import socket
from binascii import Error as NoBase64
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

Verdict = Callable[[str, int, str], "str | None"]
"""Called with host, port and the user of the credentials; why it may not be reached, None where it may."""

_MOST_BYTES = 64 * 1024
"""Of the head of a request."""
PATIENCE_S = 60.0
"""Real seconds that a program may say nothing to us, and a server nothing to a connection that is being made."""
_CHUNK = 64 * 1024
_OURS = (b"proxy-", b"connection:")
"""Headers that are for a proxy alone."""


class RefusingProxy:
    """A proxy on loopback, at work from the start on.

    Its threads are started below ``threading``: what is patched there keeps a task's threads in step with virtual time,
    and these are none.

    Args:
        verdict: says what may be reached.
    Attributes:
        pid: the process that it is at work in; one that is forked off has no such threads.
    """

    def __init__(self, verdict: Verdict) -> None:
        self._verdict = verdict
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port: int = self._listener.getsockname()[1]
        self.pid = os.getpid()
        _thread.start_new_thread(self._serve, ())

    def url(self, user: str) -> str:
        """What a program is given; some clients send no credentials without a password."""
        return f"http://{user}:x@127.0.0.1:{self._port}"

    def close(self) -> None:
        """Take no more connections; those that are open end with their programs."""
        if self.pid == os.getpid():
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # close() alone does not wake who waits in accept()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            _thread.start_new_thread(self._answer, (client,))

    def _answer(self, client: socket.socket) -> None:
        with client, suppress(OSError, ValueError):
            client.settimeout(PATIENCE_S)
            head, rest = _head(client)
            method, target, *_ = head[0].decode("latin-1").split(" ")
            host, port = _peer(method, target)
            why = self._verdict(host, port, _user(head))
            if why is not None:
                client.sendall(_said("403 Forbidden", why))
                return
            try:
                server = socket.create_connection((host, port), timeout=PATIENCE_S)
            except OSError as error:
                client.sendall(_said("502 Bad Gateway", str(error)))
                return
            with server:
                if method == "CONNECT":
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    server.sendall(rest)
                else:
                    server.sendall(_passed_on(head, method, target) + rest)
                _joined(client, server)


def _head(client: socket.socket) -> tuple[list[bytes], bytes]:
    """The lines of a request's head, and what has come behind it. Raises: ValueError: it has no end."""
    found = b""
    while b"\r\n\r\n" not in found:
        chunk = client.recv(_CHUNK)
        if not chunk or len(found) > _MOST_BYTES:
            raise ValueError
        found += chunk
    head, _, rest = found.partition(b"\r\n\r\n")
    return head.split(b"\r\n"), rest


def _peer(method: str, target: str) -> tuple[str, int]:
    """Host and port of a request. Raises: ValueError: it names none."""
    parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
    if not parts.hostname:
        raise ValueError(target)
    return parts.hostname, parts.port or (443 if method == "CONNECT" or parts.scheme == "https" else 80)


def _user(head: list[bytes]) -> str:
    """The user of a request's credentials; empty where it has none."""
    for line in head[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"proxy-authorization":
            with suppress(NoBase64):
                return base64.b64decode(value.split()[-1]).decode("latin-1").partition(":")[0]
    return ""


def _passed_on(head: list[bytes], method: str, target: str) -> bytes:
    """A request's head as its server has it; the connection is for this one request."""
    parts = urlsplit(target)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    kept = [line for line in head[1:] if not line.lower().startswith(_OURS)]
    return b"\r\n".join([f"{method} {path} HTTP/1.1".encode("latin-1"), *kept, b"Connection: close", b"", b""])


def _said(status: str, why: str) -> bytes:
    body = f"airflow-harness: {why}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def _joined(client: socket.socket, server: socket.socket) -> None:
    """Carry what either says to the other until the server is done."""
    client.settimeout(None)
    server.settimeout(None)
    _thread.start_new_thread(_carried, (client, server))
    _carried(server, client)


def _carried(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
