"""FTP, served by pyftpdlib in a thread of ours."""

from __future__ import annotations

import logging
import socket
import threading
from pathlib import Path
from typing import Any

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import DTPHandler, FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

from harness.services.base import Address
from harness.services.connections import kept_port
from harness.services.files.lease import LOGIN, PASSWORD, dated

HOST = "127.0.0.1"
_POLL_S = 0.05
"""How often the thread looks whether it shall end."""


class _Anybody(DummyAuthorizer):  # type: ignore[misc]
    """One folder, all of whose files everybody may read and write."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = str(folder)

    def has_user(self, username: str) -> bool:  # noqa: ARG002
        """Anybody is one; the handler asks before it looks for a home."""
        return True

    def validate_authentication(self, username: str, password: str, handler: Any) -> None:
        """Any password will do."""

    def get_home_dir(self, username: str) -> str:  # noqa: ARG002
        """The folder."""
        return self._folder

    def has_perm(self, username: str, perm: str, path: str | None = None) -> bool:  # noqa: ARG002
        """Everything."""
        return True

    def get_perms(self, username: str) -> str:  # noqa: ARG002
        """Everything."""
        return "elradfmwMT"

    def get_msg_login(self, username: str) -> str:  # noqa: ARG002
        """What a client reads first."""
        return "Login successful."

    def get_msg_quit(self, username: str) -> str:  # noqa: ARG002
        """What it reads last."""
        return "Goodbye."


class _Data(DTPHandler):  # type: ignore[misc]
    """A transfer without a limit: it would be one of virtual time."""

    timeout = 0


class _Passive(FTPHandler.passive_dtp):  # type: ignore[misc]
    """The same for who has not come yet."""

    timeout = 0


class _FtpConnection(FTPHandler):  # type: ignore[misc]
    """A connection; what is written is of the run's time."""

    timeout = 0
    dtp_handler, passive_dtp = _Data, _Passive
    use_gmt_times = True
    banner = "airflow-harness"

    def on_file_received(self, file: str) -> None:
        """Date it."""
        dated(file)

    def log(self, msg: str, logfun: Any = None) -> None:
        """Nothing: it would stand in the logs of tasks."""

    def logline(self, msg: str, logfun: Any = None) -> None:
        """Nothing, as above."""


class FtpPort:
    """A server of one folder, in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        handler = type("_FtpConnectionOfOneFolder", (_FtpConnection,), {"authorizer": _Anybody(folder)})
        logging.getLogger("pyftpdlib").setLevel(logging.ERROR)
        self._handler = handler
        self._kept: socket.socket | None = kept_port((HOST, 0))
        self.port: int = self._kept.getsockname()[1]
        self.accept()

    def address(self) -> Address:
        """Of a connection."""
        return Address({"conn_type": "ftp", "host": HOST, "port": self.port, "login": LOGIN, "password": PASSWORD})

    def cut(self) -> None:
        """Break every connection to it."""
        self.refuse()
        self.accept()

    def refuse(self) -> None:
        """Break every connection to it, and refuse new ones."""
        if self._kept is None:
            self._ended.set()
            self._thread.join()
            self._kept = kept_port((HOST, self.port))

    def accept(self) -> None:
        """Take connections again, in a thread."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            self._loop, self._ended = IOLoop(), threading.Event()
            self._server = FTPServer(kept, self._handler, ioloop=self._loop)
            self._thread = threading.Thread(target=self._serve, name="airflow-harness-ftp", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End it and the connections to it."""
        self.refuse()
        if self._kept is not None:
            self._kept.close()

    def _serve(self) -> None:
        while not self._ended.is_set():
            self._loop.loop(timeout=_POLL_S, blocking=False)
        self._server.close_all()
