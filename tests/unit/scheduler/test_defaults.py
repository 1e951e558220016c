"""What a task, a Dag, a run, a limit is where nobody says: Airflow's own defaults."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

import pytest

from harness.kernel import SECOND
from harness.scheduler import executors, queueing
from harness.scheduler.dag_runs import runs
from harness.scheduler.dag_runs.backfill import Backfill
from harness.scheduler.dag_runs.calendar import AssetPolicy, DagCalendar
from harness.scheduler.model import AverageRuntime, Dag, DagRun, Deadline, DeadlineAlert, Task, TaskInstance, Zip
from harness.scheduler.queueing import Limits, PoolSlots


def defaults(of: type) -> dict[str, Any]:
    """Those that are no text, no collection and not None."""
    values = {field.name: field.default for field in fields(of)}  # type: ignore[arg-type]
    return {name: value for name, value in values.items() if type(value) in (bool, int, float) and value is not MISSING}


@pytest.mark.parametrize(
    ("of", "known"),
    [
        (
            Task,
            {
                "is_setup": False,
                "is_teardown": False,
                "on_failure_fail_dagrun": False,
                "retries": 0,
                "retry_delay": 300 * SECOND,
                "retry_exponential_backoff": 0.0,
                "depends_on_past": False,
                "wait_for_downstream": False,
                "ignore_first_depends_on_past": True,
                "wait_for_past_depends_before_skipping": False,
                "pool_slots": 1,
                "priority_weight": 1,
                "inherits_from_skipmixin": False,
                "short_circuits": False,
                "place": 0,
            },
        ),
        (
            Dag,
            {
                "max_active_tasks": 16,
                "max_active_runs": 16,
                "fail_fast": False,
                "catchup": False,
                "max_consecutive_failed_dag_runs": 0,
            },
        ),
        (TaskInstance, {"try_number": 0, "max_tries": 0}),
        (DagRun, {"clear_number": 0, "ordinal": 0, "date_ahead": 0}),
        (Deadline, {}),
        (DeadlineAlert, {"place": 0}),
        (AverageRuntime, {"only_successful": True}),
        (Zip, {"longest": False}),
        (PoolSlots, {"include_deferred": False}),
        (Backfill, {"reverse": False, "max_active_runs": 10, "dry_run": False}),
        (AssetPolicy, {"catchup": False, "runs_a_loop": 10}),
        (DagCalendar, {"paused": False}),
        (
            Limits,
            {"max_tis_per_query": 16, "task_queued_timeout": 600 * SECOND, "num_stuck_in_queued_retries": 2},
        ),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_where_nobody_says(of: type, known: dict[str, Any]) -> None:
    assert defaults(of) == known


@pytest.mark.parametrize(
    ("section", "name", "ours"),
    [
        ("scheduler", "max_tis_per_query", queueing.MAX_TIS_PER_QUERY),
        ("scheduler", "max_dagruns_per_loop_to_schedule", runs.RUNS_A_LOOP),
        ("scheduler", "task_queued_timeout", executors.TASK_QUEUED_TIMEOUT // SECOND),
    ],
    ids=["queries", "runs", "queued"],
)
def test_settings_are_airflows(section: str, name: str, ours: int) -> None:
    configuration = pytest.importorskip("airflow.configuration")
    assert int(float(configuration.conf.get_default_value(section, name))) == ours
