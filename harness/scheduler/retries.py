"""When a failed task instance is tried again, and whether it is."""

from __future__ import annotations

import hashlib
import math

from harness.kernel.instant import SECOND, Instant, Microseconds, later, to_datetime
from harness.scheduler.model import TaskInstance

MAX_RETRY_DELAY = 24 * 60 * 60
"""Longest back-off in seconds: the default of Airflow's ``[core] max_task_retry_delay``."""


def may_retry(ti: TaskInstance) -> bool:
    """Whether a failure of the current try is followed by another one.

    Source: airflow/api_fastapi/execution_api/routes/task_instances.py `_is_eligible_to_retry` (3.1.8, 3.3.2).
    """
    return ti.max_tries != 0 and ti.try_number <= ti.max_tries


def next_retry_at(ti: TaskInstance, max_retry_delay: int = MAX_RETRY_DELAY) -> Instant:
    """The instant at which a failed instance may be tried again.

    Args:
        ti: ended (``end`` set), ``try_number`` being the try that failed, from 1.
        max_retry_delay: seconds, caps the back-off (not a constant delay).
    Raises: ValueError: ``ti`` has no end.
    Source: airflow/models/taskinstance.py `TaskInstance.next_retry_datetime` (3.3.2). 3.1.8 has no policy
    override and doubles whenever back-off is on, which the multiplier 2.0 computes identically.
    """
    if ti.end is None:
        raise ValueError(f"task instance {ti.key} has not ended: its retry cannot be dated")
    if ti.retry_delay_override is not None:
        return later(ti.end, ti.retry_delay_override)
    multiplier = ti.task.retry_exponential_backoff
    if multiplier <= 0 or multiplier == 1.0:
        return later(ti.end, ti.task.retry_delay)
    delay = _backoff(ti, multiplier, max_retry_delay) * SECOND
    if ti.task.max_retry_delay:
        delay = min(ti.task.max_retry_delay, delay)
    return later(ti.end, delay)


def _backoff(ti: TaskInstance, multiplier: float, cap: int) -> Microseconds:
    """Whole seconds: the grown delay, plus a jitter below it that the instance's identity fixes."""
    try:
        least = math.ceil(ti.task.retry_delay / SECOND * multiplier ** (ti.try_number - 1))
    except OverflowError:
        least = cap
    least = max(least, 1)
    date = None if ti.run.logical_date is None else to_datetime(ti.run.logical_date)
    identity = f"{ti.run.dag.dag_id}#{ti.task_id}#{date}#{ti.try_number}"
    digest = int(hashlib.sha1(identity.encode(), usedforsecurity=False).hexdigest(), 16)
    return min(least + digest % least, cap)
