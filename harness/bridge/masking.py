"""Secrets out of everything that is written, by Airflow's own masker."""

from __future__ import annotations

from typing import Any


def masked(value: Any, name: str | None = None) -> Any:
    """The value with every secret that Airflow's masker knows replaced by ``***``."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return _masker().redact(value, name)


def mask(value: Any, name: str | None = None) -> None:
    """Have a secret masked from now on. Not ``airflow.sdk.log.mask_secret``: that tells the supervisor, which is us."""
    _masker().mask_secret(value, name)


def _masker() -> Any:
    try:
        from airflow.sdk._shared import secrets_masker
    except ImportError:
        from airflow.sdk.execution_time import secrets_masker
    return secrets_masker
