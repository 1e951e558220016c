"""When a queued run starts, and what state a run takes."""

from __future__ import annotations

from harness.kernel.instant import Instant
from harness.scheduler.model import DagRun

_FINISHED = frozenset({"success", "failed"})


def may_start(run: DagRun, active: int, backfill_max_active_runs: int | None = None) -> bool:
    """Whether a queued run may become running, once its ``run_after`` has come.

    Args:
        active: running runs of its Dag in the same backfill, or outside any for a run that is in none.
        backfill_max_active_runs: the backfill's own limit, which replaces the Dag's.
    Source: airflow/jobs/scheduler_job_runner.py `_start_queued_dagruns`,
    airflow/models/dagrun.py `get_queued_dag_runs_to_set_running` (3.3.2).
    """
    most = run.dag.max_active_runs
    if run.backfill_id is not None and backfill_max_active_runs is not None:
        most = backfill_max_active_runs
    return run.state == "queued" and active < most


def start_order(run: DagRun, active: int = 0) -> tuple[int, Instant, int, Instant, str, str]:
    """Sort key of queued runs: those of no backfill first, then by place in it; those never examined or longest ago;
    those of Dags with fewer ``active`` running runs; by run_after; ties by ids.

    Source: airflow/models/dagrun.py `get_queued_dag_runs_to_set_running` (3.3.2).
    """
    return (run.backfill_ordinal or 0, *_examined(run), active, run.run_after, run.dag.dag_id, run.run_id)


def examination_order(run: DagRun) -> tuple[int, Instant, Instant, str, str]:
    """Sort key of running runs: the order in which a loop examines them.

    Source: airflow/models/dagrun.py `get_running_dag_runs_to_examine` (3.3.2).
    """
    return (run.backfill_ordinal or 0, *_examined(run), run.run_after, run.dag.dag_id, run.run_id)


def _examined(run: DagRun) -> tuple[Instant]:
    return (-1 if run.examined is None else run.examined,)


def next_run_state(outcome: str | None) -> str:
    """The state after a decision: its outcome, or running.

    Source: airflow/models/dagrun.py `DagRun.update_state` (3.3.2).
    """
    return "running" if outcome is None else outcome


def set_run_state(run: DagRun, state: str, now: Instant, reason: str | None = None) -> None:
    """Change a run's state and its dates: running starts it, the end ends it, queued forgets both.

    Source: airflow/models/dagrun.py `DagRun.set_state` (3.3.2).
    """
    before, run.state, run.reason = run.state, state, reason
    if before == state:
        return
    if state == "queued":
        run.start = run.end = None
    elif state == "running":
        run.start = now if run.start is None or before in _FINISHED else run.start
        run.end = None
    elif before not in _FINISHED:
        run.end = now
