"""What a Dag file cannot do while it is parsed: outlive its limits, change files, reach a network or a database.

Files that cannot be changed are held by the kernel, for threads, programs and C code that no audit event tells of. Two
seals, each where the system allows it (Linux): a view of the file system of our own in which all is read-only (5.12,
root or user namespaces), once a fork server; and Landlock (5.13), once a child. The first holds modes, owners and times
too; the second holds where namespaces are forbidden, and keeps the first from being undone.

Database drivers written in C connect without an audit event: they are refused when they are imported. And what of the
user's code is called while Dags are looked at, as callbacks and templates, runs in a process of its own (`apart`).
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import ModuleType
from typing import Any

from harness.bridge.parsing.watching.watch import ActivityWatch, Refused
from harness.bridge.patches import AfterImport, found
from harness.project.parent_death import end_with_parent

_SUBREAPER = 36
_NEWNET, _NEWUSER = 0x40000000, 0x10000000

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

_DRIVERS: dict[str, tuple[str, ...]] = {
    "psycopg2": ("connect",),
    "psycopg": ("connect", "Connection.connect", "AsyncConnection.connect"),
    "MySQLdb": ("connect", "Connect"),
    "pyodbc": ("connect",),
    "pymssql": ("connect",),
    "oracledb": ("connect", "connect_async", "create_pool"),
    "cx_Oracle": ("connect", "SessionPool"),
    "ibm_db": ("connect", "pconnect"),
    "teradatasql": ("connect",),
    "hdbcli.dbapi": ("connect",),
    "adbc_driver_postgresql.dbapi": ("connect",),
}
"""Module -> its ways to connect."""

_DEPENDS = "\0depends"
APART_S = 5.0
"""Real time that what runs apart has, all in all; what it has not come to by then is not known."""


def own_children_for_good() -> None:
    """Adopt what descendants leave behind, so that it can be found and ended (Linux)."""
    if _libc is not None:
        _libc.prctl(_SUBREAPER, 1, 0, 0, 0)


def without_network() -> bool:
    """Leave the machine's network for an empty one, where the system lets us; whether it did.

    It stops what Python's audit events do not see: drivers written in C. Who is not root needs user namespaces for it.
    """
    if _libc is None:
        return False
    if _libc.unshare(_NEWNET) == 0:
        return True
    user, group = os.getuid(), os.getgid()
    if _libc.unshare(_NEWNET | _NEWUSER) != 0:
        return False
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with suppress(OSError), open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123
            file.write(text)
    return True


def memory_of(pid: int) -> int:
    """Bytes that a process has written to or shares since a fork with one that did; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/statm") as file:  # noqa: PTH123
            _, resident, shared, *_ = file.read().split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * resource.getpagesize()


def limit(addresses_mb: int, cpu_s: int) -> None:
    """Bound this process: addresses beyond what it has, CPU time, no core file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    if sys.platform == "linux":
        most = _size() + addresses_mb * 1024 * 1024
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (most, most))


def fresh_signals() -> None:
    """Every signal as a new program finds it."""
    for number in signal.valid_signals():
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())


def _size() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[0]) * resource.getpagesize()


_NEWNS = 0x00020000
_MS_BIND, _MS_NOSUID_NODEV, _MS_REC_PRIVATE, _MNT_DETACH = 0x1000, 0x6, 0x4000 | 0x40000, 2
_AT_FDCWD, _AT_RECURSIVE, _RDONLY, _ATTRIBUTES = -100, 0x8000, 1, 32
_NO_NEW_PRIVS = 38
_MOUNT_SETATTR, _CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 442, 444, 445, 446
_WRITES = sum(1 << right for right in (1, *range(4, 13)))
"""Landlock's rights that change something: write, remove, and make anything."""
_SINCE = {2: 1 << 13, 3: 1 << 14}
"""Landlock's version -> a right that came with it: to move between folders, to truncate."""


def read_only_but(home: str) -> bool:
    """See all files read-only from now on, but for those below a folder; whether the system let us.

    Shared memory (``/dev/shm``) is empty, and our own. What is open already is not touched.
    """
    if _libc is None or _libc.unshare(_NEWNS) != 0:
        return False
    path = home.encode()
    done = (
        _libc.mount(None, b"/", None, _MS_REC_PRIVATE, None) == 0
        and _libc.mount(path, path, None, _MS_BIND, None) == 0
        and _set(b"/", _AT_RECURSIVE, add=_RDONLY)
        and _set(path, 0, clear=_RDONLY)
    )
    if not done:
        _libc.umount2(path, _MNT_DETACH)
    else:
        _libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", _MS_NOSUID_NODEV, b"size=256m")
    return done


def open_again(home: str) -> None:
    """Undo `read_only_but` as far as it takes to remove the folder."""
    if _libc is None:
        return
    _libc.umount2(home.encode(), _MNT_DETACH)
    folder = home
    while not os.path.ismount(folder):
        folder = os.path.dirname(folder)  # noqa: PTH120
    _set(folder.encode(), 0, clear=_RDONLY)


def only_below(folders: Iterable[str]) -> bool:
    """Change files below these folders only, from now on and for good, with all that descends; whether we were let.

    Landlock knows no modes, owners and times.
    """
    version = _libc.syscall(_CREATE_RULESET, None, 0, 1) if _libc is not None else 0
    if _libc is None or version < 1:
        return False
    rights = _WRITES | sum(right for since, right in _SINCE.items() if version >= since)
    ruleset = _libc.syscall(_CREATE_RULESET, struct.pack("Q", rights), 8, 0)
    if ruleset < 0:
        return False
    try:
        for folder in folders:
            descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
            try:
                if _libc.syscall(_ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, descriptor), 0) != 0:
                    return False
            finally:
                os.close(descriptor)
        return bool(_libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 and _libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _set(path: bytes, how: int, add: int = 0, clear: int = 0) -> bool:
    """Give a mount attributes and take some: ``mount_setattr(2)``."""
    assert _libc is not None
    attributes = struct.pack("QQQQ", add, clear, 0, 0)
    return bool(_libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, path, how, attributes, _ATTRIBUTES) == 0)


class Drivers:
    """Refuses connections of C drivers, of those imported already and of those that a file imports."""

    def __init__(self, watch: ActivityWatch) -> None:
        self._watch = watch

    def install(self) -> None:
        """From now on, in a process that is thrown away."""
        AfterImport(_DRIVERS, self.refuse).begin()

    def refuse(self, module: ModuleType) -> None:
        """Put a refusal where a driver connects."""
        for way in _DRIVERS[module.__name__]:
            owner, name = found(module, way)
            if owner is not None:
                setattr(owner, name, self._refusal(module))

    def _refusal(self, module: ModuleType) -> Callable[..., Any]:
        def connect(*args: Any, **kwargs: Any) -> Any:
            try:
                self._watch.refuse("database", f"{module.__name__}: {_where(args, kwargs)}", 101, "the network is off")
            except Refused as refused:
                error = getattr(module, "OperationalError", None)
                if error is None:
                    raise
                raise error(str(refused)) from refused

        return connect


def _where(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The host and the database, and no password."""
    names = ("host", "server", "dsn", "hostname", "port", "dbname", "database", "db", "service_name")
    parts = [f"{name}={kwargs[name]}" for name in names if kwargs.get(name) and name != "dsn"]
    words = str(args[0] if args else kwargs.get("dsn", "")).split()
    parts += [word for word in words if word.partition("=")[0].lower() in names]
    parts += [word.rpartition("@")[2] for word in words if "://" in word]
    return " ".join(parts) or "a database"


def apart(work: Callable[[], Iterable[Any]], watch: ActivityWatch, seconds: float = APART_S) -> list[Any]:
    """Go through what calls the user's code, in a fork of this process.

    Network, changes of files, signals and new processes are refused there; sleeps take no time.

    Args:
        work: yields JSON values, each of them known as soon as it is yielded.
        seconds: real time that it has.
    Returns: what it yielded before its end, however it ended.
    """
    reader, writer = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            _set_apart(parent, watch)
            for value in work():
                os.write(writer, (json.dumps(value, default=str) + "\n").encode())
        finally:
            os.write(writer, (json.dumps({_DEPENDS: watch.depends.found}) + "\n").encode())
            os._exit(0)
    os.close(writer)
    try:
        return _yielded(_whole_lines(_received(reader, seconds)), watch)
    finally:
        os.close(reader)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)


def _yielded(lines: list[Any], watch: ActivityWatch) -> list[Any]:
    """What was yielded; what it depended on goes to ours."""
    last = lines[-1] if lines else None
    if not isinstance(last, dict) or _DEPENDS not in last:
        watch.depends.found["unknown:"] = None  # it did not come to its end
        return lines
    for key, stamp in last[_DEPENDS].items():
        watch.depends.found.setdefault(key, stamp)
    return lines[:-1]


def _set_apart(parent: int, watch: ActivityWatch) -> None:
    end_with_parent(parent, signal.SIGKILL)
    time.sleep = _no_sleep  # type: ignore[assignment]
    watch.refuses_processes = True
    watch.begin()


def _no_sleep(_seconds: float) -> None:
    """Takes the place of ``time.sleep``."""


def _received(reader: int, seconds: float) -> bytes:
    found = bytearray()
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and select.select([reader], [], [], left)[0]:
        chunk = os.read(reader, 1 << 16)
        if not chunk:
            break
        found += chunk
    return bytes(found)


def _whole_lines(data: bytes) -> list[Any]:
    found = []
    for line in data.split(b"\n")[:-1]:
        with suppress(ValueError):
            found.append(json.loads(line))
    return found
