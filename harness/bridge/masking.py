"""Secrets out of everything that is written, by Airflow's own masker."""

from __future__ import annotations

from typing import Any


def masked(value: Any, name: str | None = None) -> Any:
    """The value with every secret that Airflow's masker knows replaced by ``***``."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    try:
        from airflow.sdk._shared.secrets_masker import redact
    except ImportError:
        from airflow.sdk.execution_time.secrets_masker import redact
    return redact(value, name)
