"""Which Airflow is installed, read from its metadata without importing it."""

from __future__ import annotations

import os
import re
import sys

from harness.errors import UnsupportedAirflow

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
