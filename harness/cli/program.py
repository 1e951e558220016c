"""What the program is called, and what runs it."""

from __future__ import annotations

import sys

PROGRAM = "airflow-harness"


def python() -> str:
    """The interpreter's version as ``--version`` names it."""
    return ".".join(map(str, sys.version_info[:3]))
