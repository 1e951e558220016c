"""What the installed Airflow's scheduler makes of a task instance that runs and sends no heartbeat any more."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import lru_cache

from harness.kernel.instant import SECOND, Microseconds

RETRY, FAILURE = "on_retry_callback", "on_failure_callback"


@dataclass(frozen=True)
class HeartbeatRules:
    """How a missed heartbeat is found, and who is told.

    Attributes:
        interval: between two heartbeats of a supervisor.
        timeout: without one, after which the task instance is given up.
        looked_after: every how long the scheduler looks.
        knows_retries: it asks for ``on_retry_callback`` where a try is left; else always for ``on_failure_callback``.
        asks_once: else, where the task has a callback, the executor's event asks once more.
    """

    interval: Microseconds
    timeout: Microseconds
    looked_after: Microseconds
    knows_retries: bool
    asks_once: bool

    def callbacks(self, retried: bool) -> tuple[str, ...]:
        """Names of the callbacks that are asked for, in their order."""
        right = RETRY if retried else FAILURE
        first = right if self.knows_retries else FAILURE
        return (first,) if self.asks_once else (first, right)

    def found_at(self, start: int, began: int, died: int) -> int:
        """When a task instance is found that ran from ``began`` and whose worker died; instants.

        As with every limit here, at its very instant; Airflow's comparison is strictly after.

        Args:
            start: since when the scheduler looks.
        """
        last = began + (died - began) // self.interval * self.interval
        looks = -(-(last + self.timeout - start) // self.looked_after)
        return max(start + looks * self.looked_after, died)


@lru_cache(maxsize=1)
def heartbeat_rules() -> HeartbeatRules:
    """Those of the installed version and its settings.

    Source: ``SchedulerJobRunner._find_task_instances_without_heartbeats``,
    ``_purge_task_instances_without_heartbeats``, ``process_executor_events``;
    ``ActivitySubprocess._send_heartbeat_if_needed`` (3.1.8, 3.3.2, 3.4.0b2).
    """
    from airflow.configuration import conf
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

    purge = inspect.getsource(SchedulerJobRunner._purge_task_instances_without_heartbeats)
    return HeartbeatRules(
        conf.getint("workers", "min_heartbeat_interval") * SECOND,
        conf.getint("scheduler", "task_instance_heartbeat_timeout") * SECOND,
        round(conf.getfloat("scheduler", "task_instance_heartbeat_timeout_detection_interval", fallback=10.0) * SECOND),
        knows_retries="task_callback_type" in purge,
        asks_once="handle_failure" in purge,
    )
