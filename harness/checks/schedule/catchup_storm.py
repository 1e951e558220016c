"""``catchup-storm``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.bridge.parsing.schedule import due_runs, now
from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("catchup-storm", severity="warning")
def catchup_storm(context: DagContext) -> Iterator[Problem]:
    """A Dag with ``catchup=True`` that makes more runs than the limit ``catchup-runs`` when it is unpaused today.

    All of them are made as fast as ``max_active_runs`` lets them, before the first one that anybody waits for.

    Fix: ``catchup=False`` and ``airflow backfill create`` for the dates that are wanted, or a later ``start_date``.
    """
    if not context.dag.catchup or not context.is_periodic:
        return
    most = int(context.limit("catchup-runs"))
    try:
        due = due_runs(context.dag, context.timetable, now(), most)
    except Exception:
        return  # another check tells
    if due.number > most:
        number = f"{due.number:,}" if due.exact else f"about {due.number:,}"
        yield Problem(
            f"catchup=True: unpausing the Dag today makes {number} runs, {context.dag.max_active_runs} at a time",
            fix="catchup=False, or a later start_date",
        )
