"""Secrets out of everything that is written, by Airflow's own masker."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import cache
from typing import Any

from harness.bridge.versions.names import secrets_masker
from harness.results.finding import Finding
from harness.world import World
from harness.world.secrets import forms_of, secrets_of, value_secrets

_BARE = (type(None), bool, int, float)
_FILLED = (str, list, dict, tuple)


def masked(value: Any, name: str | None = None) -> Any:
    """The value with every secret that Airflow's masker knows replaced by ``***``."""
    kind = type(value)
    if kind in _BARE or (kind in _FILLED and not value):
        return value
    if kind is str and name is None:  # what ``SecretsMasker._redact`` does with it, in a quarter of the time (3.3.2)
        replacer = _masker()._secrets_masker().replacer
        return value if replacer is None else replacer.sub("***", value)
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


def mask_environment(world: World) -> None:
    """Have secrets masked that tasks find in their environment: those of the world, and of the machine's.

    Airflow asks for none of them, so nobody would tell its masker.
    """
    found = secrets_of(World(env=world.env), os.environ)
    for secret in sorted(found - _of_environment):
        _of_environment.add(secret)
        for form in forms_of(secret):
            _masker().mask_secret(form)


_of_environment: set[str] = set()
"""What was masked so far: the masker is the process's, and goes on knowing it."""

_masker = cache(secrets_masker)


def secrets_known() -> frozenset[str]:
    """What the masker looks for, as regular expressions."""
    return frozenset(_masker()._secrets_masker().patterns)


def know(secrets: frozenset[str]) -> None:
    """Have the masker look for these too, given as `secrets_known` gives them."""
    masker = _masker()._secrets_masker()
    if secrets - masker.patterns:
        masker.patterns.update(secrets)
        masker.replacer = re.compile("|".join(masker.patterns))


def masked_finding(finding: Finding) -> Finding:
    """A finding without the secrets that its texts may have met."""
    return replace(finding, message=masked(finding.message), fix=masked(finding.fix))
