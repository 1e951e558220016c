"""What the report of a file depends on, noted while the file is parsed and looked at.

Audit events tell of files that are opened and folders that are listed. Nothing tells of ``stat``, of modules that are
looked for and not found, or of variables of the environment that are read: those ways are led through here, in a
process that is thrown away. Of what is listed, names that begin with a dot come and go with editors and tools: they
count where the file's own text names them, or asks for such names.

A dependency is a key, of which `harness.gate.present` knows how it is now: ``file:PATH`` its content, ``names:PATH``
names in a folder, ``packages:PATH`` names of installed packages in it, ``kind:PATH`` what it is, ``stat:PATH`` its
size, times and mode, ``sizes:PATH`` those of all in a folder, ``hidden:PATH`` names in it that begin with a dot,
``beside:PATH`` what SQLite keeps beside a database, ``link:PATH`` where it leads, ``find:FOLDER:NAME`` what a module's
name finds in a folder, ``env:NAME``, ``env:*`` all variables, ``cwd:``, ``host:``, ``umask:``, ``data:PROJECT`` all of
its data files, ``sources:PROJECT`` all of its modules. What nothing can know of later is ``clock:`` (the time was
asked), ``clock?:`` (it may have been) and ``unknown:``.
"""

from __future__ import annotations

import builtins
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import Any

from harness.bridge.parsing.watching import Users
from harness.kernel.whose import OURS

globals()["__builtins__"] = dict(vars(builtins))

_LISTS = {"os.listdir", "os.scandir"}
_OPENS = {"open", "sqlite3.connect", "ctypes.dlopen"}
EVENTS = _LISTS | _OPENS | {"socket.gethostname"}
"""Audit events that `Depends.event` wants to know of."""
_NEVER = ("/proc/", "/sys/", "/dev/")
_SYSTEM = tuple({sys.prefix + "/", sys.base_prefix + "/", "/usr/", "/etc/"})
_IMPORTS = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>", "<frozen zipimport>")
_KINDS = {"exists", "lexists", "isfile", "isdir", "islink", "ismount", "isjunction"}
_KINDS |= {"is_file", "is_dir", "is_symlink", "is_mount", "is_junction", "_is_case_sensitive"}
_ATTACH = 24
"""``SQLITE_ATTACH``, an action of SQLite's authorizers."""
_LINKS = {"realpath", "_joinrealpath", "resolve"}
_NOT_ASKING = ("/linecache.py", "/inspect.py", "/tokenize.py", "/traceback.py", "/tempfile.py", "/zipimport.py")
_PATHS = ("/pathlib.py", "/genericpath.py", "/posixpath.py", "<frozen genericpath>", "<frozen posixpath>")
_NAMES_ALONE = (
    "/os.py",
    "<frozen os>",
    "/glob.py",
    "/pathlib.py",
    "/pathlib/_local.py",
    "/pathlib/_os.py",
    "/pathlib/__init__.py",
)
"""Who lists with ``os.scandir``, and asks what it finds for no more than its kind."""
_OF_ENVIRON = ("/os.py", "<frozen os>", "/_collections_abc.py", "<frozen _collections_abc>")
_OUR_VARIABLES = {"TMPDIR", "PYTHONHASHSEED", "AIRFLOW_HARNESS_RUN"}
_THROUGH = {"time_machine", "croniter"}
"""Modules that ask for somebody else; Airflow's timetables ask with croniter for nothing but whether a text is cron."""
_OWN_CLOCKS = ("logging", "structlog", "harness", "random", "uuid", "tempfile", "threading", "airflow.timetables")
"""Modules that ask for the time, for what they tell nobody."""
READERS = ("pyarrow", "polars", "duckdb", "h5py", "tables", "netCDF4", "lxml", "adbc_driver_manager", "deltalake")
"""Libraries that open files in C code, of which nothing tells."""
_CLOCKS = re.compile(
    rb"\bTimestamp\s*\.\s*(?:now|today|utcnow)\b|\b(?:datetime64|to_datetime|Timestamp)\(\s*['\"](?:now|today)"
)
"""Ways to ask for the time that go past Python's own."""


_DOT_NAMES = re.compile(rb"""['"](?:[^'"\n]*/)?(\.\w[\w.-]*)['"]""")
_DOTS = re.compile(rb"""['"](?:[^'"\n]*/)?\.\w*[*?\[]|startswith\(\(?['"]\.['"]|\[0\]\s*[!=]=\s*['"]\.['"]""")
"""Names that begin with a dot in a file's text, and ways to ask for all of them."""
_MAY_ASK = re.compile(rb"\b(?:now|today|utcnow|time|time_ns|localtime|gmtime|strftime|days_ago|ctime)\s*\(")


class Depends:
    """Notes what one process asks for.

    Args:
        users: tells which files are the repository's.
        allowed: throw-away folders, of which nothing is noted.
    Attributes:
        found: key -> how it was then, where that may change meanwhile (of a file: size, time, inode), else None.
        active: the repository's code may be at work.
    """

    def __init__(self, users: Users, allowed: tuple[str, ...]) -> None:
        self.found: dict[str, list[int] | None] = {}
        self.active = True
        self._users, self._allowed = users, (*_NEVER, *allowed)
        self._frame, self._stat, self._fspath, self._getcwd = sys._getframe, os.stat, os.fspath, os.getcwd
        self._decode, self._join, self._normpath = os.fsdecode, os.path.join, os.path.normpath
        self._readlink, self._realpath, self._home = (
            os.readlink,
            os.path.realpath,
            os.environ.get("AIRFLOW_HOME", "/nowhere") + "/",
        )

    def forget(self) -> None:
        """Another file follows."""
        self.found = {}

    def install(self) -> None:
        """Lead the ways that no event tells of through here, for as long as this process lives."""
        replacements = {
            "stat": self._asking(os.stat, "stat"),
            "lstat": self._asking(os.lstat, "stat"),
            "access": self._asking(os.access, "stat"),
            "readlink": self._asking(os.readlink, "link"),
            "getcwd": self._noting(os.getcwd, "cwd:"),
            "uname": self._noting(os.uname, "host:"),
            "umask": self._noting(os.umask, "umask:"),
            "open": self._opening(os.open),
        }
        for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
            able |= {one for name, one in replacements.items() if getattr(os, name) in able}
        vars(os).update(replacements)
        if accessor := getattr(sys.modules.get("pathlib"), "_NormalAccessor", None):  # 3.10 keeps its own
            for name in ("stat", "lstat", "readlink", "access", "getcwd"):
                if hasattr(accessor, name):
                    setattr(accessor, name, staticmethod(replacements.get(name, getattr(os, name))))
        variables = _Variables(os.environ._data)  # type: ignore[attr-defined]
        variables.report = self._variable
        os.environ._data = variables  # type: ignore[attr-defined]
        if os.supports_bytes_environ:
            os.environb._data = variables  # type: ignore[attr-defined]
        if context := getattr(sys.modules.get("ssl"), "SSLContext", None):
            for name in ("load_verify_locations", "load_cert_chain"):
                setattr(context, name, self._certificates(getattr(context, name)))
        with suppress(ImportError):  # a Python without it
            import sqlite3

            sqlite3.connect = sqlite3.dbapi2.connect = self._authorizing(sqlite3.connect)
        sys.meta_path.insert(0, _Lookups(self._looked_for))

    # -- what is noted -------------------------------------------------------------------------------------------

    def event(self, event: str, args: tuple[Any, ...]) -> None:
        """Take an audit event."""
        path = args[0] if args else None
        if event in _OPENS:
            if path is not None and (event != "ctypes.dlopen" or "/" in str(path)):  # else it is looked for elsewhere
                self._path(path, "file", self._stamp)
            if event == "sqlite3.connect":
                self._path(path, "beside")
        elif event in _LISTS:
            caller = self._frame(2).f_code.co_filename
            if caller not in _IMPORTS:  # a finder looks through folders for modules
                whole = event == "os.scandir" and not caller.endswith((*_NAMES_ALONE, *_NOT_ASKING))
                kind = "packages" if "importlib/metadata" in caller else "sizes" if whole else "names"
                self._path(self._folder(path) if isinstance(path, int) else path, kind)
        elif event == "socket.gethostname":
            self.found.setdefault("host:")

    def clock(self) -> None:
        """Note that the time was asked for, where the repository's code did, itself or through a library."""
        frame: FrameType | None = self._frame(2)
        while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _THROUGH:
            frame = frame.f_back
        who = frame.f_globals.get("__name__", "") if frame is not None else ""
        if not who.startswith(_OWN_CLOCKS) and self._is_users(frame):
            self.found.setdefault("clock:")

    def texts(self, sources: Sequence[bytes], project: str) -> None:
        """Note what only the text of the repository's files shows, and what libraries may read unseen."""
        if any(_CLOCKS.search(source) for source in sources):
            self.found.setdefault("clock:")
        if any(_MAY_ASK.search(source) for source in sources):
            self.found.setdefault("clock?:")
        listed = [key.partition(":")[2] for key in self.found if key.startswith(("names:", "sizes:"))]
        for name in {self._decode(found) for source in sources for found in _DOT_NAMES.findall(source)}:
            self.found.update(dict.fromkeys(f"kind:{folder}/{name}" for folder in listed))
        if any(_DOTS.search(source) for source in sources):
            self.found.update(dict.fromkeys(f"hidden:{folder}" for folder in listed))
        if any(name in sys.modules for name in READERS):
            self.found.setdefault(f"data:{project}")

    def _path(self, target: Any, kind: str, stamp: Callable[[str], Any] = lambda _: None) -> None:
        try:
            path = "." if target is None else self._fspath(target)
            if not isinstance(path, str):  # fsdecode is Python's own: it fails where a file has cleared the builtins
                path = self._decode(path)
        except TypeError:
            return  # a descriptor
        if path[:5] == "file:":
            path = path[5:].partition("?")[0]
        if path in ("", ":memory:") or "\0" in path:
            return
        if path[:1] != "/":
            self.found.setdefault("cwd:")
            path = self._normpath(self._join(self._getcwd(), path))
        if path.startswith("/proc/") and path.endswith("/environ") and self._is_users(self._frame(3)):
            self.found.setdefault("unknown:")
        if path.startswith(self._home):
            path = self._in_project(path)
        if path.startswith(self._allowed) or (path.startswith(_SYSTEM) and not self._is_users(self._frame(3))):
            return
        if path.endswith(".pyc") and "/__pycache__/" in path:  # who else imports a module writes its byte code anew
            folder, _, name = path.rpartition("/__pycache__/")
            path = f"{folder}/{name.partition('.')[0]}.py"
        key = f"{kind}:{path}"
        if key not in self.found:
            self.found[key] = stamp(path)

    def _in_project(self, path: str) -> str:
        """What a path in Airflow's throw-away home stands for: the home shows what the project has."""
        self.active, was = False, self.active
        real = self._realpath(path)
        self.active = was
        first = path[len(self._home) :].partition("/")[0]
        if real.startswith(self._allowed) and first not in ("", "logs", "airflow.cfg") and "scratch-" not in first:
            return self._users.roots[0] + path[len(self._home) :]
        return real

    def _stamp(self, path: str) -> list[int] | None:
        try:
            found = self._stat(path)
        except (OSError, ValueError):
            return None
        return [found.st_size, found.st_mtime_ns, found.st_ino]

    def _folder(self, descriptor: int) -> str | None:
        """What a descriptor stands for; None, which is noted, where the system does not say."""
        self.active, was = False, self.active
        try:
            return str(self._readlink(f"/proc/self/fd/{descriptor}"))
        except OSError:
            self.found.setdefault("unknown:")
            return None
        finally:
            self.active = was

    def _authorizing(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``sqlite3.connect``, whose connections tell of other databases that are attached."""

        def connect(*args: Any, **kwargs: Any) -> Any:
            base = original(*args, **kwargs)
            base.set_authorizer(self._attached)
            return base

        vars(connect)["__wrapped__"] = original
        return connect

    def _attached(self, action: int, file: str | None, *_: Any) -> int:
        """SQLite's authorizer: all may be done. A file that is bound to a statement is not named to it."""
        if action == _ATTACH and file is None:
            self.found.setdefault("unknown:")
        elif action == _ATTACH:
            self._path(file, "file", self._stamp)
            self._path(file, "beside")
        return 0

    def _opening(self, original: Callable[..., int]) -> Callable[..., int]:
        def opening(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
            if dir_fd is not None and self.active and (folder := self._folder(dir_fd)) is not None:
                self._path(self._join(folder, self._decode(path)), "file", self._stamp)
            return original(path, flags, mode, dir_fd=dir_fd)

        opening.__name__ = "open"
        vars(opening)["__wrapped__"] = original
        return opening

    def _certificates(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``load_cert_chain`` and ``load_verify_locations``: OpenSSL opens the files."""

        def load(context: Any, *args: Any, **kwargs: Any) -> Any:
            given = [*args[:2], *(kwargs.get(name) for name in ("certfile", "keyfile", "cafile", "capath"))]
            for path in given if self.active else ():
                if path is not None:
                    self._path(path, "file", self._stamp)
            return original(context, *args, **kwargs)

        load.__name__ = original.__name__
        vars(load)["__wrapped__"] = original
        return load

    def _asking(self, original: Callable[..., Any], kind: str) -> Callable[..., Any]:
        def lookup(path: Any, *args: Any, **kwargs: Any) -> Any:
            if self.active and not isinstance(path, int):
                folder = None if (at := kwargs.get("dir_fd")) is None else self._folder(at)
                self._note_lookup(path if folder is None else self._join(folder, self._decode(path)), kind)
            return original(path, *args, **kwargs)

        lookup.__name__ = original.__name__
        vars(lookup)["__wrapped__"] = original
        return lookup

    def _note_lookup(self, path: Any, kind: str) -> None:
        frame = self._frame(2)
        if frame.f_code.co_filename.startswith(OURS) or frame.f_code.co_filename.endswith(_NOT_ASKING):
            return
        while frame.f_code.co_filename.endswith(_PATHS) and frame.f_back is not None:
            if frame.f_code.co_name in _KINDS:
                kind = "kind"
            elif frame.f_code.co_name in _LINKS:
                kind = "link"
            frame = frame.f_back
        self._path(path, kind)

    def _noting(self, original: Callable[..., Any], key: str) -> Callable[..., Any]:
        def lookup(*args: Any) -> Any:
            if self.active and self._is_users(self._frame(1)):
                self.found.setdefault(key)
            return original(*args)

        return lookup

    def _variable(self, name: bytes | None) -> None:
        if not self.active:
            return
        frame: FrameType | None = self._frame(2)
        while frame is not None and frame.f_code.co_filename.endswith(_OF_ENVIRON):
            frame = frame.f_back
        if frame is None or frame.f_code.co_filename.startswith(OURS):
            return
        variable = "*" if name is None else self._decode(name)
        if (
            variable not in _OUR_VARIABLES
            and not variable.startswith("AIRFLOW")
            and (variable != "*" or self._is_users(frame))
        ):
            self.found.setdefault(f"env:{variable}")

    def _looked_for(self, name: str, path: Sequence[str] | None) -> None:
        for folder in sys.path if path is None else list(path):
            folder = folder or self._getcwd()
            if isinstance(folder, str) and not folder.startswith((*_SYSTEM, *self._allowed)):
                self.found.setdefault(f"find:{folder}:{name.rpartition('.')[2]}")

    def _is_users(self, frame: FrameType | None) -> bool:
        """Whether the repository's code is at work, and not the import of somebody else's module."""
        while frame is not None:
            name = frame.f_code.co_filename
            if self._users.own(name):
                return True
            if name in _IMPORTS and frame.f_code.co_name == "exec_module":
                origin = getattr(getattr(frame.f_locals.get("module"), "__spec__", None), "origin", None)
                if not isinstance(origin, str) or not self._users.own(origin):
                    return False
            frame = frame.f_back
        return False


class _Variables(dict[bytes, bytes]):
    """The variables of ``os.environ``, which tell that they are read."""

    report: Callable[[bytes | None], None] = staticmethod(lambda _: None)

    def __getitem__(self, name: bytes) -> bytes:
        self.report(name)
        return super().__getitem__(name)

    def __iter__(self) -> Iterator[bytes]:
        self.report(None)
        return super().__iter__()


class _Lookups:
    """A finder that finds nothing and tells what was looked for."""

    def __init__(self, report: Callable[[str, Sequence[str] | None], None]) -> None:
        self._report = report

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,  # noqa: ARG002 - a finder's signature
    ) -> ModuleSpec | None:
        """A finder's part."""
        self._report(name, path)
        return None
