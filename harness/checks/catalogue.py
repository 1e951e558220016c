"""Every check of ours, by family; importing them all is put off until somebody asks."""

from __future__ import annotations

from harness.checks.registry import CHECKS

FAMILIES = ("loading", "graph", "schedule", "resources", "content", "policy")


def load() -> None:
    """Have `harness.checks.registry.CHECKS` know them."""
    from harness.checks.table import OURS

    CHECKS.update({check.id: check for check in OURS})
