"""How things are now that a report may depend on: a digest of each, by its key.

The keys are those of `harness.bridge.parsing.watching.depends`.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from harness.project import WRITTEN, own_folders

NEVER = ("clock:", "unknown:")
"""Keys of what no later run can know to be the same."""
ABSENT = "absent"
_HUGE = 16 * 1024 * 1024
"""Bytes from which on a file is known by size and times; those of its inode cannot be set."""
_OURS = {"airflow-harness-baseline.json", "__pycache__", "logs", "airflow.db", "airflow.cfg", ".airflow_harness_cache"}
"""Names that come and go in a project without its doing."""
_BESIDE = ("-wal", "-journal")
"""Ends of the names of the files in which SQLite keeps what a database has not taken in yet."""
_VOLATILE = {"_", "SHLVL", "OLDPWD", "PWD", "TMPDIR", "PYTHONHASHSEED", "AIRFLOW_HARNESS_RUN", "PYTEST_CURRENT_TEST"}
_DATA = (
    *(
        ".parquet",
        ".feather",
        ".arrow",
        ".ipc",
        ".orc",
        ".avro",
        ".h5",
        ".hdf5",
        ".nc",
        ".npy",
        ".npz",
        ".xlsx",
        ".xml",
    ),
    *(".db", ".sqlite", ".sqlite3", ".duckdb", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".txt"),
    *(".sql", ".html", ".gz", ".zst", ".bz2", ".xz"),
)


def digest_of(path: str) -> str:
    """Of a file's content, or of the names in a folder."""
    try:
        # not Path.open: a thousand of them, twice as fast. A FIFO is opened without waiting for who writes into it
        with open(path, "rb", opener=_without_waiting) as file:
            found = os.fstat(file.fileno())
            if found.st_size > _HUGE or not stat.S_ISREG(found.st_mode):
                return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
            return _digest(file.read())
    except IsADirectoryError:
        return _names(path)
    except (OSError, ValueError):
        return ABSENT


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def stamp_of(path: str) -> list[int] | None:
    """Size, time and inode: what `harness.bridge.parsing.watching.depends.Depends` notes when a file is opened."""
    try:
        found = os.stat(path)  # noqa: PTH116 - thousands of them
    except (OSError, ValueError):
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def path_of(key: str) -> Iterator[str]:
    """Files and folders that a key is about; of a module that is looked for, those that it may be found in."""
    kind, _, rest = key.partition(":")
    if kind in ("file", "names", "kind", "stat", "link", "sizes", "hidden"):
        yield rest
    elif kind == "find":
        folder, _, name = rest.rpartition(":")
        yield from (f"{folder}/{name}", f"{folder}/{name}.py", f"{folder}/{name}/__init__.py")


@dataclass
class Present:
    """Digests, each made once.

    Args:
        environment: variables of the processes that parse.
        outputs: files that we wrote ourselves.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    outputs: frozenset[str] = frozenset()
    _known: dict[str, str] = field(default_factory=dict)
    _folders: dict[str, list[str] | None] = field(default_factory=dict)

    def of(self, key: str) -> str:
        """How it is now."""
        found = self._known.get(key)
        if found is None:
            kind, _, rest = key.partition(":")
            found = self._known[key] = _KINDS.get(kind, Present._never)(self, rest)
        return found

    def forget(self, key: str) -> None:
        """It may have changed since it was asked for."""
        self._known.pop(key, None)

    def _file(self, path: str) -> str:
        return digest_of(path) if path not in self.outputs else ""

    def _names(self, path: str) -> str:
        listed = self._listed(path)
        if listed is None:
            return ABSENT
        return _digest("\0".join(self._kept(path, listed)).encode(errors="surrogateescape"))

    def _kept(self, path: str, listed: Iterable[str]) -> list[str]:
        return [
            name for name in listed if name[:1] != "." and name not in _OURS and f"{path}/{name}" not in self.outputs
        ]

    def _packages(self, path: str) -> str:
        kept = [name for name in self._listed(path) or () if name.endswith((".dist-info", ".egg-info", ".egg", ".pth"))]
        return "\0".join(kept)

    def _kind(self, path: str) -> str:
        try:
            found = os.stat(path)  # noqa: PTH116
        except (OSError, ValueError):
            return ABSENT if not os.path.lexists(path) else "dangling"
        return f"{stat.S_IFMT(found.st_mode)} {os.path.islink(path)}"  # noqa: PTH114

    def _stat(self, path: str) -> str:
        try:
            found = os.stat(path)  # noqa: PTH116
        except (OSError, ValueError):
            return ABSENT
        if stat.S_ISDIR(found.st_mode):  # its times change with what lies in it, of which other keys tell
            return f"{found.st_mode} {self._names(path)}"
        return f"{found.st_mode} {found.st_size} {found.st_mtime_ns} {found.st_uid} {found.st_gid}"

    def _sizes(self, path: str) -> str:
        """Names in a folder, with the size and times of each file."""
        listed = self._listed(path)
        if listed is None:
            return ABSENT
        found = []
        for name in self._kept(path, listed):
            try:
                one = os.stat(f"{path}/{name}")  # noqa: PTH116
            except OSError:
                found.append(f"{name} dangling")
                continue
            file = f" {one.st_size} {one.st_mtime_ns}" if stat.S_ISREG(one.st_mode) else ""
            found.append(f"{name} {one.st_mode}{file}")
        return _digest("\0".join(found).encode(errors="surrogateescape"))

    def _hidden(self, path: str) -> str:
        listed = [name for name in self._listed(path) or () if name[:1] == "." and name not in _OURS]
        return _digest("\0".join(listed).encode(errors="surrogateescape"))

    def _beside(self, path: str) -> str:
        """What is not in a database's own file yet; an empty one holds nothing."""
        return " ".join(digest_of(f"{path}{end}") for end in _BESIDE if (stamp_of(f"{path}{end}") or [0])[0])

    def _link(self, path: str) -> str:
        try:
            return f"to {os.readlink(path)}"  # noqa: PTH115
        except (OSError, ValueError):
            return self._kind(path)

    def _find(self, rest: str) -> str:
        folder, _, name = rest.rpartition(":")
        listed = self._listed(folder)
        if listed is None:
            return digest_of(folder)  # an archive, or nothing
        kept = [one for one in listed if one.partition(".")[0] == name]
        return "\0".join(f"{one}/" if os.path.isdir(f"{folder}/{one}") else one for one in kept)  # noqa: PTH112

    def _env(self, name: str) -> str:
        if name == "*":
            kept = sorted(item for item in self.environment.items() if item[0] not in _VOLATILE)
            return _digest(repr(kept).encode(errors="surrogateescape"))
        value = self.environment.get(name)
        return ABSENT if value is None else _digest(value.encode(errors="surrogateescape"))

    def _data(self, project: str) -> str:
        """Size and time of all data files: which of them a library in C reads, nobody sees."""
        return self._of_kind(project, _DATA)

    def _sources(self, project: str) -> str:
        """Size and time of all modules."""
        return self._of_kind(project, (".py",))

    def _of_kind(self, project: str, ends: tuple[str, ...]) -> str:
        found = []
        for folder, below, names in os.walk(project.rstrip("/")):
            below[:] = own_folders(folder, below, but=WRITTEN)  # what a run logs changes no Dag
            for name in sorted(names):
                path = f"{folder}/{name}"
                if name.endswith(ends) and name not in _OURS and name[:1] != "." and path not in self.outputs:
                    found.append(f"{path} {stamp_of(path)}")
        return _digest("\n".join(found).encode(errors="surrogateescape"))

    def _cwd(self, _: str) -> str:
        return os.getcwd()  # noqa: PTH109

    def _umask(self, _: str) -> str:
        with suppress(OSError), open("/proc/self/status") as file:  # noqa: PTH123
            for line in file:
                if line.startswith("Umask:"):
                    return str(int(line.split()[1], 8))
        now = os.umask(0o77)  # elsewhere nothing tells of it but to set it
        os.umask(now)
        return str(now)

    def _host(self, _: str) -> str:
        return os.uname().nodename

    def _never(self, _: str) -> str:
        return ""

    def _listed(self, path: str) -> list[str] | None:
        if path not in self._folders:
            try:
                self._folders[path] = sorted(os.listdir(path))  # noqa: PTH208
            except (OSError, ValueError):
                self._folders[path] = None
        return self._folders[path]


_KINDS: dict[str, Callable[[Present, str], str]] = {
    "file": Present._file,
    "names": Present._names,
    "packages": Present._packages,
    "kind": Present._kind,
    "stat": Present._stat,
    "sizes": Present._sizes,
    "hidden": Present._hidden,
    "beside": Present._beside,
    "umask": Present._umask,
    "link": Present._link,
    "find": Present._find,
    "env": Present._env,
    "data": Present._data,
    "sources": Present._sources,
    "cwd": Present._cwd,
    "host": Present._host,
}


def of_libraries(files: Iterable[str]) -> dict[str, str]:
    """File -> how it is: size and time where packages are installed, the content of what lies elsewhere."""
    installed = (sys.prefix + "/", sys.base_prefix + "/")
    return {file: _stamp(file) if file.startswith(installed) else digest_of(file) for file in files}


def _stamp(file: str) -> str:
    """As `stamp_of`; a run that has nothing to parse spends a tenth of its time here."""
    try:
        found = os.stat(file)  # noqa: PTH116
    except (OSError, ValueError):
        return ABSENT
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"


def below(folders: Iterable[Any]) -> dict[str, str]:
    """Digests of all files below some folders, byte code and hidden ones left out."""
    found: dict[str, str] = {}
    for top in folders:
        for folder, inside, names in os.walk(str(top)):
            inside[:] = own_folders(folder, inside, but=WRITTEN)
            found |= {f"{folder}/{name}": digest_of(f"{folder}/{name}") for name in names if name[:1] != "."}
    return found


def _names(path: str) -> str:
    try:
        return _digest("\0".join(sorted(os.listdir(path))).encode(errors="surrogateescape"))  # noqa: PTH208
    except OSError:
        return ABSENT


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
