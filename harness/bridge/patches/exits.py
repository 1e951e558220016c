"""Calls that would end or replace the process: in a rehearsal they would end all of it, green and without a verdict.

``os._exit``, ``os.abort`` and the ``os.exec`` family, in ``os`` and ``posix`` and where users' modules imported them by
name. A worker may be ended by them, so in a task they end the attempt; a Dag file does not import. A
child that somebody forked may do as it likes, so ``os.spawn…``, ``subprocess`` and ``multiprocessing`` go on as ever.
"""

from __future__ import annotations

import atexit
import os
import posix
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from harness.bridge.patches import Change, replaced
from harness.bridge.supervisor.task_context import current_task_context
from harness.kernel import CodeExit, Simulation
from harness.kernel.loaded_modules import loaded
from harness.kernel.present import inherited
from harness.kernel.process import Process, owner

ABORTED = -6
"""The exit code that the supervisor sees of ``os.abort()``: SIGABRT's."""


class WorkerExited(CodeExit):
    """Code called what ends its process; a worker would be gone.

    Attributes:
        code: what the supervisor would see; None where another program took the process over.
    """

    def __init__(self, message: str, code: int | None) -> None:
        super().__init__(message)
        self.code = code


Strike = Callable[[WorkerExited], None]
"""Called where the process would end: raises in its place, or returns where the process may."""


@contextmanager
def exits_of_tasks(simulation: Simulation) -> Iterator[None]:
    """While a simulation runs: what a task, callback or trigger calls ends it alone, also from one of its threads."""

    def strike(error: WorkerExited) -> None:
        if threading.current_thread() is threading.main_thread():
            if simulation.current is not None:
                raise error
            return
        process, who = inherited(owner), current_task_context()
        if process is None:
            return  # a thread that is nobody's: a time limit of the test framework
        if who is not None and who.exited is None:
            who.exited = error
            simulation.schedule(simulation.now, simulation.interrupt, process, error)
        raise error  # ends the thread; the task hears of it

    with _guarded(strike):
        yield


def alarmed(process: Process) -> None:
    """SIGALRM without a handler ends a process.

    Raises: WorkerExited.
    """
    raise WorkerExited(f"the alarm of {process.name!r} went off, and nothing handles SIGALRM", -signal.SIGALRM)


@contextmanager
def exits_of_files() -> Iterator[None]:
    """While a Dag file is imported: it raises, and so does a thread that it started."""
    before, exits = set(threading.enumerate()), list[WorkerExited]()

    def strike(error: WorkerExited) -> None:
        thread = threading.current_thread()
        if thread is threading.main_thread():
            raise error
        if thread not in before:
            exits.append(error)
            raise error  # ends the thread

    with _guarded(strike):
        yield
    if exits:
        raise exits[0]


@contextmanager
def _guarded(strike: Strike) -> Iterator[None]:
    _strikes.append((os.getpid(), strike))
    try:
        with replaced(_changes()):
            yield
    finally:
        _strikes.pop()


def _changes() -> list[Change]:
    """The calls, where they are; not what somebody put in their place, a test's double."""
    places: list[Change] = [(module, name, guard) for module in (os, posix) for name, guard in _GUARDS.items()]
    for _, module in loaded.users():
        found = list(vars(module).items())
        places += [(module, attribute, _SWAPS[id(value)]) for attribute, value in found if id(value) in _SWAPS]
    return [change for change in places if id(vars(change[0])[change[1]]) in _SWAPS]


def _strike(message: str, code: int | None) -> None:
    """Have whoever watches raise; nobody does in a child that was forked, nor when nothing is rehearsed.

    What a Dag file imported by name while it was loaded stays a guard: then it is the call itself.
    """
    if _strikes and _strikes[-1][0] == os.getpid():
        _strikes[-1][1](WorkerExited(message, code))


def verdict_stands(code: int) -> None:
    """What a task left to be done at the end of the process cannot end it with 0 where the verdict is another.

    ``atexit.register(os._exit, 0)`` in a task is kept until our process ends. A child that was forked may end as it
    likes.

    Args:
        code: the exit code of the command.
    """
    if not code:
        return
    real, ours = posix._exit, os.getpid()

    def ending(status: int) -> NoReturn:
        real(code if status == 0 and os.getpid() == ours else status)

    for registered in (real, _GUARDS["_exit"]):
        atexit.unregister(registered)
    for module in (os, posix):
        vars(module)["_exit"] = ending
    _REAL["_exit"] = ending  # what users' modules imported by name ends here


def _exit(status: int) -> Any:
    """``os._exit``."""
    _strike(f"the code ended its process: os._exit({status})", status)
    return _REAL["_exit"](status)


def abort() -> Any:
    """``os.abort``."""
    _strike("the code ended its process: os.abort()", ABORTED)
    return _REAL["abort"]()


def execv(path: Any, argv: Any, /) -> Any:
    """``os.execv``; the rest of the family in ``os`` ends here or in `execve`."""
    _strike(f"the code gave its process away: os.execv({path!r}, …){_INSTEAD}", None)
    return _REAL["execv"](path, argv)


def execve(path: Any, argv: Any, env: Any) -> Any:
    """``os.execve``."""
    _strike(f"the code gave its process away: os.execve({path!r}, …){_INSTEAD}", None)
    return _REAL["execve"](path, argv, env)


_INSTEAD = "; subprocess.run runs a program and tells how it ended"
_GUARDS: dict[str, Callable[..., Any]] = {"_exit": _exit, "abort": abort, "execv": execv, "execve": execve}
_REAL: dict[str, Callable[..., Any]] = {name: getattr(posix, name) for name in _GUARDS}
_SWAPS = {id(_REAL[name]): guard for name, guard in _GUARDS.items()}
_strikes: list[tuple[int, Strike]] = []
"""Of the process, of which there is one to end: the innermost last, each with the process that it was made in."""
