"""Libraries imported once, before the processes that parse are forked, instead of anew in each of them.

What a library does while it is imported is no finding of the file that imports it, but what it leaves may be one, and
may mislead a file that does not import it. So a library that changes its process, starts a thread, warns as Airflow
does or brings modules of the repository is *refused*: a process that took it is of no use any more.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import random
import sys
import sysconfig
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.bridge.parsing.leftovers import pollution
from harness.bridge.parsing.watching import Users, is_airflows, raiser
from harness.bridge.parsing.watching.elapsed import Stopwatch
from harness.bridge.parsing.watching.watch import NETWORK, Refused
from harness.project.libraries import imports_in

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""Numeric libraries start a pool of threads when they are loaded, unless one of these says one."""
_NEVER = {"antigravity", "this", "idlelib", "turtledemo", "test", "harness", "pytest", "_pytest"}
_INSTALLED_IN = tuple(
    os.path.join(os.path.realpath(folder), "")  # noqa: PTH118
    for folder in {sys.prefix, sys.base_prefix, sysconfig.get_path("platlib"), sysconfig.get_path("purelib")}
)


@dataclass
class SharedLibraries:
    """What was imported in advance in this process.

    Attributes:
        seconds: dotted name -> what its import took, less what others before it had brought.
        refused: dotted name -> why it may not be imported in advance.
        tops: first names of all modules that came with them.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    tops: frozenset[str] = frozenset()

    def used_by(self, sources: Iterable[str]) -> list[str]:
        """Names among those taken that some files import at their top."""
        if not self.seconds:
            return []
        found: set[str] = set()
        for source in sources:
            try:
                found.update(imports_in(Path(source).read_bytes()))
            except OSError:
                continue
        return [name for name in self.seconds if name in found]

    def overtaken(self, before: list[str], now: list[Any]) -> bool:
        """Whether folders that a file put on ``sys.path`` hold modules that go before those imported in advance."""
        last = max((place for place, entry in enumerate(now) if entry in before), default=-1)
        for entry in now[:last]:
            if entry not in before and isinstance(entry, str):
                try:
                    names = {name.partition(".")[0] for name in os.listdir(entry)}  # noqa: PTH208
                except OSError:
                    continue
                if not self.tops.isdisjoint(names):
                    return True
        return False


SHARED = SharedLibraries()
"""Of this process; the processes forked from it have it too."""


def import_shared(names: Iterable[str], users: Users) -> None:
    """Import libraries, in order, until one has to be refused; `SHARED` then says what there is.

    Args:
        names: dotted; ``a.b`` may be a thing in the module ``a``. What is not installed is passed over.
        users: tells which files are the repository's.
    """
    known, failed = set(sys.modules), set[str]()
    with _one_thread(), _network_refused():
        for name in names:
            if name not in sys.modules and _is_library(name):
                _import(name, users, failed)
                if SHARED.refused:
                    return
            elif name in sys.modules:
                SHARED.seconds.setdefault(name, 0.0)
    SHARED.tops = frozenset(name.partition(".")[0] for name in sys.modules.keys() - known)


_generators: list[random.Random] = []
"""Of the process: libraries keep theirs in globals of their own."""


def note_chance() -> None:
    """Note the generators of random numbers that libraries made while they were imported, for `reseed`."""
    classes = [random.Random]
    for one in classes:
        classes += [each for each in one.__subclasses__() if each not in classes]
    # An instance refers to its class, so the collector finds them in C: a fifth of the time of a look at each object
    # here, which was 4 % of a cold check of files that import pandas and the clouds' clients.
    _generators[:] = [one for one in gc.get_referrers(*classes) if issubclass(type(one), random.Random)]


def reseed() -> None:
    """Give what was imported in advance other random numbers: a fork has those of the process that it was forked from.

    Python's own generator is seeded anew at every fork.
    """
    for generator in _generators:
        generator.seed()
    if (numpy := sys.modules.get("numpy.random")) is not None:
        numpy.seed()


def _import(name: str, users: Users, failed: set[str]) -> None:
    base, _, thing = name.rpartition(".")
    if base in failed or hasattr(sys.modules.get(base), thing):
        failed |= {name} if base in failed else set()
        return
    before, modules = pollution.Before(users), len(sys.modules)
    warned: list[bool] = []
    catching = warnings.catch_warnings()
    catching.__enter__()
    warnings.simplefilter("always")
    warnings.showwarning = lambda _message, category, *_: warned.append(is_airflows(category, raiser()))
    stopwatch = Stopwatch()
    stopwatch.start()
    try:
        importlib.import_module(name)
    except (Exception, SystemExit):
        failed.add(name)
        return  # the files that import it will meet with the same
    finally:
        seconds = stopwatch.stop()
        spoilt = before.restore(traced=False)
        catching.__exit__(None, None, None)
        why = _why_refused(before.changes(spoilt, {}), any(warned), users, modules)
        if why:
            SHARED.refused[name] = why
    SHARED.seconds[name] = seconds


def _why_refused(changes: list[pollution.Change], warned: bool, users: Users, modules: int) -> str | None:
    if changes:
        return changes[0].what
    if warned:
        return "it warns"
    if _threads() > 1:
        return "it starts threads"
    new = list(sys.modules.values())[modules:]
    if any(users.own(str(getattr(module, "__file__", None) or "")) for module in new):
        return "it imports modules of the repository"
    return None


def _threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208
    except OSError:
        return 1


def _is_library(name: str) -> bool:
    """Whether the module comes from an installed package or from Python's library, wherever it is looked for."""
    top = name.partition(".")[0]
    if top in _NEVER:
        return False
    if top in sys.modules:
        return True
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return False
    if spec is None:
        return False
    places = [*(spec.submodule_search_locations or ()), *([spec.origin] if spec.has_location and spec.origin else [])]
    return all(os.path.realpath(place).startswith(_INSTALLED_IN) for place in places)


@contextmanager
def _one_thread() -> Iterator[None]:
    added = [name for name in _ONE_THREAD if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextmanager
def _network_refused() -> Iterator[None]:
    """As `ActivityWatch` does where files are parsed; the hook stays, idle afterwards."""
    at_work = [True]

    def hook(event: str, _args: tuple[Any, ...]) -> None:
        if at_work and event in NETWORK:
            raise Refused(101, "the network is off while Dag files are checked")

    sys.addaudithook(hook)
    try:
        yield
    finally:
        at_work.clear()
