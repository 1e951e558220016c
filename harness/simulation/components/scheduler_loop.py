"""The simulated scheduler: Airflow's loop over the pure rules in virtual time, or the rhythm of ``dag.test()``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Protocol, cast

from harness.bridge.callbacks import run_dag_callbacks
from harness.bridge.supervisor.handlers import refuse
from harness.bridge.supervisor.store import AssetEvent, Store, facts
from harness.kernel import Instant, Simulation
from harness.kernel.simulation import LATE
from harness.scheduler.dag_runs.runs import Group, group_of, set_run_state, start_order, to_examine, to_start
from harness.scheduler.decide import Decision, schedule, step, timed_out, times_out_at
from harness.scheduler.dependencies.past import followers
from harness.scheduler.executors import in_turn
from harness.scheduler.mapping import create_instances
from harness.scheduler.model import (
    DEFERRED,
    FINISHED,
    SCHEDULED,
    SUCCESS,
    UP_FOR_RESCHEDULE,
    DagRun,
    RunState,
    TaskInstance,
)
from harness.scheduler.queueing import Candidates, Limits, Occupancy, admit_once, held_back
from harness.scheduler.transitions import clear
from harness.simulation.components.deadlines import Deadlines
from harness.simulation.components.ports import PartOfRuns, Workers, WorkersLoop
from harness.simulation.components.queued_runs import QueuedRuns
from harness.simulation.components.workers import Attempts
from harness.simulation.environment import Interruption
from harness.simulation.record import Recorder


class OneByOne:
    """The scheduled task instances of one pass, run one after the other, each with its deferrals to the end.

    No pool and no limit counts, and what another task of the turn skips or stops meanwhile runs all the same: all
    of them were scheduled before. ``dag.test()`` leaves their order to chance. Here it is the queue's, sensors last:
    what they wait for may be done by another task of the turn.

    Args:
        launch: has a worker take a task instance.
        over: told when the last one has ended.
    Source: the loop of ``DAG.test`` and ``_run_task`` in airflow/sdk/definitions/dag.py (3.3.2).
    """

    def __init__(self, launch: Callable[[TaskInstance], None], over: Callable[[], None]) -> None:
        self._launch, self._over = launch, over
        self._left: list[TaskInstance] = []
        self._current: TaskInstance | None = None

    @property
    def goes_on(self) -> bool:
        """Whether a task instance of it runs or is deferred."""
        return self._current is not None

    def begin(self, scheduled: Iterable[TaskInstance]) -> None:
        """Run these, in this order but for sensors; when none is going on."""
        self._left = sorted(scheduled, key=_is_sensor)
        self._next()

    def resume(self, ti: TaskInstance) -> bool:
        """Have a deferred task instance go on at once; whether it was this turn's."""
        if ti is not self._current:
            return False
        self._launch(ti)
        return True

    def slice_over(self, ti: TaskInstance) -> None:
        """A worker is done with a task instance; one that is deferred keeps its turn."""
        if ti is self._current and ti.state != DEFERRED:
            self._next()
            if self._current is None:
                self._over()

    def _next(self) -> None:
        self._current = self._left.pop(0) if self._left else None
        if self._current is not None:
            self._launch(self._current)


def _is_sensor(ti: TaskInstance) -> bool:
    return bool(facts(ti.run).dag.task_dict[ti.task_id]._is_sensor)


class RunMaker(Protocol):
    """Makes Dag runs as schedules and assets ask; `harness.simulation.calendar`."""

    def make_due(self) -> bool: ...

    def run_ended(self, run: DagRun, reason: str | None) -> None: ...

    def asset_event(self, event: AssetEvent) -> None: ...


class Driver:
    """Runs Dag runs to their end in one simulation.

    Args:
        limits: pools and executor slots.
        recorder: takes every state change.
        workers: makes those that run task instances; None for such as run their code.
    Attributes:
        calendar: makes runs while the simulation goes; None when all are given.
        active: the running runs.
        one_by_one: the tasks that run one by one, as in ``dag.test()``; None for production's rhythm.
        deadlines: those of all runs.
        waiting: scheduled task instances without a slot.
        begins_runs: off, queued runs stay queued.
        part: says which runs are simulated; None: all.
    """

    def __init__(
        self,
        simulation: Simulation,
        store: Store,
        limits: Limits,
        recorder: Recorder,
        interruption: Interruption,
        workers: Callable[[WorkersLoop], Workers] | None = None,
    ) -> None:
        self.simulation, self.store, self.limits, self.recorder = simulation, store, limits, recorder
        self._interruption = interruption
        self.attempts: Workers = Attempts(self, interruption) if workers is None else workers(self)
        self.deadlines = Deadlines(self, self.attempts)
        self.calendar: RunMaker | None = None
        self.begins_runs = True
        self.part: PartOfRuns | None = None
        self.active: dict[DagRun, None] = {}
        self.waiting = Candidates()
        self._queued = QueuedRuns()
        self._running: dict[Group, int] = {}
        self._dirty: dict[DagRun, None] = {}
        self._parked: dict[DagRun, None] = {}
        self.one_by_one: OneByOne | None = None
        self._wakes_at: Instant | None = None

    def run_one_by_one(self) -> None:
        """Go as ``dag.test()`` goes; see `OneByOne`."""
        self.one_by_one = OneByOne(self.attempts.launch, self.wake)

    # -- runs ---------------------------------------------------------------------------------------------------

    def add(self, run: DagRun) -> None:
        """Have a run begin at its ``run_after`` (or now, when that is past)."""
        self.store.add_run(run)
        self.recorder.run_created(run)
        self.deadlines.create(run)
        self._queued.add(run)
        self.simulation.schedule(run.run_after, self.wake)

    def reset(self, run: DagRun) -> None:
        """Run a run once more from the start, as ``TriggerDagRunOperator(reset_dag_run=True)`` asks.

        Raises: AirflowRuntimeError: the installed Airflow cannot clear it.
        """
        if not self.deadlines.can_clear(run):
            raise refuse("Internal Server Error", "internal_error", 500)
        if run.state == "running":
            self._leave(run)
            run.state = "failed"  # for a moment: a reset queues also a run that goes on
        self.clear(run)

    def clear(self, run: DagRun, task_ids: Collection[str] | None = None, on_latest_version: bool = False) -> None:
        """Have tasks of a run, all of them without ``task_ids``, run again."""
        if not self.deadlines.can_clear(run):
            return
        for ti in clear(run, task_ids, on_latest_version):
            self.attempts.stop(ti, own=True)
            self.attempts.new_try(ti)
            self.recorder.ti_state(ti)
        if run.state == "queued":
            self.recorder.run_state(run)
            self._queued.add(run)
        self.deadlines.requeue(run)
        self.mark(run)

    def active_runs(self, dag_id: str, backfills: bool = True) -> int:
        """How many runs of a Dag are running or queued.

        Args:
            backfills: theirs too.
        """
        queued = self._queued.count(dag_id, backfills)
        if not backfills:
            return queued + self._running.get((dag_id, None), 0)
        return queued + sum(count for group, count in self._running.items() if group[0] == dag_id)

    def _start_queued(self) -> bool:
        """Source: ``SchedulerJobRunner._start_queued_dagruns`` (3.3.2)."""
        if not self.begins_runs:
            return False
        first = self._queued.next(self.simulation.now, self._running, self.limits.paused_dags)
        started = to_start(first, self._running)
        for run in started:
            self._start(run)
        return bool(started)

    def _start(self, run: DagRun) -> None:
        self._queued.remove(run)
        if not run.task_instances:  # it was expected to be another process's
            create_instances(run)
        set_run_state(run, "running", self.simulation.now)
        self.active[run] = None
        self._running[group_of(run)] = self._running.get(group_of(run), 0) + 1
        self.recorder.run_state(run)
        self.recorder.tally.begins(run.task_instances.values(), self.simulation.now)
        limit = times_out_at(run)
        if limit is not None:
            self.simulation.schedule(limit, self.mark, run)
        self._dirty[run] = None

    def _leave(self, run: DagRun) -> None:
        if run in self.active:
            del self.active[run]
            self._running[group_of(run)] -= 1

    def _finish(self, run: DagRun, state: RunState, reason: str | None) -> None:
        set_run_state(run, state, self.simulation.now, reason)
        self.recorder.tally.ends(run.task_instances.values(), self.simulation.now)
        run.memory = None  # of the rules; it would be a tenth of what a finished run keeps
        self._leave(run)
        self.recorder.run_state(run)
        self.deadlines.run_ended(run)
        if self.attempts.runs_code:
            self._call_back(run, state, reason)
        if self.calendar is not None:
            self.calendar.run_ended(run, reason)
        self.recorder.runs.ended(run)
        if self._interruption.run_ended():
            self.simulation.stop("interrupted")

    def _call_back(self, run: DagRun, state: RunState, reason: str | None) -> None:
        dag = facts(run).dag
        if dag.on_success_callback if state == SUCCESS else dag.on_failure_callback:
            self.simulation.spawn(
                run_dag_callbacks, run, state == SUCCESS, reason, self.recorder.callback_failed, name="dag callback"
            )

    # -- the scheduler's loop --------------------------------------------------------------------------------------

    def mark(self, run: DagRun) -> None:
        """Have the scheduler look at a run, once, after all that happens at this instant."""
        self._dirty[run] = None
        self.wake()

    def wake(self) -> None:
        """Have the scheduler's loop go round, once, after all that happens at this instant."""
        if self._wakes_at != self.simulation.now:
            self._wakes_at = self.simulation.now
            self.simulation.schedule(self.simulation.now, self._settle, priority=LATE)

    def _settle(self) -> None:
        """Loops until one changes nothing: workers are slow against them, and take what they queued afterwards."""
        self._wakes_at = None
        self.deadlines.callbacks.enqueue()  # a loop ends with them: a slot that is free now was first free for them
        if self.one_by_one is None:
            while self._loop():
                pass
        elif not self.one_by_one.goes_on and self._loop():
            self.wake()
        if self.attempts.workloads.take():
            self.wake()
        self.recorder.tally.settled(self.waiting, self.limits, self.simulation.now)

    def _loop(self) -> bool:
        """One loop of the scheduler; whether it changed anything.

        Source: ``SchedulerJobRunner._do_scheduling`` (3.3.2).
        """
        if self.simulation.stopped is not None:
            return False
        if self.part is not None and not self.active and not self.part.goes_on():
            return False
        moved = self.calendar is not None and self.calendar.make_due()
        moved |= self._start_queued()
        for run in to_examine(self._dirty, self.active, self.limits.paused_dags) if self._dirty else ():
            if run not in self._dirty:
                continue
            del self._dirty[run]
            if run.state == "running":
                moved |= self._examine(run)
        return self._queue() or moved

    def _examine(self, run: DagRun) -> bool:
        """Look at a run; of a paused Dag it is only seen whether it has ended.

        Source: ``_schedule_dag_run``, ``_update_dag_run_state_for_paused_dags`` (3.3.2; the latter once a minute).
        """
        now = self.simulation.now
        paused = run.dag.dag_id in self.limits.paused_dags
        late = timed_out(run, now) if not paused and self.one_by_one is None else None  # dag.test() knows no such limit
        decision = step(run, now) if late is None else late
        if decision.expanded:
            self.recorder.tally.begins(decision.expanded, now)
        for ti in decision.changed:
            self.attempts.stop(ti)
            self.recorder.ti_state(ti)
        if paused:
            self._parked[run] = None
            decision.again = bool(decision.changed)
        else:
            run.examined = now
            for ti in decision.ready:
                self._schedule(ti)
        self._follow_up(run, decision, now)
        return not paused or decision.again

    def unpaused(self) -> None:
        """Have runs that were left alone while their Dag was paused looked at again."""
        self._dirty.update(self._parked)
        self._parked.clear()
        self.wake()

    def _follow_up(self, run: DagRun, decision: Decision, now: Instant) -> None:
        if decision.again:
            self._dirty[run] = None
        if decision.next_due is not None and decision.next_due > now:
            self.simulation.schedule(decision.next_due, self.mark, run)
        if decision.outcome is not None:
            self._finish(run, decision.outcome, decision.reason)
        if decision.changed or decision.ready:
            for other in followers(run):
                self._dirty[other] = None

    def _schedule(self, ti: TaskInstance) -> None:
        before = ti.state
        schedule(ti, self.simulation.now)
        if before != UP_FOR_RESCHEDULE:
            self.attempts.new_try(ti)
        self.recorder.ti_state(ti)
        if ti.state == SCHEDULED and not self.attempts.defer_at_once(ti):
            self.waiting.add(ti)

    def _queue(self) -> bool:
        """Source: ``SchedulerJobRunner._critical_section_enqueue_task_instances`` (3.3.2)."""
        if not len(self.waiting):
            return False
        if self.one_by_one is not None:
            scheduled = list(self.waiting.in_order())
            self.waiting = Candidates()
            self.one_by_one.begin(scheduled)
            return True
        admitted = admit_once(self.waiting, self.occupancy(), self.limits)
        for ti in in_turn(admitted, self.limits.executors):
            self.waiting.discard(ti)
            self.attempts.launch(ti)
        return bool(admitted)

    def occupancy(self) -> Occupancy:
        """What task instances and callbacks occupy, and what executors still have of those that have ended."""
        taken = self.recorder.tally.occupancy.copy()
        for executor in self.deadlines.callbacks.given:
            taken.add_workload(executor)
        for workload in self.attempts.workloads.stale:
            taken.add_workload(workload.executor)
        return taken

    # -- what the workers tell ---------------------------------------------------------------------------------------

    def slice_over(self, ti: TaskInstance) -> None:
        """A worker or a trigger is done with a task instance, whatever became of it."""
        if self.one_by_one is not None:
            self.one_by_one.slice_over(ti)

    def ti_ended(self, ti: TaskInstance) -> None:
        """A slice of an attempt is over."""
        self.mark(ti.run)
        for other in followers(ti.run):
            self._dirty[other] = None

    def scheduled_again(self, ti: TaskInstance) -> None:
        """A deferred task instance may go on."""
        if self.one_by_one is not None and self.one_by_one.resume(ti):
            return
        self.waiting.add(ti)
        self.mark(ti.run)

    def asset_event(self, event: AssetEvent) -> None:
        """A task emitted an asset event."""
        if self.calendar is not None:
            self.calendar.asset_event(event)
            self.wake()

    # -- parts ---------------------------------------------------------------------------------------------------------

    def stands_still(self) -> bool:
        """Whether nothing goes on and nothing is to happen: no run, no process, no thread, no event."""
        simulation, attempts = self.simulation, cast("Attempts", self.attempts)  # only runs with code have parts
        triggerer = attempts.triggerer
        if self.active or len(self.waiting) or simulation.peek() is not None or simulation.outside:
            return False
        if attempts.workloads.waiting or attempts.workloads.stale or not triggerer.is_idle:
            return False
        return len(simulation.processes) == triggerer.lives  # it waits for the next trigger

    def pass_over(self, runs: int) -> None:
        """Have so many queued runs be over, those that would begin first: another process simulates them."""
        for run in sorted(self._queued, key=start_order)[:runs]:
            self._queued.remove(run)
            run.state = SUCCESS

    # -- the end -----------------------------------------------------------------------------------------------------

    def held(self) -> list[tuple[TaskInstance, str]]:
        """Why each scheduled task instance that could not be queued waits."""
        return held_back(self.waiting, self.occupancy(), self.limits)

    def unfinished(self) -> list[TaskInstance]:
        """Task instances of active runs that have no final state."""
        return [ti for run in self.active for ti in run.task_instances.values() if ti.state not in FINISHED]

    def unfinished_runs(self) -> Iterator[DagRun]:
        """Runs that have not ended, those that run first."""
        yield from self.active
        yield from self._queued

    def waiting_runs(self) -> list[DagRun]:
        """Runs that were created and never started."""
        return list(self._queued)
