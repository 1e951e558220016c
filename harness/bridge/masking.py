"""Secrets out of everything that is written, by Airflow's own masker."""

from __future__ import annotations

from functools import cache
from typing import Any

_BARE = (type(None), bool, int, float)
_FILLED = (str, list, dict, tuple)


def masked(value: Any, name: str | None = None) -> Any:
    """The value with every secret that Airflow's masker knows replaced by ``***``."""
    kind = type(value)
    if kind in _BARE or (kind in _FILLED and not value):
        return value
    return _masker().redact(value, name)


def mask(value: Any, name: str | None = None) -> None:
    """Have a secret masked from now on. Not ``airflow.sdk.log.mask_secret``: that tells the supervisor, which is us."""
    _masker().mask_secret(value, name)


@cache
def _masker() -> Any:
    try:
        from airflow.sdk._shared import secrets_masker
    except ImportError:
        from airflow.sdk.execution_time import secrets_masker
    return secrets_masker
