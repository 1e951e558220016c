"""Backfills for cases at scheduler level, from a stream of their own: the Dags of a case are what they were without."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from tests.differential.case import BackfillCase, Case

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

ONE_IN = 3
"""So many cases have backfills."""


def with_backfills(case: Case, seed: int, number: int) -> Case:
    """The case with one backfill or two, or as it is.

    Dates lie around those of the schedules: some have runs, some had none yet, some are not over. What Airflow
    refuses is among them.
    """
    random = Random(f"backfill/{seed}/{number}")
    if random.randrange(ONE_IN):
        return case
    many = 1 + (random.random() < 0.3)
    asked = [_backfill(case, random) for _ in range(many)]
    return replace(case, backfills=tuple(sorted(asked, key=lambda one: one.at)))


def _backfill(case: Case, random: Random) -> BackfillCase:
    start, until = (datetime.fromisoformat(text) for text in (case.start, case.until))
    step = HOUR if until - start < DAY else DAY
    dag = random.choice([dag for dag in case.dags if dag.schedule] or list(case.dags))
    if random.random() < 0.1:
        dag = random.choice(case.dags)
    at = start + random.choice((15, 30, 60, 75, 110)) * step / 60
    begins = start - random.choice((1, 2, 3, 4, 6)) * step + random.choice((0, 0, 0, 30)) * timedelta(minutes=1)
    past = any(task.depends_on_past for task in dag.tasks)
    return BackfillCase(
        at=at.isoformat(),
        dag_id=dag.dag_id,
        from_date=begins.isoformat(),
        to_date=(begins + random.choice((4, 2, 6, 0, 9)) * step).isoformat(),
        reverse=random.random() < (0.1 if past else 0.5),
        max_active_runs=random.choice((1, 2, 3, 10)),
        reprocess=random.choice(("failed", "completed", "completed") + (() if past else ("none",))),
        run_on_latest_version=random.random() < 0.75,
    )
