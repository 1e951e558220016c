"""An SFTP server in a container, whose files are seen as a client sees them."""

from __future__ import annotations

import secrets
from collections.abc import Coroutine
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import asyncssh

from harness.errors import UsageError, WorldError
from harness.services.base import Address
from harness.services.containers.container import Container
from harness.services.files.lease import LOGIN, FilesLease
from harness.services.files.sftp import SftpThread, address_of

_Value = TypeVar("_Value")

OTHERWISE = "upload"
"""The folder of a connection that names none, as in the image's own examples."""


class SftpContainer:
    """A server of one lease.

    Args:
        image: as atmoz/sftp: ``SFTP_USERS`` means the same in it. A user may write in folders that are named there.
        thread: whose event loop our own client runs in.
    """

    def __init__(self, image: str, thread: SftpThread) -> None:
        self._image, self._thread = image, thread
        self._container: Container | None = None

    def lease(self, conn_id: str, filled: Path) -> ContainedFilesLease:
        """Bring it up.

        Args:
            filled: a folder whose files are those of the server.
        Raises: WorldError: files that are in no folder. ServiceUnavailable.
        """
        outside = sorted(path.name for path in filled.iterdir() if path.is_file())
        if outside:
            fact = f"the seed {outside[0]} is in no folder, and a container's user may write in folders alone"
            fix = f"seed: of a folder with {OTHERWISE}/{outside[0]}, or driver: embedded"
            raise WorldError(f"connection {conn_id!r}: {fact}", fix=fix)
        tops = sorted(path.name for path in filled.iterdir()) or [OTHERWISE]
        password = secrets.token_hex(12)
        words = {"user": LOGIN, "password": password, "folders": ",".join(tops)}
        self._container = Container("sftp", self._image, words)
        host, port = self._container.start()
        files = self._thread.call(_RemoteFiles.opened(host, port, password))
        self._thread.call(files.upload(filled, tops))
        return ContainedFilesLease(conn_id, self, files, self._thread, tops)

    def close(self) -> None:
        """Remove it; a second call does nothing."""
        container, self._container = self._container, None
        if container is not None:
            container.close()


class ContainedFilesLease(FilesLease):
    """A server of files in a container."""

    def __init__(
        self, conn_id: str, server: SftpContainer, files: _RemoteFiles, thread: SftpThread, tops: list[str]
    ) -> None:
        super().__init__(conn_id, files.address)
        self._server, self._files, self._thread, self._tops = server, files, thread, tops

    def files(self) -> list[str]:
        """See `FilesLease`."""
        return sorted(self._thread.call(self._files.below("/")))

    def write(self, path: str, body: bytes | str = b"") -> None:
        """See `FilesLease`. Raises: UsageError: not in one of its folders."""
        content = body.encode() if isinstance(body, str) else body
        try:
            self._thread.call(self._files.write(PurePosixPath("/", path), content))
        except asyncssh.SFTPPermissionDenied:
            known = ", ".join(f"/{top}" for top in self._tops)
            fix = "folders: of the connection in the world"
            raise UsageError(f"nobody may write {path!r} on this server", known=known, fix=fix) from None

    def _content(self, path: str) -> bytes:
        return self._of_a_file(self._files.read(path), path)

    def _unlink(self, path: str) -> None:
        self._of_a_file(self._files.remove(path), path)

    def _of_a_file(self, work: Coroutine[Any, Any, _Value], path: str) -> _Value:
        try:
            return self._thread.call(work)
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPFailure):  # the latter of a folder
            raise FileNotFoundError(path) from None

    def _close(self) -> None:
        self._thread.call(self._files.close())
        self._server.close()


class _RemoteFiles:
    """Our own client of one server; its coroutines run in the thread."""

    def __init__(self, connection: Any, client: Any, address: Address) -> None:
        self._connection, self._client, self.address = connection, client, address

    @classmethod
    async def opened(cls, host: str, port: int, password: str) -> _RemoteFiles:
        """Connected, with nothing of the user's: no keys, no agent, no settings of ``~/.ssh``."""
        connection = await asyncssh.connect(
            host,
            port,
            username=LOGIN,
            password=password,
            known_hosts=None,
            client_keys=None,
            agent_path=None,
            config=None,
            login_timeout=0,
        )
        address = address_of(host, port, (LOGIN, password), connection.get_server_host_key())
        return cls(connection, await connection.start_sftp_client(), address)

    async def upload(self, filled: Path, tops: list[str]) -> None:
        """Copy what is in folders that are there."""
        for top in tops:
            for path in sorted((filled / top).rglob("*")):
                place = PurePosixPath("/", path.relative_to(filled).as_posix())
                if path.is_dir():
                    await self._client.makedirs(str(place), exist_ok=True)
                else:
                    await self.write(place, path.read_bytes())

    async def below(self, folder: str) -> list[str]:
        """The paths of all files in and below a folder."""
        found: list[str] = []
        async for entry in self._client.scandir(folder):
            path = f"{folder.rstrip('/')}/{entry.filename}"
            if entry.attrs.type != asyncssh.FILEXFER_TYPE_DIRECTORY:
                found.append(path)
            elif entry.filename not in (".", ".."):
                found += await self.below(path)
        return found

    async def read(self, path: str) -> bytes:
        """What is in a file."""
        async with self._client.open(path, "rb") as file:
            content: bytes = await file.read()
            return content

    async def remove(self, path: str) -> None:
        """Take a file away."""
        await self._client.remove(path)

    async def write(self, path: PurePosixPath, content: bytes) -> None:
        """Put a file there, and its folders."""
        await self._client.makedirs(str(path.parent), exist_ok=True)
        async with self._client.open(str(path), "wb") as file:
            await file.write(content)

    async def close(self) -> None:
        """End the connection."""
        self._connection.abort()
