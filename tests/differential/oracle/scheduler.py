"""The oracle at scheduler level: the installed Airflow's `SchedulerJobRunner` under virtual time.

Real are: parsing and serialisation of the Dags, ``SchedulerJobRunner._do_scheduling`` (creation of runs,
``DagRun.update_state``, ``_executable_task_instances_to_queued``), the metadata database, `BaseExecutor`, the task
runner and the functions of the execution API, ``Trigger.submit_event`` and ``trigger_dag``, and of deadlines all but
their callbacks. Ours are the clock, and the acts in place of each operator's `execute`. Left out: callbacks,
heartbeats, and the timed events of the scheduler's loop but for those that end runs of paused Dags and schedule anew
what is stuck in queues.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import inspect
import os
from pathlib import Path
from typing import Any

from airflow.api.common.trigger_dag import trigger_dag
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models import DagRun, TaskInstance
from airflow.models.dag import DagModel
from airflow.models.pool import Pool
from airflow.models.trigger import Trigger
from airflow.triggers.base import TriggerEvent
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy import select, update

from harness.bridge.reference.clock import VirtualClock, iso
from harness.bridge.reference.run import parsed, rows_in_dag_order, write
from tests.differential.case import BackfillCase, Case, History, ManualRun
from tests.differential.oracle.backfills import Backfills
from tests.differential.oracle.deadlines import miss, pending
from tests.differential.oracle.due import due_in_database, stuck_in_queued
from tests.differential.oracle.executor import ScriptedExecutor, configure, executors_of
from tests.differential.oracle.history import Recorder, Snapshot, snapshot
from tests.differential.oracle.order import define
from tests.differential.oracle.player import Player, Stretch, TryKey, key_of

RUNS_A_LOOP = 20
"""Airflow's default of ``[scheduler] max_dagruns_per_loop_to_schedule``; the oracle's home has a higher one."""

MAX_LOOPS = 2_000
"""Scheduler loops in one instant before the oracle gives up: a case that never settles."""


def run_case(folder: Path, case: Case) -> History:
    """Play a case on a fresh database.

    Args:
        folder: the Dag files, one ``<dag_id>.py`` for each Dag of the case.
    Raises: DagFilesError: a file that Airflow cannot import, or a Dag that no file has.
    """
    os.environ["AIRFLOW__CORE__PARALLELISM"] = str(case.parallelism)
    configure(case)
    DagRun.DEFAULT_DAGRUNS_TO_EXAMINE = RUNS_A_LOOP
    with VirtualClock(dt.datetime.fromisoformat(case.start)) as clock, rows_in_dag_order():
        bag = parsed(folder, [dag.dag_id for dag in case.dags])
        define(bag.dags)
        _declare(case)
        return Rehearsal(case, bag, clock).run()


def _declare(case: Case) -> None:
    """Pools and pauses, as the command line would set them."""
    with create_session() as session:
        for name, pool in case.pools.items():
            Pool.create_or_update_pool(
                name=name, slots=pool.slots, description="", include_deferred=pool.include_deferred, session=session
            )
        for dag in case.dags:
            session.execute(update(DagModel).where(DagModel.dag_id == dag.dag_id).values(is_paused=dag.is_paused))


class Rehearsal:
    """One case on its way: the scheduler, its executor, and what will happen when."""

    def __init__(self, case: Case, bag: Any, clock: VirtualClock) -> None:
        self.case, self.clock, self.bag = case, clock, bag
        self.executors = executors_of(case)
        self.scheduler = _scheduler(self.executors)
        self.player = Player(case, dict(bag.dags), clock)
        self.recorder = Recorder()
        self.skipping = any(not dag.catchup and dag.schedule is not None and not dag.assets for dag in case.dags)
        self.with_queues = any(task.queue != "default" for dag in case.dags for task in dag.tasks)
        self.with_deadlines = any(dag.deadlines for dag in case.dags)
        self.running: dict[str, Stretch] = {}
        self.deferred: list[tuple[dt.datetime, TryKey]] = []
        self.manual = sorted(case.manual_runs, key=_at)
        self.backfills = Backfills(case.backfills)
        self.active = 0

    def run(self) -> History:
        """From instant to instant until nothing is due or the case is over."""
        until = dt.datetime.fromisoformat(self.case.until)
        due: dt.datetime | None = self.clock.now
        while due is not None and due <= until:
            parse = due > self.clock.now and self.skipping
            self.clock.arrive(due)
            if parse:  # the Dag processor is never done: what a schedule without catchup skips depends on it
                write(self.bag)
            self._settle()
            due = self._next()
            if due is None or due > self.clock.now:
                self.recorder.settled(iso(self.clock.now), self._look())
        for told in pending():
            self.recorder.deadline(told, None)
        return dataclasses.replace(self.recorder.history(), backfills=self.backfills.rows())

    def _settle(self) -> None:
        """Do what is due, then let the scheduler loop until nothing changes; again for what that made due at once."""
        for _ in range(MAX_LOOPS):
            self._happen()
            idle = 0
            while idle < 1 + self.active // RUNS_A_LOOP:  # so many loops look at every running run
                idle = 0 if self._loop() or self._look_at_paused() else idle + 1
            if not self._anything_due():
                return
        raise RuntimeError(f"the scheduler does not settle at {iso(self.clock.now)}")

    def _anything_due(self) -> bool:
        ends = [stretch.ends for stretch in self.running.values()] + [due for due, _ in self.deferred]
        return any(end <= self.clock.now for end in ends)

    def _happen(self) -> None:
        """What is due without the scheduler: runs triggered by hand, triggers that fire, stretches that end."""
        while self.manual and _at(self.manual[0]) <= self.clock.now:
            self._trigger(self.manual.pop(0))
        while self.backfills.left and _at(self.backfills.left[0]) <= self.clock.now:
            if self.backfills.ask():
                write(self.bag)  # the schedule goes on behind the latest run, once the Dag processor was there
            self.scheduler._mark_backfills_complete()
        for due, key in [one for one in self.deferred if one[0] <= self.clock.now]:
            self.deferred.remove((due, key))
            _fire(key)
        for ti_id, stretch in list(self.running.items()):
            if stretch.ends <= self.clock.now and ti_id in self.running:
                self._end(ti_id, stretch)
        if self.with_queues:
            self.scheduler._handle_tasks_stuck_in_queued()

    def _loop(self) -> bool:
        """One turn of ``SchedulerJobRunner._run_scheduler_loop``; whether another may change anything."""
        before = self._look()
        with create_session() as session:
            self.scheduler._do_scheduling(session)
            session.expunge_all()
        if self.case.backfills:
            self.scheduler._mark_backfills_complete()
        for executor in self.executors:
            executor.heartbeat()
        for told in miss() if self.with_deadlines else ():
            self.recorder.deadline(told, iso(self.clock.now))
        queued, taken = self.executors[0].take()
        for workload in queued:
            self.recorder.workload(iso(self.clock.now), key_of(workload), "queued")
        for workload in taken:
            stretch = self.player.begin(workload)
            self.running[stretch.ti_id] = stretch
            self.recorder.workload(iso(self.clock.now), stretch.key, "running")
        after = self._look()
        self.active = sum(run.state == "running" for run in after.runs.values())
        self._drop_stopped(after)
        return bool(queued) or after != before  # what was queued may have hidden what could be queued now

    def _look_at_paused(self) -> bool:
        """Runs of a Dag that was paused while they ran end too; Airflow looks once a minute, here at once."""
        with create_session() as session:
            paused = select(DagRun.id).join(DagRun.dag_model).where(DagModel.is_paused, DagRun.state == "running")
            if session.scalar(paused.limit(1)) is None:
                return False
        before = self._look()
        self.scheduler._update_dag_run_state_for_paused_dags()
        return self._look() != before

    def _end(self, ti_id: str, stretch: Stretch) -> None:
        """A stretch ends: its worker is free."""
        del self.running[ti_id]
        self._free(stretch)
        self.player.end(stretch)
        wait = self.player.wait_after(stretch)
        if wait is not None:
            self.deferred.append((self.clock.now + dt.timedelta(seconds=wait), stretch.key))
        self._drop_stopped(self._look())

    def _drop_stopped(self, seen: Snapshot) -> None:
        """Forget instances that something else ended (fail_fast, dagrun_timeout), as a worker's heartbeat would."""
        states = {row.ti_id: row.state for row in seen.instances.values()}
        for ti_id in [one for one in self.running if states.get(one) != "running"]:
            self._free(self.running.pop(ti_id))

    def _free(self, stretch: Stretch) -> None:
        for executor in self.executors:
            executor.running.discard(stretch.slot)

    def _look(self) -> Snapshot:
        with create_session() as session:
            return snapshot(session)

    def _next(self) -> dt.datetime | None:
        """The next instant at which something is due."""
        due = [stretch.ends for stretch in self.running.values()]
        due += [when for when, _ in self.deferred]
        due += [_at(asked) for asked in (*self.manual[:1], *self.backfills.left[:1])]
        with create_session() as session:
            due += due_in_database(session, self.scheduler.scheduler_dag_bag)
            due += stuck_in_queued(session, self.scheduler._task_queued_timeout)
        return max(min(due), self.clock.now) if due else None

    def _trigger(self, run: ManualRun) -> None:
        """As the REST API triggers a run."""
        trigger_dag(
            dag_id=run.dag_id,
            run_id=run.run_id,
            logical_date=_at(run),
            run_after=_at(run),
            triggered_by=DagRunTriggeredByType.REST_API,
        )


def _at(asked: ManualRun | BackfillCase) -> dt.datetime:
    return dt.datetime.fromisoformat(asked.at)


def _fire(key: TryKey) -> None:
    """The triggerer tells of an event; ``Trigger.submit_event`` leaves alone who is deferred no longer."""
    with create_session() as session:
        instance = {"dag_id": key.dag_id, "run_id": key.run_id, "task_id": key.task_id, "map_index": key.map_index}
        trigger_id = session.scalar(select(TaskInstance.trigger_id).filter_by(**instance))
        if trigger_id is not None:
            Trigger.submit_event(trigger_id, TriggerEvent(None), session=session)


def _scheduler(executors: list[ScriptedExecutor]) -> Any:
    """A scheduler with its executors: 3.1 looks for them in the job, later versions in the runner."""
    in_job = "executor" in inspect.signature(Job.__init__).parameters
    in_runner = "executors" in inspect.signature(SchedulerJobRunner.__init__).parameters
    job = Job(executor=executors[0]) if in_job else Job()
    if in_job:
        job.executors = executors
    runner = SchedulerJobRunner(job=job, **({"executors": executors} if in_runner else {}))
    with create_session() as session:
        session.add(job)
    return runner
