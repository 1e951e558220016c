"""Which of its rules the installed Airflow's scheduler goes by; those of workers that send no heartbeat among them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from harness.kernel.instant import SECOND, Microseconds
from harness.project.installed import airflow_version
from harness.scheduler.policies import SchedulerPolicies

FROM_3_2 = (
    "deferred_count",
    "teardowns_wait_for_scope",
    "full_runs_passed_over",
    "backfill_dates_in_order",
    "backfill_needs_dates",
    "backfill_conf_replaces",
    "timeout_skips_all",
    "branch_decides_for_all",
    "skips_spare_the_begun",
    "deadlines_move",
    "dateless_runs_have_no_deadline",
    "plans_beyond_the_limit",
)
"""SchedulerPolicies that came with Airflow 3.2."""

RETRY, FAILURE = "on_retry_callback", "on_failure_callback"


@lru_cache(maxsize=1)
def policies() -> SchedulerPolicies:
    """The installed version's rules, where versions differ."""
    new = airflow_version() >= (3, 2)
    return SchedulerPolicies(**dict.fromkeys(FROM_3_2, new), numbers_ahead=tries_are_rows())


def tries_are_rows() -> bool:
    """Whether every try is a row of its own, made when the one before it ends; before, there is a history."""
    return find_spec("airflow.models.taskinstancehistory") is None


def averages_successes() -> bool:
    """Whether a deadline that counts from the average runtime takes the runs that succeeded alone."""
    return airflow_version() >= (3, 3)


def executors_by_class_name() -> bool:
    """Whether a task may name its executor by its class alone."""
    return airflow_version() >= (3, 2)


def skips_what_is_expanded() -> bool:
    """Whether a task that is skipped without a map index is skipped with all that it is expanded to."""
    return find_spec("airflow.models.task_coordinates") is not None


def worker_finds_map_indexes() -> bool:
    """Whether the worker itself finds which map indexes of its upstreams belong to a task; before, the server says."""
    from airflow.sdk.api.datamodels._generated import TIRunContext

    return "upstream_map_indexes" not in TIRunContext.__pydantic_fields__


def retry_multiplier(option: Any) -> float:
    """By what a task's delay grows from retry to retry, 0 for no growth; before 3.2 there is a flag that doubles."""
    return 2.0 if option is True else float(option or 0)


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
