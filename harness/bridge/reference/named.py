"""Names that moved between versions of Airflow."""

from __future__ import annotations

from typing import Any


def named(name: str) -> Any:
    """An exception of Airflow, from where the installed version keeps it."""
    import airflow.exceptions as core
    from airflow.sdk import exceptions as sdk

    return getattr(sdk, name, None) or getattr(core, name)
