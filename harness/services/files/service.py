"""SFTP and FTP as services: threads of this process, a port and a folder for each lease; SFTP in containers, too."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from harness.kernel.instant import Instant
from harness.services.base import NOT_OUR_CLOCK, Lease, Service, ServiceOptions, SetClock, Texts
from harness.services.installed import see_installed
from harness.services.reaper_link import ReapedFolder

IMAGE = "atmoz/sftp:latest"


class FileServerOptions(ServiceOptions):
    """Keys of a connection's entry.

    Attributes:
        seed: folders, whose files are those of the server.
        folders: made empty.
    """

    seed: Texts = Field(default_factory=list)
    folders: Texts = Field(default_factory=list)


class _FileService(Service):
    """A server of files for each lease."""

    drivers: ClassVar[tuple[str, ...]] = ("embedded",)
    options = FileServerOptions
    needs: Mapping[str, str]

    def __init__(self, driver: str) -> None:
        super().__init__(driver)
        self._folder: ReapedFolder | None = None
        self._numbers = count(1)
        self._simulating = False

    def start(self) -> None:
        """Make the folder. Raises: ServiceUnavailable: a package is not installed."""
        if self._folder is None:
            see_installed(f"the service {self.name}", self.name, self.needs)
            self._folder = ReapedFolder(self.name)

    def lease(self, holder: str, conn_id: str, options: Any) -> Lease:  # noqa: ARG002 - files have the names of production
        """A folder and a port of its own. Raises: WorldError: a seed that does not exist."""
        from harness.services.files.lease import FileServerLease

        folder = self._filled(options, conn_id)
        return self.kept(FileServerLease(conn_id, self._serve(folder), folder))

    def clock(self) -> SetClock | None:
        """Dates what is there when a simulation starts; see `FileServerLease.no_younger_than`."""
        return self._see_simulation

    def close(self) -> None:
        """End the servers that are left, and remove the folder."""
        super().close()
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.close()

    def _see_simulation(self, instant: Instant | None) -> None:
        began = instant is not None and not self._simulating
        self._simulating = instant is not None
        if began and instant is not None:
            from harness.services.files.lease import FileServerLease

            for lease in list(self._leases):
                if isinstance(lease, FileServerLease):
                    lease.no_younger_than(instant)

    def _filled(self, options: Any, conn_id: str) -> Path:
        """A folder with what the entry says. Raises: WorldError: a seed that does not exist."""
        from harness.services.files.lease import fill

        assert self._folder is not None
        folder = self._folder.path / str(next(self._numbers))
        folder.mkdir()
        fill(folder, options.seed, options.folders, conn_id)
        return folder

    def _serve(self, folder: Path) -> Any:
        raise NotImplementedError


class SftpService(_FileService):
    """An SFTP server for each connection."""

    name = "sftp"
    conn_types = ("sftp",)
    also_types = ("ssh",)  # `SFTPHook` takes it
    title = "an SFTP server with a folder for each connection"
    drivers = ("embedded", "container")
    needs = {"asyncssh": "asyncssh"}  # noqa: RUF012

    def __init__(self, driver: str) -> None:
        super().__init__(driver)
        self._thread: Any = None
        self._contained: list[Any] = []

    @classmethod
    def why_clock_is_real(cls, driver: str) -> str | None:
        """Files are dated by whoever serves."""
        return NOT_OUR_CLOCK.get(driver)

    def lease(self, holder: str, conn_id: str, options: Any) -> Lease:
        """A folder and a port of its own; a container of its own, since that has its folders from its start.

        Raises: WorldError: a seed that does not exist. ServiceUnavailable.
        """
        if self.driver == "embedded":
            return super().lease(holder, conn_id, options)
        from harness.services.files.container import SftpContainer

        server = SftpContainer(self.image or IMAGE, self._thread)
        self._contained.append(server)
        return server.lease(conn_id, self._filled(options, conn_id))

    def start(self) -> None:
        """Start its thread. Raises: ServiceUnavailable: asyncssh is not installed."""
        super().start()
        if self._thread is None:
            from harness.services.files.sftp import SftpThread

            self._thread = SftpThread()

    def close(self) -> None:
        """End the thread too."""
        while self._contained:
            self._contained.pop().close()
        super().close()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.close()

    def _serve(self, folder: Path) -> Any:
        return self._thread.serve(folder)


class FtpService(_FileService):
    """An FTP server for each connection."""

    name = "ftp"
    conn_types = ("ftp",)
    title = "an FTP server with a folder for each connection"
    needs = {"pyftpdlib": "pyftpdlib"}  # noqa: RUF012

    def _serve(self, folder: Path) -> Any:
        from harness.services.files.ftp import FtpPort

        return FtpPort(folder)
