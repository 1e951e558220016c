"""How long mapped arguments are, where that is known."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.scheduler.model import Length


def length_of(expand_input: Any) -> Length | None:
    """As `harness.bridge.snapshot.length_of`; None for what has no length."""
    from harness.bridge import snapshot  # not where checks are only named

    try:
        return snapshot.length_of(expand_input)
    except (TypeError, AttributeError):
        return None


@lru_cache(maxsize=1)
def default_max_active_tasks() -> int:
    """``core.max_active_tasks_per_dag``: what a Dag has that says nothing."""
    from airflow.configuration import conf

    return int(conf.getint("core", "max_active_tasks_per_dag"))
