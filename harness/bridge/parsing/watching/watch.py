"""What a Dag file does while it is parsed, told by Python's audit events: network, processes, files, signals.

A hook cannot be taken out again, so it belongs into a process that is thrown away. What it sees is written at once,
one JSON line an event, so that a file that crashes afterwards, or a process that it forks, has told what it did. The
network is refused, and so are signals to other processes and changes to files outside the folders that are allowed, in
every thread and also after the import; processes may be started while a file is parsed, where the kernel keeps files
from what no hook sees (`harness.bridge.parsing.confinement`).
"""

from __future__ import annotations

import _posixsubprocess
import builtins
import json
import mmap
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from harness.bridge.parsing.watching import Users
from harness.bridge.parsing.watching.depends import EVENTS, Depends

globals()["__builtins__"] = dict(vars(builtins))  # ours: a file may spoil the common ones while the hook is at work

NETWORK = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
_PROCESS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn"}
_WITH_ARGUMENTS = {"subprocess.Popen", "os.exec", "os.posix_spawn"}
_TRACKER = "multiprocessing.resource_tracker"
_CHANGE = {
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.rmdir": ((0, 1),),
    "os.mkdir": ((0, 2),),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.utime": ((0, 3),),
    "os.setxattr": ((0, None),),
    "os.removexattr": ((0, None),),
    "shutil.rmtree": ((0, 1),),
}
"""Event -> its arguments that name what is changed, each with the one that holds the folder's descriptor."""
_SIGNAL = {"os.kill", "os.killpg"}
_MARKS = {"os.putenv", "os.unsetenv", "os.chdir"}
_LATER = {*_CHANGE, *_PROCESS, "open"}
"""Refused also after the import, when a thread or an object of the user's goes on."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_IMPORTS = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")
MOST_FORKS = 256
MUCH_BYTES = 5_000_000
"""Of a file that is read: more is data, which nobody keeps beside a Dag to be parsed with it."""
_CODE = (".py", ".pyc", ".so", ".pyd", ".zip")
REST_S, TIMER_S = 0.3, 2.0
"""Real seconds that threads and processes have to come to an end by themselves, and that timers have to go off."""

_listdir = os.listdir
"""As it is before any file runs."""

Place = tuple[str, int]


class Refused(OSError):
    """What the harness did not let a file do."""


@dataclass(frozen=True)
class ObservedEvent:
    """Something a file did.

    Attributes:
        kind: ``network``, ``process``, ``write``, ``read`` (of much), ``signal``, ``database``, ``variable``,
            ``connection``, ``exit``, ``hook``.
        detail: the address, the command, the file, the key.
        path, line: the innermost frame of the repository's own.
        refused: the file was not let.
    """

    kind: str
    detail: str
    path: str
    line: int
    refused: bool = False

    def to_json(self) -> dict[str, Any]:
        """The event as it crosses from process to process."""
        return {
            "kind": self.kind,
            "detail": self.detail,
            "path": self.path,
            "line": self.line,
            "refused": self.refused,
        }


class ActivityWatch:
    """Watches this process from `begin` on.

    Args:
        users: tells which frames are the user's.
        allowed: folders that may be written to.
        report: takes every event as a line.
        heard: gives what was told so far, by forks of this process too.
    Attributes:
        events: what was seen.
        depends: what the file's report depends on; that is noted all the time.
        active: whether somebody wants to know of events.
        marks: where a variable of the environment, the working directory or a thread (by its id) was last set.
        refuses_processes: nor may processes be started.
        refuses_programs: nor programs, as nothing else would keep them from the files.
        forked: there was a process that was forked off this one.
        behind: the line of the user's that is to blame where none is on the stack.
    """

    def __init__(
        self,
        users: Users,
        allowed: tuple[str, ...],
        report: Callable[[bytes], None],
        heard: Callable[[], bytes] = bytes,
    ) -> None:
        self.events: list[ObservedEvent] = []
        self.marks: dict[tuple[str, Any], Place | None] = {}
        self.active = self.refuses_processes = self.refuses_programs = False
        self.behind: Place | None = None
        self._file = ""
        self.forked, self._telling = False, set[int]()
        self._users, self._report, self._heard = users, report, heard
        self._allowed = tuple(os.path.join(os.path.realpath(folder), "") for folder in allowed)  # noqa: PTH118
        self.depends = Depends(users, self._allowed)
        self._own = os.getpid()
        self._forks = mmap.mmap(-1, 4)  # shared with whatever is forked
        self._dumps, self._frame, self._getpid = json.dumps, sys._getframe, os.getpid
        self._fspath, self._abspath, self._realpath = os.fspath, os.path.abspath, os.path.realpath
        self._exists, self._stat = os.path.exists, os.stat
        self._join, self._readlink = os.path.join, os.readlink
        self._loads, self._ident, self._main = json.loads, threading.get_ident, threading.get_ident()
        self._threads, self._timer, self._frames = threading.enumerate, threading.Timer, sys._current_frames
        self._now, self._sleep = time.monotonic, time.sleep
        vars(os)["_exit"] = self._noted_exit(os._exit)
        threading.Thread.start = self._marked_start(threading.Thread.start)  # type: ignore[method-assign,assignment]
        _posixsubprocess.fork_exec = self._noted_program(_posixsubprocess.fork_exec)

    @property
    def reads(self) -> list[str]:
        """Files that were opened; the interpreter's and the system's own left out."""
        return [key[5:] for key in self.depends.found if key.startswith("file:")]

    def install(self) -> None:
        """Put the hook into this process, for as long as it lives."""
        self.depends.install()
        sys.addaudithook(self._hook)

    def begin(self, file: str = "") -> None:
        """Look at a file from now on."""
        self.events, self.marks, self._file = [], {}, file or self._file
        self.depends.forget()
        self.active = True

    def settle(self) -> None:
        """Wait for what the user's code started and did not wait for: what it does is its doing too."""
        began = self._now()
        while self._getpid() == self._own and (living := self._living()) and self._now() - began < max(living):
            self._sleep(0.005)

    def _living(self) -> list[float]:
        """For how long each thread and process of the user's that is still there is waited for."""
        threads = [one for one in self._threads() if self.marks.get(("thread", id(one))) is not None]
        found = [TIMER_S if isinstance(one, self._timer) else REST_S for one in threads if one.is_alive()]
        return found + ([REST_S] if self.forked and self._started() else [])

    def _started(self) -> list[int]:
        """Processes that this one started, of which a file may end its own."""
        self._telling.add(self._ident())  # looking for them is ours
        try:
            return descendants(self._own)
        finally:
            self._telling.discard(self._ident())

    def of_forks(self) -> list[ObservedEvent]:
        """What processes did that were forked off this one."""
        found: list[ObservedEvent] = []
        for line in self._heard().splitlines() if self.forked else ():
            try:
                values = self._loads(line)
                if values.pop("fork", False) and (event := ObservedEvent(**values)) not in found:
                    found.append(event)
            except (ValueError, TypeError, AttributeError):
                continue  # not ours
        return found

    def note(self, kind: str, detail: str, refused: bool = False) -> None:
        """Record an event at the user's line that is to blame; nothing when there is none."""
        place = self.blamed() if self.active else None
        if place is not None:
            self._record(ObservedEvent(kind, detail[:300], *place, refused))

    def _record(self, event: ObservedEvent) -> None:
        self._telling.add(self._ident())  # what telling it does is ours
        try:
            self.events.append(event)
            fork = {} if self._getpid() == self._own else {"fork": True}
            self._report((self._dumps(event.to_json() | fork) + "\n").encode())
        finally:
            self._telling.discard(self._ident())

    def refuse(
        self, kind: str, detail: str, errno: int, why: str, file: str | None = None, place: Place | None = None
    ) -> None:
        """Record an event and do not let it happen.

        Raises: Refused.
        """
        place = place or self.blamed()
        if place is not None:
            self._record(ObservedEvent(kind, detail[:300], *place, True))
        raise Refused(errno, f"{why} while Dag files are checked", *([file] if file else []))

    def blamed(self) -> Place | None:
        """The user's line at work, or the one that started this thread; None where a library is at its own work."""
        return self.place() or self._behind()

    def place(self) -> Place | None:
        """Path and line of the innermost frame of the user's; None within the import of somebody else's module."""
        return self._place_in(self._frame(1))

    def _behind(self) -> Place | None:
        """The line of the user's that started this thread; None where a library did, and in the main thread."""
        if self.behind is not None or self._ident() == self._main:
            return self.behind
        thread = threading._active.get(self._ident())  # type: ignore[attr-defined]
        if ("thread", id(thread)) in self.marks:
            return self.marks["thread", id(thread)]
        return self._place_in(self._frames().get(self._main)) if self.active else (self._file, 1)

    def _place_in(self, frame: FrameType | None) -> Place | None:
        while frame is not None:
            name = frame.f_code.co_filename
            if self._users.own(name):
                return name, frame.f_lineno
            if name in _IMPORTS and frame.f_code.co_name == "exec_module" and not self._of_user(frame):
                return None
            frame = frame.f_back
        return None

    def _of_user(self, frame: FrameType) -> bool:
        """Whether an import is of a module of the repository."""
        origin = getattr(getattr(frame.f_locals.get("module"), "__spec__", None), "origin", None)
        return isinstance(origin, str) and self._users.own(origin)

    def _noted_exit(self, original: Callable[[int], Any]) -> Callable[[int], Any]:
        def _exit(status: int) -> Any:
            if self._getpid() == self._own:
                self.note("exit", f"os._exit({status})")
            return original(status)

        return _exit

    def _noted_program(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """What ``multiprocessing`` starts programs with: no audit event tells of it."""

        def fork_exec(args: Any, *more: Any) -> Any:
            self._process("fork_exec", (args,))
            return original(args, *more)

        return fork_exec

    def _marked_start(self, original: Callable[[Any], None]) -> Callable[[Any], None]:
        def start(thread: Any) -> None:
            if self.active:
                self.marks["thread", id(thread)] = self.place()
            original(thread)

        return start

    # -- the hook ------------------------------------------------------------------------------------------------

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if self._ident() in self._telling:
            return
        if event in EVENTS:
            self.depends.event(event, args)
        seen = _SEEN.get(event) if self.active or (self._file and event in _LATER) else None
        if seen is not None:
            seen(self, event, args)

    def _network(self, event: str, args: tuple[Any, ...]) -> None:
        address = args[1] if event.startswith(("socket.connect", "socket.sendto")) else args[:2]
        if isinstance(address, str) and address.startswith(self._allowed):
            return  # between its own processes
        if self.place() is not None:
            self.refuse("network", _address(address), 101, "the network is off")
        raise Refused(101, "the network is off while Dag files are checked")

    def _listens(self, _event: str, args: tuple[Any, ...]) -> None:
        if not isinstance(args[1], (str, bytes)):
            self.note("network", f"listens at {_address(args[1])}")

    def _process(self, event: str, args: tuple[Any, ...]) -> None:
        command = args[1] if event in _WITH_ARGUMENTS and args[1] else args[0]
        words = command if isinstance(command, (list, tuple)) else [command]
        text = " ".join(one.decode(errors="replace") if isinstance(one, bytes) else str(one) for one in words)
        if _TRACKER in text:
            return  # multiprocessing's own, beside the process that is started
        place = self.blamed()
        if self.refuses_processes or (self.refuses_programs and place is not None):
            self.refuse("process", text, 1, "processes may not be started")
        if place is not None:
            self._record(ObservedEvent("process", text[:300], *place))

    def _open(self, _event: str, args: tuple[Any, ...]) -> None:
        path, mode, flags = args
        if isinstance(path, int):
            return
        if flags & _WRITING if mode is None else set("wax+") & set(mode):
            self._changed(path, "written")
        elif self.active:
            self._much(path)

    def _much(self, target: Any) -> None:
        """Note a file of data that is read."""
        try:
            name = self._fspath(target)
            path = name if isinstance(name, str) else name.decode()
            size = 0 if path.endswith(_CODE) else self._stat(path).st_size
        except (TypeError, ValueError, OSError):
            return
        if size > MUCH_BYTES and self.place() is not None:
            self.note("read", f"{size / 1e6:.0f} MB of {self._realpath(path)}")

    def _change(self, event: str, args: tuple[Any, ...]) -> None:
        for path, folder in _CHANGE[event]:
            descriptor = args[folder] if folder is not None and folder < len(args) else None
            where = self._where(descriptor) if isinstance(descriptor, int) and descriptor >= 0 else ""
            self._changed(args[path], event.rpartition(".")[2], where)

    def _where(self, descriptor: int) -> str:
        try:
            return self._readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            return ""

    def _changed(self, target: Any, how: str, folder: str = "") -> None:
        try:
            name = self._where(target) if isinstance(target, int) else self._fspath(target)
            path = self._realpath(self._join(folder, name if isinstance(name, str) else name.decode()))
        except (TypeError, ValueError, OSError):
            return
        if path.startswith(self._allowed):
            return
        place = self.blamed()
        if place is None and self._users.own(path):  # nobody but the file's own code comes to that, if at its end
            place = self._file, 1
        if place is not None:
            self.refuse("write", f"{path} ({how})", 13, "files may not be changed", path, place)

    def _signal(self, event: str, args: tuple[Any, ...]) -> None:
        self.note("signal", f"{event.removeprefix('os.')}{args}")
        own = (0, self._own)  # 0: its own process group
        if args[0] not in own and args[1] != 0 and args[0] not in self._started():
            raise PermissionError(1, "other processes get no signals while Dag files are checked")

    def _fork(self, event: str, _args: tuple[Any, ...]) -> None:
        if self.refuses_processes:
            self.refuse("process", event, 1, "processes may not be started")
        self.forked = True
        if self._getpid() == self._own:
            self.note("process", event)
        count = int.from_bytes(self._forks[:4], "little") + 1
        if count > MOST_FORKS:
            raise BlockingIOError(11, f"the file starts more than {MOST_FORKS} processes")
        self._forks[:4] = count.to_bytes(4, "little")

    def _sqlite(self, _event: str, args: tuple[Any, ...]) -> None:
        name = args[0].decode(errors="replace") if isinstance(args[0], bytes) else str(args[0])
        if name in ("", ":memory:") or name.startswith("file::memory:"):
            return
        path = self._realpath(name.removeprefix("file:").split("?")[0])
        if path.startswith(self._allowed) or self._exists(path):
            self.note("database", path)
        elif self.place() is not None:  # it would make the file, unseen
            self.refuse("database", path, 13, "files may not be made", path)

    def _mark(self, event: str, args: tuple[Any, ...]) -> None:
        name = args[0].decode(errors="replace") if isinstance(args[0], bytes) else args[0]
        self.marks[("cwd", None) if event == "os.chdir" else ("env", name)] = self.place()

    def _another_hook(self, _event: str, _args: tuple[Any, ...]) -> None:
        if self.place() is not None:
            self.note("hook", "an audit hook, which cannot be taken out again")
            raise RuntimeError  # tells the interpreter not to add it, and the file nothing


_SEEN: dict[str, Callable[[ActivityWatch, str, tuple[Any, ...]], None]] = {
    **dict.fromkeys(NETWORK, ActivityWatch._network),
    **dict.fromkeys(_PROCESS, ActivityWatch._process),
    **dict.fromkeys(_CHANGE, ActivityWatch._change),
    **dict.fromkeys(_SIGNAL, ActivityWatch._signal),
    **dict.fromkeys(_MARKS, ActivityWatch._mark),
    **dict.fromkeys(("os.fork", "os.forkpty"), ActivityWatch._fork),
    "socket.bind": ActivityWatch._listens,
    "open": ActivityWatch._open,
    "sqlite3.connect": ActivityWatch._sqlite,
    "sys.addaudithook": ActivityWatch._another_hook,
}


def _address(address: Any) -> str:
    parts = address if isinstance(address, tuple) else (address,)
    return ":".join(str(part) for part in parts[:2] if part is not None)


def descendants(pid: int) -> list[int]:
    """Process ids of all below a process, that one left out (Linux; elsewhere none are known)."""
    found: list[int] = []
    rest = [pid]
    while rest:
        children = _children(rest.pop())
        found += children
        rest += children
    return found


def _children(pid: int) -> list[int]:
    """Of all its threads: the kernel keeps for each what it has started."""
    found: list[int] = []
    try:
        for task in _listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:  # noqa: PTH123
                found += [int(child) for child in file.read().split()]
    except OSError:
        return found
    return found
