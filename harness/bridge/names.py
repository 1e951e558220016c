"""Names that moved between the supported versions of Airflow."""

from __future__ import annotations

from typing import Any


def task_exception(name: str) -> Any:
    """An exception class of the Task SDK: ``airflow.sdk.exceptions`` from 3.2 on, before ``airflow.exceptions``."""
    from airflow.sdk import exceptions

    found = getattr(exceptions, name, None)
    if found is None:
        from airflow import exceptions as core

        found = getattr(core, name)
    return found
