"""Tasks as the scheduler's plain data."""

from __future__ import annotations

from typing import Any

from harness.scheduler.model import Task


def task(task_id: str, *upstream: str, **fields: Any) -> Task:
    """Downstreams follow when a Dag is made of it."""
    return Task(task_id, "PythonOperator", upstream=upstream, **fields)
