"""SQL on virtual time: a server whose clock is so far off from the machine's as a file says.

libfaketime, preloaded into the server, reads the file whenever the server asks for the time of day; we rewrite it in
place. The monotonic clock stays real, so that what waits in the server (``pg_sleep``, locks, its threads) waits as
long as it says. Only the library of the PyPI package is used; its Python is never imported.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from time_machine import escape_hatch

from harness.errors import UsageError, known_names
from harness.kernel.instant import SECOND, Instant
from harness.services.account import Account
from harness.services.base import NOT_OUR_CLOCK

PACKAGE = "libfaketime"
_CHOICES = ("real", "virtual")

FILE = "clock"
REAL_TIME = f"{0:+024.6f}\n"
"""No offset. Every content of the file has this length: one that is read while it is rewritten is still a number."""

_SOURCES = ("vendor", "libfaketime", "src")
_PROBE = "import time; print(time.time())"
_PROBE_TIME, _PROBE_AFTER = "@2100-01-01 00:00:00", 4_000_000_000
"""What the probe is told, and the seconds since the epoch that it tells if it obeys, at least."""


def library() -> Path | None:
    """The library of the installed package."""
    spec = find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        found = Path(folder).joinpath(*_SOURCES, "libfaketime.so.1")
        if found.is_file():
            return found
    return None


def why_real(variable: str) -> str | None:
    """Why an embedded server's clock stays real; None where it can be virtual.

    Args:
        variable: of the environment, which may leave it ``real``.
    Raises: UsageError: the environment asks for neither.
    """
    wanted = os.environ.get(variable) or "virtual"
    if wanted not in _CHOICES:
        raise UsageError(f"{variable}={wanted} is no clock", known=known_names(wanted, _CHOICES))
    if wanted == "real":
        return f"{variable}=real"
    if sys.platform != "linux":
        return "libfaketime is for Linux"
    found = library()
    if found is None:
        return "libfaketime is not installed (pip install libfaketime)"
    return None if _loads(found) else f"{found} does not load on this machine"


def why_real_of(driver: str, variable: str) -> str | None:
    """Why a server's clock is real, by its driver; None where `why_real` gives no reason either.

    Args:
        variable: of the environment, which may leave an embedded one's real.
    """
    return NOT_OUR_CLOCK.get(driver) or why_real(variable)


@cache  # the same for the life of the process, and 20 ms
def _loads(found: Path) -> bool:
    """Whether a program obeys it. The package's wheel says that it is for any machine, and holds a library for one."""
    env = {"LD_PRELOAD": str(found), "FAKETIME": _PROBE_TIME}
    try:
        said = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _PROBE], env=env, capture_output=True, text=True, check=True
        ).stdout
        return float(said) > _PROBE_AFTER
    except (OSError, ValueError, subprocess.CalledProcessError):
        return False


def preloaded(account: Account | None, files: dict[str, str], to_copy: list[tuple[str, str]]) -> dict[str, str]:
    """The environment of a server that obeys a file in its folder.

    Args:
        account: that the server runs as; None for ours.
        files: of the folder, to which that one is added.
        to_copy: of an `Order`, to which the library is added where another account than ours has to find it.
    """
    found = library()
    assert found is not None
    files[FILE] = REAL_TIME
    place = str(found)
    if account is not None:
        place = f"{{folder}}/programs/{found.name}"
        to_copy.append((str(found), place))
    return {
        "LD_PRELOAD": place,
        "FAKETIME_TIMESTAMP_FILE": f"{{folder}}/{FILE}",
        "FAKETIME_NO_CACHE": "1",  # else it looks every ten seconds
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }


class ServerClock:
    """The clock of one server.

    Args:
        path: of the file that it obeys.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)

    def __call__(self, instant: Instant | None) -> None:
        """Have it stand at an instant now, from where it goes on; None: on real time.

        The offset is that to the real time before the file is written, so that SQL never reads an earlier instant.
        """
        if instant is None:
            text = REAL_TIME
        else:
            offset = instant - _real_now()
            whole, part = divmod(abs(offset), SECOND)
            text = f"{'-' if offset < 0 else '+'}{whole:016d}.{part:06d}\n"
        os.pwrite(self._file, text.encode(), 0)

    def close(self) -> None:
        """Leave it as it is."""
        os.close(self._file)


def _real_now() -> Instant:
    """Whether or not this process's clock is virtual; time-machine keeps the real one only while that is so."""
    real_ns = escape_hatch.time.time_ns if escape_hatch.is_travelling() else time.time_ns
    return Instant(real_ns() // 1_000)
