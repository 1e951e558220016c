"""The owner's side of a reaper: starts it, gives the order, reads its events, asks for the end."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

from harness.errors import ServiceUnavailable
from harness.services import reaper

CLOSE_MS = 15_000
FOLDER_MS = 30_000
_PROGRAM = [sys.executable, "-I", "-S", reaper.__file__]


class ReaperMessage(TypedDict, total=False):
    """What a reaper tells: ``folder`` (folder), ``serving``, ``failed`` and ``ended`` (program, code, log).

    A keeper of a container tells ``serving`` (host, port) and ``failed`` (fact, fix, known).
    """

    event: str
    folder: str
    program: str
    code: int | str
    log: list[str]
    host: str
    port: int
    fact: str
    fix: str
    known: str | None


class ReaperLink:
    """A running reaper, and ``folder``, the temporary folder it made, once it has told.

    Args:
        order: what it is to run.
        program: the reaper, with its Python.
    """

    def __init__(self, order: Mapping[str, object], program: Sequence[str] = _PROGRAM) -> None:
        self.folder: str | None = None
        self._owner_pid = os.getpid()
        self._unread = b""
        self._process = subprocess.Popen(
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # else it holds open what somebody reads of the owner's until its end
            start_new_session=True,
            cwd="/",
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders, self._events = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._tell(json.dumps(order).encode() + b"\n")

    def event(self, timeout_ms: int) -> ReaperMessage | None:
        """The next event; None when there is none in time. A reaper that dies silently gives an ``ended`` event."""
        while b"\n" not in self._unread:
            if not self._readable(timeout_ms):
                return None
            chunk = os.read(self._events, 65536)
            if not chunk:
                return ReaperMessage(event="ended", program=reaper.__file__, code="no word", log=[])
            self._unread += chunk
        line, self._unread = self._unread.split(b"\n", 1)
        event: ReaperMessage = json.loads(line)
        if event["event"] != "folder":
            return event
        self.folder = event["folder"]
        return self.event(timeout_ms)

    def close(self) -> None:
        """End the server and wait until its folder is gone. In a process forked off the owner: nothing."""
        if os.getpid() != self._owner_pid or self._process.stdin is None or self._process.stdin.closed:
            return
        self._tell(b"end\n")  # the end of input would not do while forked processes hold the pipe
        while self._readable(CLOSE_MS) and os.read(self._events, 65536):
            pass
        if self._process.poll() is None and self._readable(0) is False:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self._sweep()

    def _tell(self, line: bytes) -> None:
        with suppress(OSError):  # a dead reaper is noticed by its silence
            os.write(self._orders, line)

    def _readable(self, timeout_ms: int) -> bool:
        """Events are waiting, or their end. Real time, whatever Python's clock says."""
        poll = select.poll()
        poll.register(self._events, select.POLLIN)
        return bool(poll.poll(timeout_ms))

    def _sweep(self) -> None:
        """What a reaper that was killed itself could not do. In a process of its own: it waits, and Python's clock
        here may be virtual; and an interrupt here must not cut it short."""
        if self.folder is not None and Path(self.folder).exists():
            words = [*_PROGRAM, self.folder]
            sweeper = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
            )
            sweeper.wait()


class ReapedFolder:
    """A temporary folder of this user's alone, which is gone when it is closed, and when this process is.

    Attributes:
        path: of it.
    Raises: ServiceUnavailable: it cannot be made.
    """

    def __init__(self, kind: str) -> None:
        order = reaper.Order(
            owner=os.getpid(),
            kind=kind,
            parent=tempfile.gettempdir(),
            uid=None,
            gid=None,
            files={},
            copies=[],
            steps=[],
            serve=[],
            env={},
            ready=("", ""),
        )
        self._link = ReaperLink(order)
        event = self._link.event(FOLDER_MS)
        if event is None or event["event"] != "serving" or self._link.folder is None:
            self._link.close()
            raise ServiceUnavailable(
                f"no temporary folder can be made in {tempfile.gettempdir()}",
                known=None if event is None else str(event.get("code")),
                fix="make room there, or set TMPDIR to a folder that you may write to",
            )
        self.path = Path(self._link.folder)

    def close(self) -> None:
        """Remove it; a second call does nothing."""
        self._link.close()
