"""What a Dag file does while it is parsed, told by Python's audit events: network, processes, files, signals.

A hook cannot be taken out again, so it belongs into a process that is thrown away. What it sees is written at once,
one JSON line an event, so that a file that crashes afterwards has told what it did. The network is refused, and so are
signals to other processes and changes to files outside the folders that are allowed; processes may be started.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

_NETWORK = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
_PROCESS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn"}
_CHANGE = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "shutil.rmtree"}
_SIGNAL = {"os.kill", "os.killpg"}
_READ = {"open", "os.listdir", "os.scandir"}
_NOT_READ = tuple({sys.prefix + "/", sys.base_prefix + "/", "/proc/", "/sys/", "/dev/", "/usr/", "/etc/"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_IMPORTS = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")


@dataclass(frozen=True)
class Event:
    """Something a file did.

    Attributes:
        kind: ``network``, ``process``, ``write``, ``signal``, ``database``, ``variable``, ``connection``, ``exit``.
        detail: the address, the command, the file, the key.
        path, line: the innermost frame of the repository's own.
    """

    kind: str
    detail: str
    path: str
    line: int

    def to_json(self) -> dict[str, Any]:
        """The event as it crosses from process to process."""
        return {"kind": self.kind, "detail": self.detail, "path": self.path, "line": self.line}


class Watch:
    """Watches this process from `begin` on.

    Args:
        root: the repository; frames below it are the user's.
        allowed: folders that may be written to.
        told: file descriptor that events are written to.
    Attributes:
        events: what was seen.
        reads: files that were read and folders that were listed, the interpreter's and the system's own left out.
        active: whether somebody wants to know of events; reads are kept all the time.
    """

    def __init__(self, root: str, allowed: tuple[str, ...], told: int) -> None:
        self.events: list[Event] = []
        self.reads: set[str] = set()
        self.active = False
        self._root, self._allowed, self._told = root.rstrip("/") + "/", allowed, told
        self._own = os.getpid()
        self._write, self._dumps, self._frame, self._getpid = os.write, json.dumps, sys._getframe, os.getpid
        self._fspath, self._abspath = os.fspath, os.path.abspath

    def begin(self) -> None:
        """Look from now on, for as long as the process lives."""
        self.active = True
        sys.addaudithook(self._hook)

    def note(self, kind: str, detail: str) -> None:
        """Record an event at the innermost frame of the user's; nothing when none of the user's is on the stack."""
        place = self.place()
        if place is None or not self.active:
            return
        event = Event(kind, detail[:300], *place)
        self.events.append(event)
        self._write(self._told, (self._dumps(event.to_json()) + "\n").encode())

    def place(self) -> tuple[str, int] | None:
        """Path and line of the innermost frame of the user's; None within the import of somebody else's module."""
        frame: FrameType | None = self._frame(1)
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(self._root) and "/site-packages/" not in name:
                return name, frame.f_lineno
            if name in _IMPORTS and frame.f_code.co_name == "exec_module" and not self._users(frame):
                return None
            frame = frame.f_back
        return None

    def _users(self, frame: FrameType) -> bool:
        """Whether an import is of a module of the repository."""
        origin = getattr(getattr(frame.f_locals.get("module"), "__spec__", None), "origin", None)
        return isinstance(origin, str) and origin.startswith(self._root)

    # -- the hook ------------------------------------------------------------------------------------------------

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if event in _READ:
            self._read(event, args)
        if not self.active:
            return
        seen = _SEEN.get(event)
        if seen is not None:
            seen(self, event, args)

    def _read(self, event: str, args: tuple[Any, ...]) -> None:
        """Keep what was read: what the file's report depends on."""
        path = args[0] if args else None
        if isinstance(path, str) and not self._abspath(path).startswith(_NOT_READ):
            looks_for_modules = event != "open" and self._frame(2).f_code.co_filename in _IMPORTS
            if not looks_for_modules:
                self.reads.add(self._abspath(path))

    def _network(self, event: str, args: tuple[Any, ...]) -> None:
        address = args[1] if event.startswith(("socket.connect", "socket.sendto")) else args[:2]
        self.note("network", _address(address))
        raise OSError(101, "the network is off while Dag files are checked")

    def _process(self, event: str, args: tuple[Any, ...]) -> None:
        command = args[1] if event == "subprocess.Popen" else args[0]
        self.note("process", " ".join(map(str, command)) if isinstance(command, (list, tuple)) else str(command))

    def _open(self, _event: str, args: tuple[Any, ...]) -> None:
        path, mode, flags = args
        if isinstance(path, int) or not (flags & _WRITING if mode is None else set("wax+") & set(mode)):
            return
        self._changed(path, "written")

    def _change(self, event: str, args: tuple[Any, ...]) -> None:
        self._changed(args[0], event.removeprefix("os."))

    def _changed(self, given: Any, how: str) -> None:
        try:
            name = self._fspath(given)
            path = self._abspath(name if isinstance(name, str) else name.decode())
        except (TypeError, ValueError):
            return
        if path.startswith(self._allowed) or self.place() is None:
            return
        self.note("write", f"{path} ({how})")
        raise PermissionError(13, "files may not be changed while Dag files are checked", path)

    def _signal(self, event: str, args: tuple[Any, ...]) -> None:
        self.note("signal", f"{event.removeprefix('os.')}{args}")
        if args[0] != self._own:
            raise PermissionError(1, "other processes get no signals while Dag files are checked")

    def _fork(self, event: str, _args: tuple[Any, ...]) -> None:
        self.note("process", event)

    def _sqlite(self, _event: str, args: tuple[Any, ...]) -> None:
        if isinstance(args[0], str) and args[0] != ":memory:":
            self.note("database", args[0])


_SEEN: dict[str, Callable[[Watch, str, tuple[Any, ...]], None]] = {
    **dict.fromkeys(_NETWORK, Watch._network),
    **dict.fromkeys(_PROCESS, Watch._process),
    **dict.fromkeys(_CHANGE, Watch._change),
    **dict.fromkeys(_SIGNAL, Watch._signal),
    **dict.fromkeys(("os.fork", "os.forkpty"), Watch._fork),
    "open": Watch._open,
    "sqlite3.connect": Watch._sqlite,
}


def _address(address: Any) -> str:
    parts = address if isinstance(address, tuple) else (address,)
    return ":".join(str(part) for part in parts[:2] if part is not None)
