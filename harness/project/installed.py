"""Which Airflow is installed, read from its metadata without importing it."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

from harness.errors import UnsupportedAirflow

OLDEST, BEFORE = (3, 1), (4, 0)
NEWEST_TESTED = (3, 4)
"""The newest Airflow that our tests run on."""


def airflow_version() -> tuple[int, int, int]:
    """Version of the installed Airflow.

    Raises: UnsupportedAirflow: none installed, or outside the supported range.
    """
    try:
        text = version("apache-airflow-core")
    except PackageNotFoundError:
        raise UnsupportedAirflow(
            "no apache-airflow-core in this environment", fix="pip install 'apache-airflow-core>=3.1,<4'"
        ) from None
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
        f"Airflow {version('apache-airflow-core')} is newer than {tried}, the newest that airflow-harness "
        f"{version('airflow-harness')} was tested with: what changed since is not simulated"
    )
