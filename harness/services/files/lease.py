"""The files of one connection, and the folder that they are in."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from abc import abstractmethod
from collections.abc import Hashable, Iterable
from pathlib import Path, PurePosixPath
from typing import Protocol

from harness.errors import ServiceUnavailable, UsageError, WorldError, known_names
from harness.kernel.instant import SECOND, Instant
from harness.services.base import Address, Breakable, Lease
from harness.services.contents import Contents
from harness.services.room import more_room

LOGIN, PASSWORD = "airflow", "any-password-will-do"
"""What a connection says; the server lets in whoever says anything."""


class FileServer(Breakable, Protocol):
    """A server of one folder, of this process."""

    def address(self) -> Address:
        """Of a connection to it."""

    def close(self) -> None:
        """End it and the connections to it."""


class FilesLease(Lease):
    """A server of files.

    Attributes:
        host, port: where it answers.
    """

    def __init__(self, conn_id: str, address: Address) -> None:
        self.conn_id, self.address = conn_id, address
        self.host, self.port = str(address.fields["host"]), int(address.fields["port"] or 0)
        self._ended = False

    @property
    def peer(self) -> str:
        """Its port."""
        return f"{self.host}:{self.port}"

    @abstractmethod
    def files(self) -> list[str]:
        """The paths of all files, as a client has them: ``/in/orders.csv``; sorted."""

    def read(self, path: str) -> bytes:
        """What is in a file. Raises: UsageError: there is none."""
        try:
            return self._content(path)
        except (FileNotFoundError, IsADirectoryError):
            raise self._no_file(path) from None

    @abstractmethod
    def write(self, path: str, body: bytes | str = b"") -> None:
        """Put a file there, of now; its folders are made."""

    def remove(self, path: str) -> None:
        """Take a file away. Raises: UsageError: there is none."""
        try:
            self._unlink(path)
        except (FileNotFoundError, IsADirectoryError):
            raise self._no_file(path) from None

    def snapshot(self) -> Contents:
        """Every folder's files, with a digest of what is in them."""
        parts: dict[str, dict[Hashable, Hashable]] = {}
        for path in self.files():
            digest = hashlib.sha256(self._content(path)).hexdigest()
            parts.setdefault(str(PurePosixPath(path).parent), {})[path] = digest
        return Contents("folder", "file", parts)

    def end(self) -> None:
        """End the server, and remove the files; a second call does nothing."""
        if not self._ended:
            self._ended = True
            self._close()

    @abstractmethod
    def _content(self, path: str) -> bytes:
        """What is in a file. Raises: FileNotFoundError, IsADirectoryError."""

    @abstractmethod
    def _unlink(self, path: str) -> None:
        """Remove a file. Raises: FileNotFoundError, IsADirectoryError."""

    @abstractmethod
    def _close(self) -> None:
        """End the server."""

    def _no_file(self, path: str) -> UsageError:
        return UsageError(f"there is no file {path!r}", known=known_names(path, self.files()))

    def __repr__(self) -> str:
        return f"<files at {self.host}:{self.port}>"


class FileServerLease(FilesLease):
    """A server of files on this machine's disk.

    Args:
        folder: what is served.
    Attributes:
        folder: the files as they are on disk.
    """

    def __init__(self, conn_id: str, server: FileServer, folder: Path) -> None:
        super().__init__(conn_id, server.address())
        self.folder, self._server, self.breakable = folder, server, server

    def files(self) -> list[str]:
        """See `FilesLease`."""
        found = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())
        return sorted(f"/{path}" for path in found)

    def write(self, path: str, body: bytes | str = b"") -> None:
        """See `FilesLease`."""
        place = self._place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body.encode() if isinstance(body, str) else body)
        dated(place)

    def no_younger_than(self, start: Instant) -> None:
        """What is there when a simulation starts is at the latest as old as its start: else a seed of its run would be
        of today, and a sensor that asks for what is new would find it."""
        if self._ended:
            return
        limit_s = start / SECOND
        for path in (self.folder, *self.folder.rglob("*")):
            if path.stat().st_mtime > limit_s:
                os.utime(path, (limit_s, limit_s))

    def _content(self, path: str) -> bytes:
        return self._place(path).read_bytes()

    def _unlink(self, path: str) -> None:
        self._place(path).unlink()

    def _close(self) -> None:
        self._server.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _place(self, path: str) -> Path:
        place = self.folder.joinpath(path.lstrip("/")).resolve()
        if not place.is_relative_to(self.folder.resolve()):
            raise UsageError(
                f"{path!r} lies outside of what is served", fix="write it as a client does: /in/orders.csv"
            )
        return place


def dated(path: Path | str) -> None:
    """Give a file the time of this process's clock: the system's is real, also in a simulation."""
    now_s = time.time()
    os.utime(path, (now_s, now_s))


def fill(folder: Path, seeds: Iterable[str], folders: Iterable[str], conn_id: str) -> None:
    """Copy what is in the folders of seeds, and make the empty folders.

    Raises: WorldError: a seed that does not exist. ServiceUnavailable: one that cannot be copied.
    """
    for name in folders:
        folder.joinpath(name.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        source = Path(seed)
        if not source.is_dir():
            raise WorldError(
                f"connection {conn_id!r}: the seed {seed} {'is no folder' if source.exists() else 'does not exist'}",
                known="folders whose files are those of the server, relative to where the command runs",
                fix="correct seed: of the connection",
            )
        try:
            shutil.copytree(source, folder, dirs_exist_ok=True)
        except (shutil.Error, OSError) as error:
            reason = _reason(error)
            fact = f"connection {conn_id!r}: the seed {seed} cannot be copied: {reason}"
            raise ServiceUnavailable(fact, fix=more_room(reason) or "see that its files can be read") from None


def _reason(error: shutil.Error | OSError) -> str:
    """The first one, of what `shutil.copytree` tells of every file."""
    first = error.args[0] if error.args else error
    if isinstance(error, shutil.Error) and isinstance(first, list) and first:
        return str(first[0][-1])
    return str(error)
