"""The Dag runs of a whole folder, made as their schedules and assets ask while a simulation goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.bridge.snapshot import asset_condition, asset_policy, snapshot
from harness.bridge.supervisor.store import AssetEvent
from harness.bridge.timetables import RunPlan, ScheduleMemo, allows
from harness.kernel import Instant, iso
from harness.kernel.instant import BEGINNING
from harness.results.finding import Finding
from harness.scheduler.dag_runs.backfill import Backfill
from harness.scheduler.dag_runs.calendar import (
    AssetPolicy,
    DagCalendar,
    fails_too_often,
    latest_automated,
    needs_scheduled_run,
)
from harness.scheduler.model import Dag, DagRun
from harness.simulation.components.asset_runs import AssetRuns
from harness.simulation.components.backfills import Backfills
from harness.simulation.components.scheduler_loop import Driver
from harness.simulation.run_factory import MakeRun

if TYPE_CHECKING:
    from airflow.sdk import DAG


@dataclass(slots=True, eq=False)
class ScheduledDag:
    """A Dag of the folder and where its schedule stands.

    Attributes:
        plan: the next scheduled run; ``asked_at`` says when the timetable named it.
        last: the run that the next scheduled one follows: the latest made, by the schedule or by a backfill.
    """

    dag: DAG
    calendar: DagCalendar
    plan: RunPlan | None = None
    asked_at: Instant = BEGINNING
    last: RunPlan | None = None


class Calendar:
    """The part of the scheduler that makes Dag runs.

    Args:
        make: makes a run of a plan; it is added to the driver here.
        since: Dags are taken to have run on schedule until then; None has them deployed for the first time when
            `begin` is called, so that a Dag with catchup makes up for all the past.
        conf: of the runs that schedules make. In production it is empty; what a person triggers has its own.
        schedules, fail_fast: see `harness.simulation.options.CalendarOptions`.
        known: what the scheduler knows of a Dag; the runs that are made have it too.
    Attributes:
        findings: timetables that raised, Dags that paused themselves, backfills that Airflow refuses.
        backfills: what people asked for.
    """

    def __init__(
        self,
        driver: Driver,
        dags: Iterable[DAG],
        make: MakeRun,
        since: Instant | None,
        conf: Mapping[str, Any] | None = None,
        schedules: bool = True,
        fail_fast: bool = False,
        known: Callable[[DAG], Dag] = snapshot,
    ) -> None:
        self.driver, self.simulation, self._make, self._since = driver, driver.simulation, make, since
        self._schedules, self._fail_fast = schedules, fail_fast
        self._conf = dict(conf or {})
        self._memo = ScheduleMemo()
        self.findings: list[Finding] = []
        self.backfills = Backfills(driver, make)
        self.entries = {dag.dag_id: _entry(dag, known(dag)) for dag in sorted(dags, key=lambda dag: dag.dag_id)}
        self._due: dict[ScheduledDag, None] = {}
        self._assets = AssetRuns(driver, make, [(entry.dag, entry.calendar) for entry in self.entries.values()])

    def begin(self) -> None:
        """Ask every schedule for its first run."""
        for entry in self.entries.values():
            entry.calendar.paused &= self._schedules
            if entry.calendar.paused:
                self.driver.limits.paused_dags.add(entry.dag.dag_id)
            self._ask(entry)

    def pause(self, dag_id: str, paused: bool = True) -> None:
        """Pause or unpause a Dag: its runs are neither made nor looked at meanwhile; what a worker has, goes on."""
        entry = self.entries[dag_id]
        entry.calendar.paused = paused
        if paused:
            self.driver.limits.paused_dags.add(dag_id)
        else:
            self.driver.limits.paused_dags.discard(dag_id)
            self.driver.unpaused()

    # -- making runs ---------------------------------------------------------------------------------------------

    def make_due(self) -> bool:
        """Make what is due, at most one run a Dag and kind; whether there was any.

        Source: ``SchedulerJobRunner._create_dagruns_for_dags`` (3.3.2).
        """
        made = False
        for entry in sorted(self._due, key=lambda one: one.dag.dag_id):  # Airflow keeps them in a set
            active = self.driver.active_runs(entry.dag.dag_id, backfills=False)
            if needs_scheduled_run(entry.calendar, active, self.simulation.now) and self._is_fresh(entry):
                self._make_scheduled(entry)
                made = True
        return self._assets.make_due() or made

    def _is_fresh(self, entry: ScheduledDag) -> bool:
        """Ask a schedule without catchup again when its answer is old: meanwhile Airflow parsed the Dag anew."""
        if entry.dag.catchup or entry.asked_at == self.simulation.now:
            return True
        self._ask(entry)
        return entry in self._due

    def _make_scheduled(self, entry: ScheduledDag) -> None:
        plan = entry.last = entry.plan
        assert plan is not None
        exists = plan.logical_date is not None and self.driver.store.dated_run(entry.dag.dag_id, plan.logical_date)
        if not exists and allows(entry.dag, "scheduled"):
            self.driver.add(self._make(entry.dag, plan, dict(self._conf)))
        self._ask(entry)

    def _ask(self, entry: ScheduledDag) -> None:
        """Have the timetable name the next run."""
        if not self._schedules:
            return
        now = entry.asked_at = self.simulation.now
        self._due.pop(entry, None)
        try:
            first = entry.last is None and self._since is not None
            memo, dag = self._memo, entry.dag
            plan = memo.next_run_since(dag, now) if first else memo.next_run(dag, entry.last, now)
        except Exception as error:  # user code: Airflow logs this and never runs the Dag again
            self._complain(entry, "error", f"its timetable raised {type(error).__name__}: {error}", "timetable")
            plan = None
        entry.plan = plan
        entry.calendar.due = None if plan is None else plan.run_after
        if plan is not None and plan.run_after <= now:
            self._due[entry] = None
        elif plan is not None:
            self.simulation.schedule(plan.run_after, self._came, entry, plan)
        self.driver.wake()

    def _came(self, entry: ScheduledDag, plan: RunPlan) -> None:
        if entry.plan is plan:
            self._due[entry] = None
            self.driver.wake()

    # -- what happens meanwhile ------------------------------------------------------------------------------------

    def backfill(self, dag_id: str, backfill: Backfill) -> None:
        """Do what a person asks for; what Airflow refuses is a finding."""
        entry = self.entries[dag_id]
        result = self.backfills.ask(entry.dag, entry.calendar.dag, backfill)
        error = self.backfills.timetable_error
        if error is not None:
            self._complain(entry, "error", f"its timetable raised {type(error).__name__}: {error}", "timetable")
        if result.refused is not None:
            self._complain(entry, "error", f"Airflow refuses the backfill: {result.refused}", "backfill")
        elif not result.dates:  # before 3.3 Airflow makes such a backfill
            dates = f"from {iso(backfill.from_date)} to {iso(backfill.to_date)}"
            self._complain(entry, "warning", f"the backfill {dates} finds no date to run", "backfill")
        elif not backfill.dry_run:
            self._parsed_again(entry)

    def _parsed_again(self, entry: ScheduledDag) -> None:
        """Have the schedule go on behind the latest run, as when Airflow parses the Dag (twice a minute; at once here).

        In a steady state runs made before it began count too, though they are not here. Where the policy is so,
        nothing is asked anew while the Dag is at its limit of runs.
        Source: ``DagModelOperation.update_dags`` (3.1.8, 3.3.2).
        """
        dag_id, dag = entry.dag.dag_id, entry.calendar.dag
        latest = latest_automated(self.driver.store.runs_of(dag_id))
        if latest is None or latest.logical_date is None:
            return
        if self._since is not None and (entry.plan is None or latest.logical_date < (entry.plan.logical_date or 0)):
            return
        more = dag.policies.plans_beyond_the_limit
        if not more and self.driver.active_runs(dag_id, backfills=False) >= dag.max_active_runs:
            return
        entry.last = RunPlan(
            latest.run_id,
            latest.run_type,
            latest.logical_date,
            latest.data_interval_start,
            latest.data_interval_end,
            latest.run_after,
        )
        self._ask(entry)

    def run_ended(self, run: DagRun, reason: str | None) -> None:
        """Complete a backfill; pause a Dag that fails again and again."""
        self.backfills.run_ended(run)
        if self._fail_fast and run.state == "failed":
            self.driver.begins_runs = False
        limit = run.dag.max_consecutive_failed_dag_runs
        entry = self.entries.get(run.dag.dag_id)
        if entry is None or limit <= 0 or run.state != "failed" or reason == "timed_out":
            return
        if fails_too_often(self._latest(run.dag.dag_id), limit):
            self.pause(run.dag.dag_id)
            self._complain(entry, "warning", f"its last {limit} runs failed: Airflow pauses it", "consecutive-failures")

    def _latest(self, dag_id: str) -> Iterator[DagRun]:
        made = enumerate(self.driver.store.runs_of(dag_id))
        return (run for _, run in sorted(made, key=lambda one: (one[1].run_after, one[0]), reverse=True))

    def asset_event(self, event: AssetEvent) -> None:
        """A task emitted an asset event."""
        self._assets.event(event)

    def complain(self, dag_id: str, severity: str, message: str, check: str) -> None:
        """Keep a finding about a Dag."""
        self._complain(self.entries[dag_id], severity, message, check)

    def _complain(self, entry: ScheduledDag, severity: str, message: str, check: str) -> None:
        self.findings.append(
            Finding(check, severity, f"{entry.dag.dag_id}: {message}", str(entry.dag.fileloc), dag_id=entry.dag.dag_id)
        )


def _entry(dag: DAG, known: Dag) -> ScheduledDag:
    condition = asset_condition(dag)
    policy = AssetPolicy() if condition is None else asset_policy(dag)
    paused = bool(dag.is_paused_upon_creation)
    return ScheduledDag(dag, DagCalendar(known, paused, condition=condition, policy=policy))
