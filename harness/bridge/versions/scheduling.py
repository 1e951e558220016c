"""Which of its rules the installed Airflow's scheduler goes by."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import Any

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
