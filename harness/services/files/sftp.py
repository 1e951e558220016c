"""SFTP, served by asyncssh in a thread of ours."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import asyncssh

from harness.services.base import Address
from harness.services.connections import begun, kept_port
from harness.services.files.lease import LOGIN, PASSWORD, dated

HOST = "127.0.0.1"
_THREAD = "airflow-harness-sftp"
_LOGS = (logging.getLogger("asyncssh"), logging.getLogger("asyncssh.sftp"))
"""Of servers and clients alike."""

_Value = TypeVar("_Value")


def _not_of_the_server(record: logging.LogRecord) -> bool:
    """Lines of INFO for each connection would stand in tasks' logs."""
    return record.threadName != _THREAD


class _Login(asyncssh.SSHServer):  # type: ignore[misc]
    """Lets in whoever says a password.

    Args:
        connections: where it puts its connection.
    """

    def __init__(self, connections: set[Any]) -> None:
        self._connections = connections

    def connection_made(self, conn: Any) -> None:
        """A client is here."""
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """It is gone."""
        self._connections.discard(self._connection)

    def password_auth_supported(self) -> bool:
        """It does."""
        return True

    def validate_password(self, username: str, password: str) -> bool:  # noqa: ARG002
        """Any will do."""
        return True


class _Files(asyncssh.SFTPServer):  # type: ignore[misc]
    """The files of one folder; what is written is of the run's time."""

    def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
        """Keep its name for `close`."""
        opened = super().open(path, pflags, attrs)
        self._written = getattr(self, "_written", {})
        if pflags & (asyncssh.FXF_WRITE | asyncssh.FXF_APPEND):
            self._written[opened] = self.map_path(path).decode()
        return opened

    def close(self, file_obj: Any) -> None:
        """Date what was written."""
        super().close(file_obj)
        written = self._written.pop(file_obj, None)
        if written is not None:
            dated(written)


def address_of(host: str, port: int, login: tuple[str, str], key: Any) -> Address:
    """Of a connection that knows the host's key, so that no look at ``~/.ssh`` is needed."""
    known = " ".join(key.export_public_key().decode().split()[:2])
    extra = json.dumps({"host_key": known, "look_for_keys": False})
    user, password = login
    return Address(
        {"conn_type": "sftp", "host": host, "port": port, "login": user, "password": password, "extra": extra},
        () if host == HOST else (f"{host}:{port}",),
    )


class SftpThread:
    """A thread in which an event loop serves the ports of all leases. It may be made outside a simulation only.

    Attributes:
        key: of the host.
    """

    def __init__(self) -> None:
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self._loop = asyncio.SelectorEventLoop()  # not the policy's: a simulation's would be on virtual time
        for log in _LOGS:
            log.addFilter(_not_of_the_server)
        self._thread = threading.Thread(target=self._loop.run_forever, name=_THREAD, daemon=True)
        self._thread.start()

    def serve(self, folder: Path) -> SftpPort:
        """A port that serves a folder."""
        return SftpPort(self, folder)

    def call(self, work: Coroutine[Any, Any, _Value]) -> _Value:
        """What a coroutine returns, run in the thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """End the thread; the ports have ended before."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        for log in _LOGS:
            log.removeFilter(_not_of_the_server)

    async def listen(self, folder: Path, connections: set[Any], at: socket.socket) -> Any:
        """Serve a folder at a socket, with ``connections`` those that there are."""
        return await asyncssh.listen(
            sock=at,
            server_factory=lambda: _Login(connections),
            server_host_keys=[self.key],
            sftp_factory=lambda channel: _Files(channel, chroot=str(folder).encode()),
            allow_scp=True,
            login_timeout=0,
            keepalive_interval=0,
        )


class SftpPort:
    """The port of one lease."""

    def __init__(self, thread: SftpThread, folder: Path) -> None:
        self._thread, self._folder = thread, folder
        self._connections: set[Any] = set()
        self._kept: socket.socket | None = kept_port((HOST, 0))
        self.port: int = self._kept.getsockname()[1]
        self.accept()

    def address(self) -> Address:
        """Of a connection to it."""
        return address_of(HOST, self.port, (LOGIN, PASSWORD), self._thread.key)

    def cut(self) -> None:
        """Break every connection to it."""
        self._thread.call(self._abort())

    def refuse(self) -> None:
        """Break every connection to it, and refuse new ones."""
        if self._kept is None:
            self._thread.call(self._close())
            self._kept = kept_port((HOST, self.port))

    def accept(self) -> None:
        """Take connections again."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            self._listener = self._thread.call(self._thread.listen(self._folder, self._connections, kept))

    def close(self) -> None:
        """End it and the connections to it."""
        if self._kept is not None:
            self._kept.close()
        else:
            self._thread.call(self._close())

    async def _abort(self) -> None:
        await begun()
        for connection in list(self._connections):
            connection.abort()

    async def _close(self) -> None:
        await begun()  # asyncio loses those that begin as it closes
        self._listener.close()
        await self._abort()
        await self._listener.wait_closed()
