"""Every check of ours, imported: one module a check, in a package a family."""

from __future__ import annotations

import pkgutil
from importlib import import_module

FAMILIES = ("loading", "graph", "schedule", "resources", "content", "policy")


def load() -> None:
    """Fill `harness.checks.registry.CHECKS`."""
    import_module("harness.checks.upkeep")
    for family in FAMILIES:
        package = import_module(f"harness.checks.{family}")
        for module in sorted(found.name for found in pkgutil.iter_modules(package.__path__)):
            import_module(f"{package.__name__}.{module}")
