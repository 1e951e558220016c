"""Backfills that people ask for while a calendar goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.bridge.backfills import conf_error, is_periodic, on_latest_version, runs_between
from harness.bridge.deadlines import clearing_fails
from harness.bridge.timetables import RunPlan, allows
from harness.kernel import Instant
from harness.kernel.instant import BEGINNING, to_datetime
from harness.results.calendar import CLEARED, CREATED, NOT_CREATED, BackfillDate, BackfillResult
from harness.scheduler.dag_runs.backfill import (
    BACKFILL,
    CLEAR,
    CREATE,
    LEAVE,
    Backfill,
    BackfillRefusal,
    Circumstances,
    Step,
    in_order,
    is_complete,
    refusal,
    steps,
)
from harness.scheduler.model import Dag, DagRun
from harness.simulation.components.scheduler_loop import Driver
from harness.simulation.run_factory import MakeRun

if TYPE_CHECKING:
    from airflow.sdk import DAG

_OUTCOMES = {CREATE: CREATED, CLEAR: CLEARED, LEAVE: NOT_CREATED}


@dataclass(slots=True)
class RequestedBackfill:
    """A backfill on its way: what was asked for, and what has become of it so far.

    Attributes:
        at: when it was asked for.
    """

    dag_id: str
    at: Instant
    wanted: Backfill
    refused: str | None = None
    dates: list[BackfillDate] = field(default_factory=list)
    completed_at: Instant | None = None

    def result(self) -> BackfillResult:
        """What has become of it."""
        options, completed = self.wanted, self.completed_at
        return BackfillResult(
            self.dag_id, to_datetime(self.at), to_datetime(options.from_date), to_datetime(options.to_date),
            options.reverse, options.max_active_runs, options.reprocess, options.dry_run, self.refused,
            tuple(self.dates), None if completed is None else to_datetime(completed),
        )  # fmt: skip


class Backfills:
    """Makes and clears the runs of backfills, and knows when each is complete.

    Args:
        make: makes a run of a plan; it is added to the driver here.
    Attributes:
        requested: every backfill that was asked for, in order.
        timetable_error: what the timetable raised at the last request.
    """

    def __init__(self, driver: Driver, make: MakeRun) -> None:
        self.driver, self._make = driver, make
        self.requested: list[RequestedBackfill] = []
        self.timetable_error: Exception | None = None
        self._open: dict[str, tuple[str, RequestedBackfill]] = {}

    def ask(self, dag: DAG, known: Dag, backfill: Backfill) -> BackfillResult:
        """Do what is asked, or say why not.

        Source: airflow/models/backfill.py `_create_backfill`, `_do_dry_run` (3.3.2).
        """
        now = self.driver.simulation.now
        request = RequestedBackfill(known.dag_id, now, backfill)
        self.requested.append(request)
        named, self.timetable_error = _named_dates(dag, backfill)
        plans = in_order(named, now, backfill.reverse)
        met = Circumstances(
            is_periodic(dag),
            allows(dag, "backfill"),
            known.dag_id in self._open,
            conf_error(dag, backfill.conf),
            bool(plans),
        )
        refused = refusal(backfill, known, now, met)
        if refused is None and not backfill.dry_run:
            refused = self._breaks(backfill, plans, known.dag_id)
        if refused is not None:
            request.refused = str(refused)
        else:
            self._do(dag, backfill, plans, request)
        result = request.result()
        self.driver.recorder.backfill(result.to_json())
        return result

    def results(self) -> list[BackfillResult]:
        """What has become of every backfill that was asked for, in order."""
        return [one.result() for one in self.requested]

    def _breaks(self, backfill: Backfill, plans: list[RunPlan], dag_id: str) -> BackfillRefusal | None:
        """What Airflow raises where it cannot clear one of the runs: then none is cleared or made."""
        for step in self._steps(backfill, plans, dag_id):
            if step.verb == CLEAR and step.run is not None:
                error = clearing_fails(step.run, self.driver.simulation.now)
                if error is not None:
                    return BackfillRefusal(type(error).__name__, f"{error} ({step.run.run_id})")
        return None

    def _steps(self, backfill: Backfill, plans: list[RunPlan], dag_id: str) -> Iterator[Step[RunPlan]]:
        store = self.driver.store
        return steps(plans, lambda date: store.dated_run(dag_id, date), backfill.reprocess)

    def run_ended(self, run: DagRun) -> None:
        """Complete the backfill of which this was the last run."""
        self._complete(run.dag.dag_id)

    def _do(self, dag: DAG, backfill: Backfill, plans: list[RunPlan], request: RequestedBackfill) -> None:
        store, dag_id, backfill_id = self.driver.store, request.dag_id, str(len(self.requested))
        for step in self._steps(backfill, plans, dag_id):
            if not backfill.dry_run and step.verb != LEAVE:
                self._take(dag, backfill, step, backfill_id)
            run = store.dated_run(dag_id, step.plan.logical_date or BEGINNING)
            request.dates.append(
                BackfillDate(
                    to_datetime(step.plan.logical_date or BEGINNING),
                    _OUTCOMES[step.verb],
                    step.reason,
                    None if run is None else run.run_id,
                )
            )
        if not backfill.dry_run:
            self._open[dag_id] = (backfill_id, request)
            self._complete(dag_id)

    def _take(self, dag: DAG, backfill: Backfill, step: Step[RunPlan], backfill_id: str) -> None:
        """Make a run the backfill's. Source: `_create_backfill_dag_run_non_partitioned`, `_handle_clear_run` (3.3.2;
        in 3.1 a run that is cleared keeps its conf).
        """
        run = step.run if step.run is not None else self._make(dag, step.plan, backfill.conf or {})
        if run.backfill_ordinal is not None:
            run.former_ordinals += (run.backfill_ordinal,)
        run.run_type, run.backfill_id, run.backfill_ordinal = BACKFILL, backfill_id, step.ordinal
        run.backfill_max_active_runs = backfill.max_active_runs
        if step.run is None:
            self.driver.add(run)
            return
        if backfill.conf is not None and run.dag.policies.backfill_conf_replaces:
            run.conf = backfill.conf
        self.driver.clear(run, on_latest_version=on_latest_version(dag, backfill.run_on_latest_version))

    def _complete(self, dag_id: str) -> None:
        if dag_id in self._open:
            backfill_id, request = self._open[dag_id]
            if is_complete(backfill_id, self.driver.unfinished_runs()):
                del self._open[dag_id]
                request.completed_at = self.driver.simulation.now


def _named_dates(dag: DAG, backfill: Backfill) -> tuple[list[RunPlan], Exception | None]:
    """What the timetable names, and what it raises; what it names before that counts, as in Airflow."""
    found: list[RunPlan] = []
    if not is_periodic(dag):
        return found, None
    try:
        for plan in runs_between(dag, backfill.from_date, backfill.to_date):
            found.append(plan)
    except Exception as error:  # user code
        return found, error
    return found, None
