"""Connections that Python's sockets do not show: those of programs that tasks start, and of clients written in C.

A program is another process. Most that speak HTTP heed ``http_proxy`` and its like, and so come to a proxy first, which
lets through what the world allows, and tells of what it refuses. Each program is given credentials of its own, by which
the refusal finds the line that started it, whatever the program makes of its answer.

Clients written in C are judged where they are told whom to connect to, each whether it is imported before or meanwhile.
A table has the module, its way to connect, and how its arguments name the servers. psycopg2 and psycopg (3) are what
Airflow's Postgres hook and SQLAlchemy use; MySQLdb and pymssql are those of Airflow's MySQL and Microsoft SQL hooks,
pyodbc that of its ODBC hook.
"""

from __future__ import annotations

import _thread
import base64
import os
import socket
import sys
from binascii import Error as NoBase64
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from harness.bridge.patches import AfterImport, found

Verdict = Callable[[str, int, str], "str | None"]
"""Called with host, port and the user of the credentials; why it may not be reached, None where it may."""

_MOST_BYTES = 64 * 1024
"""Of the head of a request."""
PATIENCE_S = 60.0
"""Real seconds that a program may say nothing to us, and a server nothing to a connection that is being made."""
_CHUNK = 64 * 1024
_OURS = (b"proxy-", b"connection:")
"""Headers that are for a proxy alone."""

Judge = Callable[..., None]
"""Called with host, port and, of a database, its name where a call says it; raises NetworkRefused."""

Peers = Callable[[tuple[Any, ...], dict[str, Any]], Iterator[tuple[Any, ...]]]
"""What is judged of each server that a call names."""

_FOLDERS = ("/", "@")
"""Of a unix socket."""


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


@contextmanager
def drivers_judged(judge: Judge) -> Iterator[None]:
    """Judge their connections for the block."""
    changed: list[tuple[Any, str, Any]] = []

    def judged(module: ModuleType) -> None:
        way, peers = DRIVERS[module.__name__]
        owner, name = found(module, way)
        if owner is not None:
            original = getattr(owner, name)
            changed.append((owner, name, original))
            setattr(owner, name, _judging(original, judge, peers, module))

    waiting = AfterImport(DRIVERS, judged)
    waiting.begin()
    try:
        yield
    finally:
        waiting.end()
        for owner, name, original in reversed(changed):  # of what was changed twice, the first is the original
            setattr(owner, name, original)


def _judging(original: Callable[..., Any], judge: Judge, peers: Peers, module: ModuleType) -> Callable[..., Any]:
    def connect(*args: Any, **kwargs: Any) -> Any:
        try:
            for peer in peers(args, kwargs):
                judge(*peer)
        except ConnectionRefusedError as refused:  # not in the world, or a service that is down
            driver = sys.modules[module.__name__.partition(".")[0]]
            error: type[Exception] | None = getattr(driver, "OperationalError", None)
            if error is None:  # the driver's other kinds say that the call was wrong
                raise
            raise error(str(refused)) from refused
        return original(*args, **kwargs)

    return connect


def _of_libpq(parse: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Of a connection string of PostgreSQL, whose hosts and ports may be lists."""
    from importlib import import_module

    module, _, name = parse.rpartition(".")
    text = args[0] if args else kwargs.get("dsn", kwargs.get("conninfo", ""))
    given = getattr(import_module(module), name)(text)
    hosts = str(given.get("hostaddr") or given.get("host") or "").split(",")
    ports = str(given.get("port") or 5432).split(",")
    for position, host in enumerate(hosts):
        if host and not host.startswith(_FOLDERS):
            yield host, ports[position] if position < len(ports) else ports[-1], given.get("dbname")


def _of_names(
    hosts: tuple[str, ...], port: int, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Iterator[tuple[Any, ...]]:
    """Of arguments by name, or a host that comes first."""
    told = next((kwargs[name] for name in hosts if kwargs.get(name)), None)
    host = str(told or next((value for value in args if isinstance(value, str)), "") or "")
    if host and not host.startswith(_FOLDERS):
        name, _, own = host.replace(",", ":").partition(":")
        yield name, own or kwargs.get("port") or port, kwargs.get("db") or kwargs.get("database")


def _of_method(peers: Peers, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Of a method's arguments: its object comes first."""
    return peers(args[1:], kwargs)


def _of_odbc(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Of ``key=value;…``: a server as ``tcp:host,1433`` or ``host:port``, or a name of ``odbc.ini`` for one."""
    text = ";".join([*(str(value) for value in args), *(f"{name}={value}" for name, value in kwargs.items())])
    pairs = (part.partition("=") for part in text.split(";"))
    given = {name.strip().lower(): value.strip().strip("{}") for name, _, value in pairs if value.strip()}
    named = ("server", "servername", "host", "hostname", "address", "addr", "network address", "dsn")
    server = next((given[name] for name in named if name in given), "")
    if server and not server.startswith(_FOLDERS):
        host, _, port = server.removeprefix("tcp:").replace(",", ":").partition(":")
        yield host, port or given.get("port"), given.get("database")


DRIVERS: dict[str, tuple[str, Peers]] = {
    "psycopg2": ("_connect", partial(_of_libpq, "psycopg2.extensions.parse_dsn")),
    "psycopg.generators": ("connect", partial(_of_libpq, "psycopg.conninfo.conninfo_to_dict")),
    "MySQLdb.connections": (
        "Connection.__init__",
        partial(_of_method, partial(_of_names, ("host",), 3306)),
    ),
    "pymssql": ("connect", partial(_of_names, ("server", "host"), 1433)),
    "pyodbc": ("connect", _of_odbc),
}
"""Module -> its way to connect, and how a call names the servers."""
