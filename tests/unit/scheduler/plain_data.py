"""Which data of a room may be changed after it was made."""

from __future__ import annotations

import dataclasses
import pkgutil
from importlib import import_module


def changeable(room: str) -> set[str]:
    """Names of a room's dataclasses that are not frozen: what is frozen may be shared, kept, and a key of a dict."""
    found: set[str] = set()
    for module in pkgutil.walk_packages(import_module(room).__path__, f"{room}."):
        for name, kind in vars(import_module(module.name)).items():
            own = isinstance(kind, type) and kind.__module__ == module.name and dataclasses.is_dataclass(kind)
            if own and not kind.__dataclass_params__.frozen:
                found.add(name)
    return found
