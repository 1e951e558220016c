"""The installed Airflow: its version, read from its metadata without importing it.

And the error of one that does not import, by itself or through ``airflow_local_settings.py``.
"""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import AirflowUnusable, HarnessError, UnsupportedAirflow

OLDEST, BEFORE = (3, 1), (4, 0)
NEWEST_TESTED = (3, 4)
"""The newest Airflow that our tests run on."""


def airflow_version() -> tuple[int, int, int]:
    """Version of the installed Airflow.

    Raises: UnsupportedAirflow: none installed, or outside the supported range.
    """
    text = version_of("apache-airflow-core")
    if text is None:
        raise UnsupportedAirflow(
            "no apache-airflow-core in this environment", fix="pip install 'apache-airflow-core>=3.1,<4'"
        )
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", text)
    numbers = (int(found[1]), int(found[2]), int(found[3])) if found else (0, 0, 0)
    if not OLDEST <= numbers[:2] < BEFORE:
        raise UnsupportedAirflow(
            f"Airflow {text} is not supported", known="3.1 up to, not including, 4.0", fix="install a supported version"
        )
    return numbers


def newer_than_tested() -> str | None:
    """What to tell who has an Airflow that this version of airflow-harness was never tried with; None otherwise."""
    try:
        found = airflow_version()
    except UnsupportedAirflow:
        return None
    if found[:2] <= NEWEST_TESTED:
        return None
    tried = ".".join(map(str, NEWEST_TESTED))
    return (
        f"Airflow {version_of('apache-airflow-core')} is newer than {tried}, the newest that airflow-harness "
        f"{version_of('airflow-harness')} was tested with: what changed since is not simulated"
    )


def version_of(distribution: str) -> str | None:
    """The version of an installed distribution; None when it is not there.

    Its folder tells; `importlib.metadata` takes a tenth of a second to import, and is asked only where none does.
    """
    start = distribution.replace("-", "_") + "-"
    for entry in sys.path:
        try:
            names = os.listdir(entry or ".")  # noqa: PTH208 - pathlib is slower
        except OSError:
            continue
        for name in names:
            if name.startswith(start) and name.endswith(".dist-info"):
                return name[len(start) : -len(".dist-info")]
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


NAME = "airflow_local_settings"
_RAISED = re.compile(r"[A-Za-z_][\w.]*(: |$)")
_FRAME = re.compile(rf'File "([^"\n]*\b{NAME}\.py)", line (\d+)')


def unusable(text: str) -> AirflowUnusable:
    """The error of an Airflow that does not import.

    Args:
        text: the text of the traceback.
    """
    lines = [one.strip() for one in text.strip().splitlines()]
    raised = next((one for one in reversed(lines) if _RAISED.match(one)), "an exception")[:500]
    frames = _FRAME.findall(text)
    if frames:
        path, line = frames[-1]
        here = Path.cwd()
        shown = Path(path).relative_to(here).as_posix() if Path(path).is_relative_to(here) else path
        return AirflowUnusable(
            f"{NAME}.py raises {raised}",
            where=f"{shown}:{line}",
            why="Airflow imports it with itself, so that no Dag can be loaded",
            fix="correct it; or install what it imports where the harness is installed",
        )
    # Airflow reads its own files, which are UTF-8, with the encoding of the locale.
    decoding = raised.startswith("UnicodeDecodeError")
    fix = "use a locale of UTF-8: export LC_ALL=C.UTF-8" if decoding else "see what it says: python -c 'import airflow'"
    return AirflowUnusable("Airflow does not import here, so no Dag can be loaded", why=raised, fix=fix)


@contextmanager
def reported_as_unusable() -> Iterator[None]:
    """What is raised while Airflow and that file are imported, in the block, is one error in the house style.

    What the machine refuses stays what it is: a full disk is no fault of Airflow's.

    Raises: AirflowUnusable: something was raised.
    """
    try:
        yield
    except HarnessError:
        raise
    except (Exception, SystemExit) as error:
        formatted = "".join(traceback.format_exception(error))
        if isinstance(error, (OSError, MemoryError, SystemExit)) and not _FRAME.search(formatted):
            raise
        raise unusable(formatted) from None
