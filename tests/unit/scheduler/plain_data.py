"""Which data of a room may be changed after it was made."""

from __future__ import annotations

import dataclasses
import pkgutil
from importlib import import_module
from typing import Any


def changeable(room: str) -> set[str]:
    """Names of a room's dataclasses that are not frozen: what is frozen may be shared, kept, and a key of a dict."""
    return {kind.__name__ for kind in _dataclasses(room) if not kind.__dataclass_params__.frozen}


def by_identity(room: str) -> set[str]:
    """Names of those that are themselves and no other, whatever they hold."""
    return {kind.__name__ for kind in _dataclasses(room) if kind.__eq__ is object.__eq__}


def ordered(room: str) -> set[str]:
    """Names of those that can be sorted."""
    return {kind.__name__ for kind in _dataclasses(room) if kind.__dataclass_params__.order}


def open_to_more(room: str) -> set[str]:
    """Names of those that have no slots, so that an attribute they do not have can be set."""
    return {kind.__name__ for kind in _dataclasses(room) if "__slots__" not in vars(kind)}


def _dataclasses(room: str) -> list[Any]:
    modules = [import_module(one.name) for one in pkgutil.walk_packages(import_module(room).__path__, f"{room}.")]
    return [
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__ and dataclasses.is_dataclass(kind)
    ]
