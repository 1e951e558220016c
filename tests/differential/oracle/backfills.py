"""Backfills in the oracle: the installed Airflow's ``_create_backfill`` on its database, at the virtual instant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from airflow.exceptions import AirflowException
from airflow.models.backfill import Backfill, BackfillDagRun, ReprocessBehavior, _create_backfill
from airflow.utils.session import create_session
from sqlalchemy import select

from harness.bridge.reference.clock import instant_of, iso
from tests.differential.case import BackfillCase

Row = tuple[str | None, ...]

SAME = {"DagNoScheduleException": "DagNonPeriodicScheduleException", "RuntimeError": "NoBackfillRunsToCreate"}
"""Names of exceptions before 3.3 -> since."""


class Backfills:
    """The backfills of a case.

    Attributes:
        left: those that were not asked for yet, the next one first.
    """

    def __init__(self, asked: Iterable[BackfillCase]) -> None:
        self.left = sorted(asked, key=lambda one: dt.datetime.fromisoformat(one.at))
        self._answers: list[int | str] = []

    def ask(self) -> bool:
        """Ask for the next one; whether Airflow takes it."""
        asked = self.left.pop(0)
        try:
            made = _create_backfill(
                dag_id=asked.dag_id,
                from_date=dt.datetime.fromisoformat(asked.from_date),
                to_date=dt.datetime.fromisoformat(asked.to_date),
                max_active_runs=asked.max_active_runs,
                reverse=asked.reverse,
                dag_run_conf=None,
                triggering_user_name=None,
                reprocess_behavior=ReprocessBehavior(asked.reprocess),
                run_on_latest_version=asked.run_on_latest_version,
            )
        except (AirflowException, ValueError, RuntimeError, TypeError) as error:
            name = type(error).__name__
            self._answers.append(SAME.get(name, name))
            return False
        self._answers.append(made.id)
        return True

    def rows(self) -> tuple[Row, ...]:
        """What became of each, as `History.backfills` tells it."""
        return tuple(row for number, answer in enumerate(self._answers, 1) for row in _rows(str(number), answer))


def _rows(number: str, answer: int | str) -> Iterator[Row]:
    if isinstance(answer, str):
        yield (number, "refused", answer)
        return
    with create_session() as session:
        dates = select(BackfillDagRun).where(BackfillDagRun.backfill_id == answer).order_by(BackfillDagRun.sort_ordinal)
        for one in session.scalars(dates):
            date = None if one.logical_date is None else iso(instant_of(one.logical_date))
            yield (number, str(one.sort_ordinal), date, _told(one))
        done = session.scalar(select(Backfill.completed_at).where(Backfill.id == answer))
        yield (number, "complete", None if done is None else iso(instant_of(done)))


def _told(one: BackfillDagRun) -> str:
    """Why there is no run, or "made"."""
    return "made" if one.dag_run_id is not None else str(getattr(one.exception_reason, "value", one.exception_reason))
