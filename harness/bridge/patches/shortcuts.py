"""What makes runs quicker and nothing else, in one place: ``AIRFLOW_HARNESS_SHORTCUTS=off`` leaves all of it out.

With and without it a run is the same, byte for byte; where it ever is not, this is how to see which half is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from harness.bridge.patches.caches import caches
from harness.bridge.patches.templates import once
from harness.bridge.patches.unobserved import unobserved

VARIABLE = "AIRFLOW_HARNESS_SHORTCUTS"


def off() -> bool:
    """Whether whoever runs this wants none of it."""
    return os.environ.get(VARIABLE, "").lower() in ("off", "0", "no", "false")


def shortcuts() -> Iterator[tuple[Any, str, Any]]:
    """What of Airflow to replace for the length of a simulation."""
    if not off():
        yield from caches()
        yield from once()
        yield from unobserved()
