"""Secrets out of everything that is written, by Airflow's own masker."""

from __future__ import annotations

from functools import cache
from typing import Any

from harness.bridge.versions.names import secrets_masker
from harness.world.secrets import forms_of, value_secrets

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
    masker = _masker()
    masker.mask_secret(value, name)
    whole = isinstance(value, str) and (name is None or masker.should_hide_value_for_key(name))
    # Of JSON each part too: a task takes it apart, and logs a part without the name that says it is secret.
    found = {*value_secrets(value, "secret" if whole and name is not None else name or "")}
    for secret in found | ({value} if whole else set()):
        for form in forms_of(secret):
            masker.mask_secret(form)


_masker = cache(secrets_masker)
