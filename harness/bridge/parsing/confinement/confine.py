"""Limits of the process in which a Dag file is parsed: time, memory, files, what becomes of it when we die."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress

_PDEATHSIG, _SUBREAPER = 1, 36
_NEWNET, _NEWUSER = 0x40000000, 0x10000000

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def own_children_for_good() -> None:
    """Adopt what descendants leave behind, so that it can be found and ended (Linux)."""
    if _libc is not None:
        _libc.prctl(_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """Be killed when the parent is (Linux); at once, when it is gone already."""
    if _libc is not None:
        _libc.prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


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
