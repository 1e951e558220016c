"""What a Dag file leaves changed in its process, and how it is put right, so that the checks themselves can go on.

Beside what is told there is what is nobody's fault to change: it only keeps other files out of the process.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import builtins
import gc
import json
import locale
import logging
import os
import random
import resource
import signal
import socket
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from harness.bridge.parsing.leftovers.guard import Guard
from harness.bridge.parsing.watching import Users

# A file may replace or clear the builtins (hostile/clear_builtins.py), and this module has to work after that: it has
# a copy of its own.
globals()["__builtins__"] = dict(vars(builtins))

_KEPT = (
    *("builtins", "time", "os", "json", "io", "sys", "pickle", "re", "datetime", "functools", "random", "threading"),
    *("subprocess", "signal", "posixpath"),
)
_OURS = {
    "sys": {"modules", "path", "argv", "stdout", "stderr", "stdin", "last_value", "excepthook", "displayhook"},
}
_LIMITS = {
    name: getattr(resource, name)
    for name in ("RLIMIT_NOFILE", "RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_STACK")
}
_update, _items, _modules_of_process = dict.update, dict.items, sys.modules

Place = tuple[str, int]


@dataclass(frozen=True)
class Change:
    """Something a file left changed: what, in a few words, and where, as far as is known."""

    what: str
    place: Place | None = None


@dataclass
class Spoilt:
    """The process as a file left it, kept before it was put right."""

    replaced: dict[str, list[str]] = field(default_factory=dict)
    cwd: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    path: list[Any] = field(default_factory=list)
    signals: dict[int, Any] = field(default_factory=dict)
    recursion: int = 0
    umask: int = 0
    limits: dict[str, tuple[int, int]] = field(default_factory=dict)
    more: list[str] = field(default_factory=list)


class Kept:
    """Modules as they are: taken once, before children are forked, since to look at an object copies its page.

    Attributes:
        modules: all there are, by name. listed: their names; the last is the one that was imported last.
        names: of standard modules, what they hold.
        guard: keeps what is ours.
    """

    def __init__(self) -> None:
        self.modules = dict(sys.modules)
        self.dicts = {name: vars(sys.modules[name]) for name in _KEPT}
        self.names = {name: dict(held) for name, held in self.dicts.items()}
        # New texts lie side by side in memory; looking at the old ones would copy the pages of all of them into each
        # child.
        self.listed = [name.encode().decode() for name in self.modules]
        self.last = self.listed[-1]
        self.guard = Guard()
        self.guarded = [name for name in self.listed if name in _KEPT or name.startswith(_GUARDED)]


_GUARDED = ("harness.", "airflow.serialization")
_kept: list[Kept] = []
"""At most one: it is of the process, as what it keeps is."""


def keep(anew: bool = False) -> Kept:
    """What there is now, or was when it was first asked for."""
    if anew:
        _kept.clear()
    if not _kept:
        _kept.append(Kept())
    return _kept[0]


class Before:
    """The process as it was before a file was parsed.

    Args:
        users: tells which code is the repository's.
    """

    def __init__(self, users: Users) -> None:
        self._users, self._kept = users, keep()
        changed = {module.__name__: dict(vars(module)) for module in (sys, os, threading, json)}  # by us, or the fork
        self._modules = {**self._kept.names, **changed}
        self._cwd = os.getcwd()  # noqa: PTH109 - what the file would see
        self._environ = os.environ
        self._environment = dict(os.environ)
        self._path, self._paths = sys.path, list(sys.path)
        self._finders, self._path_hooks = list(sys.meta_path), list(sys.path_hooks)
        self._signals = {number: _signal.getsignal(number) for number in range(1, signal.NSIG)}
        self._threads = {thread.ident for thread in threading.enumerate()}
        self._recursion = sys.getrecursionlimit()
        self._umask = os.umask(0o022)
        os.umask(self._umask)
        self._limits = {name: resource.getrlimit(number) for name, number in _LIMITS.items()}
        self._gc_callbacks = list(gc.callbacks)
        self._classes = Classes()

    def restore(self, traced: bool) -> Spoilt:
        """Put right what the checks need: first builtins and standard modules, then the rest.

        Args:
            traced: the caller had to stop a trace function.
        Returns: how it was found, for `changes`.
        """
        spoilt = Spoilt()
        if traced:
            spoilt.more.append("sys.settrace or sys.setprofile is set")
        # `_items` and `_update` are the methods of ``dict`` as they were before any file ran.
        for name, kept in _items(self._modules):
            now = self._kept.dicts[name]
            other = [key for key, value in _items(kept) if self._differs(key, now.get(key, _GONE), value)]
            spoilt.replaced[name] = [*other, *(key for key in now if name == "builtins" and key not in kept)]
            if other:
                _update(now, kept)
        if replaced := self._classes.replaced():
            spoilt.more.append(f"replaced: {_shown(replaced)}")
        self._put_modules_back(spoilt)
        self._hooks(spoilt)
        self._surroundings(spoilt)
        return spoilt

    def _differs(self, key: str, now: Any, value: Any) -> bool:
        """Whether a name is another thing through the file, and no cache of the module's own that has been filled."""
        if not _differ(now, value):
            return False
        # A module fills caches of its own when it is used, as any file may make it do: that is no pollution, unless
        # what it was filled with is the user's.
        filled = value is None and key[:1] == "_" and key[:2] != "__"
        return not (filled and not self._is_users(now))

    def _put_modules_back(self, spoilt: Spoilt) -> None:
        kept = self._kept.modules
        gone = [name for name in self._kept.listed if name not in _modules_of_process]
        other = [name for name in self._kept.guarded if _modules_of_process.get(name, kept[name]) is not kept[name]]
        _update(_modules_of_process, {name: kept[name] for name in [*gone, *other]})
        if gone:
            spoilt.more.append(f"modules taken out of sys.modules: {_shown(gone)}")
        if other:
            spoilt.more.append(f"modules replaced in sys.modules: {_shown(other)}")

    def _hooks(self, spoilt: Spoilt) -> None:
        """Callbacks of the collector, finders, signals: what would run code of the file in our midst."""
        if len(gc.callbacks) > len(self._gc_callbacks):
            spoilt.more.append("callbacks of the garbage collector are added")
        gc.callbacks[:] = self._gc_callbacks
        users = [one for one in (*sys.meta_path, *sys.path_hooks) if self._is_users(one)]
        if users or not set(map(id, self._finders)) <= set(map(id, sys.meta_path)):
            spoilt.more.append("import hooks are changed")
            sys.meta_path[:] = self._finders
            sys.path_hooks[:] = self._path_hooks
        spoilt.signals = {number: _signal.getsignal(number) for number in self._signals}
        if any(signal.setitimer(timer, 0)[0] for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL)):
            spoilt.more.append("an alarm is set")
        for number, handler in self._signals.items():
            if spoilt.signals[number] != handler:
                with suppress(OSError, ValueError, TypeError):
                    _signal.signal(number, handler)

    def _surroundings(self, spoilt: Spoilt) -> None:
        closed = [str(number) for number in (0, 1, 2) if not _is_open(number)]
        if closed:
            spoilt.more.append(f"descriptors that are closed: {', '.join(closed)}")
        with suppress(OSError):
            spoilt.cwd = os.getcwd()  # noqa: PTH109
        spoilt.environment = dict(self._environ)
        if spoilt.environment != self._environment:
            self._environ.clear()
            self._environ.update(self._environment)
        spoilt.path = list(sys.path) if isinstance(sys.path, list) else []
        self._path[:] = [*self._paths, *(entry for entry in spoilt.path if entry not in self._paths)]
        spoilt.recursion = sys.getrecursionlimit()
        sys.setrecursionlimit(self._recursion)
        spoilt.umask = os.umask(self._umask)
        spoilt.limits = {name: resource.getrlimit(number) for name, number in _LIMITS.items()}
        for name, limit in self._limits.items():
            if spoilt.limits[name] != limit:
                with suppress(ValueError, OSError):
                    resource.setrlimit(_LIMITS[name], limit)
        with suppress(OSError):
            os.chdir(self._cwd)

    # -- what is told --------------------------------------------------------------------------------------------

    def changes(self, spoilt: Spoilt, marks: dict[tuple[str, Any], Place | None]) -> list[Change]:
        """What was different, each in a few words; the repository's own folders on ``sys.path`` do not count.

        Args:
            marks: see `harness.bridge.parsing.watching.watch.ActivityWatch.marks`; what a library set is not told.
        """
        found = [Change(what) for what in [*self._replaced(spoilt), *spoilt.more]]
        if spoilt.cwd != self._cwd:
            found.append(
                Change(f"the working directory is {spoilt.cwd or 'a folder that is gone'}", marks.get(("cwd", None)))
            )
        found += self._environment_changes(spoilt, marks)
        removed = [f"-{entry}" for entry in self._paths if entry not in spoilt.path]
        added = [f"+{entry}" for entry in spoilt.path if entry not in self._paths and not self._own_folder(entry)]
        if added or removed:
            found.append(Change(f"sys.path: {_shown([*added, *removed])}"))
        moved = [number for number, handler in self._signals.items() if spoilt.signals[number] != handler]
        if moved:
            found.append(Change(f"signal handlers: {_shown(signal.Signals(one).name for one in moved)}"))
        for what, now, then in (
            ("the recursion limit", spoilt.recursion, self._recursion),
            ("the umask", oct(spoilt.umask), oct(self._umask)),
        ):
            if now != then:
                found.append(Change(f"{what} is {now}"))
        limited = [name for name, limit in self._limits.items() if spoilt.limits[name] != limit]
        if limited:
            found.append(Change(f"resource limits: {_shown(limited)}"))
        return [*found, *self._thread_changes(marks)]

    def _environment_changes(self, spoilt: Spoilt, marks: dict[tuple[str, Any], Place | None]) -> list[Change]:
        then, now = self._environment, spoilt.environment
        names = [
            name for name in {*then, *now} if then.get(name) != now.get(name) and marks.get(("env", name), ("", 0))
        ]
        places = [place for name in names if (place := marks.get(("env", name)))]
        return [Change(f"environment variables: {_shown(names)}", min(places, default=None))] if names else []

    def _thread_changes(self, marks: dict[tuple[str, Any], Place | None]) -> list[Change]:
        """Threads that the user's own code started, those of one line together."""
        lines: dict[Place, list[str]] = {}
        for thread in threading.enumerate():
            place = marks.get(("thread", id(thread)))
            if thread.ident not in self._threads and place is not None:
                lines.setdefault(place, []).append(thread.name)
        return [Change(f"threads are still running: {_shown(names)}", place) for place, names in lines.items()]

    def _replaced(self, spoilt: Spoilt) -> list[str]:
        found = []
        for name, keys in spoilt.replaced.items():
            other = [f"{name}.{key}" for key in keys if key not in _OURS.get(name, ()) and key != "_"]
            other = [key for key in other if key == "builtins.__import__" or "__" not in key]
            if other:
                found.append(f"replaced: {_shown(other)}")
        return found

    def _own_folder(self, entry: Any) -> bool:
        """Whether a folder is the repository's; adding one of those to ``sys.path`` is custom."""
        return os.path.realpath(str(entry)).startswith(self._users.roots) or self._users.own(
            os.path.join(os.path.realpath(str(entry)), "")  # noqa: PTH118
        )

    def _is_users(self, hook: Any) -> bool:
        module = sys.modules.get(getattr(type(hook), "__module__", "") or "")
        if not isinstance(hook, type) and callable(hook) and hasattr(hook, "__code__"):
            return self._users.own(hook.__code__.co_filename)
        return self._users.own(str(getattr(module, "__file__", "")))


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _shown(names: Iterable[str]) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:5]) + (f" and {len(ordered) - 5} more" if len(ordered) > 5 else "")


def _differ(now: Any, value: Any) -> bool:
    """Whether it is another thing; numbers and texts that ``time.tzset`` makes anew are the same."""
    return now is not value and (type(value) not in _PLAIN or type(now) is not type(value) or now != value)


_PLAIN = (int, float, str, tuple)
_GONE: Any = ModuleType("gone")


_WATCHED = (
    ("airflow.sdk.definitions.dag", "DAG"),
    ("airflow.sdk.definitions.taskgroup", "TaskGroup"),
    ("airflow.sdk.definitions.variable", "Variable"),
    ("airflow.sdk.definitions.connection", "Connection"),
    ("airflow.sdk.bases.operator", "BaseOperator"),
    ("airflow.sdk.bases.sensor", "BaseSensorOperator"),
    ("airflow.sdk.bases.hook", "BaseHook"),
    ("airflow.providers.standard.operators.bash", "BashOperator"),
    ("airflow.providers.standard.operators.python", "PythonOperator"),
)


class Classes:
    """What they are now, of those that are imported."""

    def __init__(self) -> None:
        modules = ((sys.modules.get(module), name) for module, name in _WATCHED)
        owners = [getattr(module, name) for module, name in modules if module is not None and hasattr(module, name)]
        self._kept = [(owner, _functions(owner)) for owner in owners]

    def replaced(self) -> list[str]:
        """Functions that are others now: ``DAG.validate``. They are left so: Airflow too would meet with them."""
        return [
            f"{owner.__name__}.{name}"
            for owner, kept in self._kept
            for name, value in kept.items()
            if vars(owner).get(name) is not value
        ]


def _functions(owner: Any) -> dict[str, Any]:
    kinds = (classmethod, staticmethod, property)
    return {name: value for name, value in vars(owner).items() if callable(value) or isinstance(value, kinds)}


State = tuple[Any, ...]


def state() -> State:
    """Small things to compare before and after a file: when they differ, no other file follows in this process."""
    from airflow.sdk.definitions._internal.contextmanager import DagContext, TaskGroupContext

    root = logging.root
    return (
        (gc.isenabled(), gc.get_threshold(), sys.getswitchinterval(), socket.getdefaulttimeout()),
        (root.level, root.manager.disable, len(root.handlers), len(root.filters)),
        (locale.setlocale(locale.LC_ALL), os.getpriority(os.PRIO_PROCESS, 0), random.getstate()),
        (DagContext.get_current() is None, TaskGroupContext.get_current(None) is None),
    )
