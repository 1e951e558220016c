"""Rules of the scheduler that versions of Airflow have differently, each a choice that is handed in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SchedulerPolicies:
    """Which of two rules holds; the defaults are those of Airflow 3.3. Which version has which, the bridge knows.

    Attributes:
        deferred_count: deferred instances count where those of a task are limited, as running ones do.
        teardowns_wait_for_scope: a teardown waits for all between its setups and itself, not for its upstreams alone.
        full_runs_passed_over: instances of a run that has all it may have are not examined for a slot.
        backfill_dates_in_order: a backfill whose dates are in the wrong order is refused.
        backfill_needs_dates: a backfill of no date is refused.
        backfill_conf_replaces: a run that a backfill takes over has the backfill's conf from then on.
        timeout_skips_all: a run that times out has its instances without a state skipped too.
        branch_decides_for_all: what an unmapped task chose to skip is skipped for all map indexes.
        skips_spare_the_begun: a task cannot skip instances that run, succeeded or failed.
        deadlines_move: a run that is cleared has its deadlines count anew from when it is queued.
        dateless_runs_have_no_deadline: counting from a logical date that a run lacks makes no deadline, and no error.
        plans_beyond_the_limit: the next run is planned anew also while a Dag has as many runs as it may have.
        numbers_ahead: a try that ended or was cleared has the next one's number at once, not when it is scheduled.
    """

    deferred_count: bool = True
    teardowns_wait_for_scope: bool = True
    full_runs_passed_over: bool = True
    backfill_dates_in_order: bool = True
    backfill_needs_dates: bool = True
    backfill_conf_replaces: bool = True
    timeout_skips_all: bool = True
    branch_decides_for_all: bool = True
    skips_spare_the_begun: bool = True
    deadlines_move: bool = True
    dateless_runs_have_no_deadline: bool = True
    plans_beyond_the_limit: bool = True
    numbers_ahead: bool = False


PRESENT = SchedulerPolicies()
"""Those of Airflow 3.3."""
