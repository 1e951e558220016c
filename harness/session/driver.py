"""The simulated scheduler at work: decisions of the rules turned into processes, their ends into new decisions."""

from __future__ import annotations

from collections.abc import Callable

from harness.bridge.answers_assets import emitted
from harness.bridge.answers_xcom import keep
from harness.bridge.callbacks import run_dag_callbacks
from harness.bridge.explain import explain
from harness.bridge.runtime import AttemptRequest, Outcome, Resume, reschedule_at, run_attempt
from harness.bridge.store import Store, facts
from harness.bridge.supervisor import Supervisor
from harness.bridge.triggerer import EndedByTrigger, Triggerer, starts_from_trigger
from harness.kernel import SECOND, Instant, Microseconds, Process, Simulation, seconds
from harness.kernel.simulation import LATE
from harness.report.result import Attempt
from harness.scheduler.decide import decide, timed_out, times_out_at
from harness.scheduler.model import (
    DEFERRED,
    FAILED,
    FINISHED,
    QUEUED,
    RUNNING,
    SCHEDULED,
    SKIPPED,
    SUCCESS,
    UP_FOR_RESCHEDULE,
    UP_FOR_RETRY,
    DagRun,
    TaskInstance,
)
from harness.scheduler.queueing import Limits, admit
from harness.scheduler.retries import next_retry_at
from harness.scheduler.runs import may_start, set_run_state, start_order
from harness.scheduler.transitions import clear, fail_fast, schedule
from harness.session.environment import Interruption
from harness.session.history import history
from harness.session.record import Recorder

KILL_GRACE: Microseconds = 5 * SECOND
"""From SIGTERM to SIGKILL: what ``on_kill`` has. Source: ``ActivitySubprocess.kill``, its escalation delay (3.3.2)."""


class Driver:
    """Runs Dag runs to their end in one simulation.

    Args:
        limits: pools and executor slots.
        recorder: takes every state change.
    Attributes:
        held: why each scheduled task instance that could not be queued waits.
    """

    def __init__(
        self,
        simulation: Simulation,
        store: Store,
        limits: Limits,
        recorder: Recorder,
        interruption: Interruption,
    ) -> None:
        self.simulation = simulation
        self.store = store
        self.limits = limits
        self.recorder = recorder
        self.interruption = interruption
        self.on_error: Callable[[BaseException], None] | None = None
        self.held: list[tuple[TaskInstance, str]] = []
        self.supervisor = Supervisor(store, lambda: simulation.now, recorder.observe)
        self.triggerer = Triggerer(simulation, store, self._fired)
        self.active: dict[DagRun, None] = {}
        self._queued: list[DagRun] = []
        self._dirty: dict[DagRun, None] = {}
        self._scheduled: dict[TaskInstance, None] = {}
        self._pass_at: Instant | None = None

    # -- runs ---------------------------------------------------------------------------------------------------

    def add(self, run: DagRun) -> None:
        """Have a run begin at its ``run_after`` (or now, when that is past)."""
        if run.logical_date is not None:
            run.previous = self.store.previous_run(run.dag.dag_id, run.logical_date)
        self.store.runs[(run.dag.dag_id, run.run_id)] = run
        self.recorder.run_created(run)
        self._queued.append(run)
        self.simulation.schedule(run.run_after, self._start_queued)

    def reset(self, run: DagRun) -> None:
        """Run a run once more from the start, as ``TriggerDagRunOperator(reset_dag_run=True)`` asks."""
        for ti in run.task_instances.values():
            self._stop(ti)
            process = history(ti).process
            if process is not None:  # the task that asks is of this run itself: what it still does does not count
                self._kill(ti, process)
            history(ti).new_try()
        self.active.pop(run, None)
        clear(run)
        self.recorder.run_state(run)
        if run not in self._queued:
            self._queued.append(run)
        self.simulation.schedule(self.simulation.now, self._start_queued)

    def _start_queued(self) -> None:
        now = self.simulation.now
        for run in sorted(self._queued, key=start_order):
            running = sum(1 for other in self.active if other.dag.dag_id == run.dag.dag_id)
            if run.run_after <= now and may_start(run, running):
                self._queued.remove(run)
                set_run_state(run, "running", now)
                self.active[run] = None
                self.recorder.run_state(run)
                limit = times_out_at(run)
                if limit is not None:
                    self.simulation.schedule(limit, self._time_out, run)
                self.mark(run)

    def _finish(self, run: DagRun, state: str, reason: str | None) -> None:
        set_run_state(run, state, self.simulation.now, reason)
        self.active.pop(run, None)
        self.recorder.run_state(run)
        self._call_back(run, state, reason)
        self._start_queued()

    def _call_back(self, run: DagRun, state: str, reason: str | None) -> None:
        dag = facts(run).dag
        callbacks = dag.on_success_callback if state == SUCCESS else dag.on_failure_callback
        if callbacks:
            self.simulation.spawn(
                run_dag_callbacks, run, state == SUCCESS, reason, self.recorder.callback_failed, name="dag callback"
            )

    def _time_out(self, run: DagRun) -> None:
        decision = timed_out(run, self.simulation.now) if run.state == "running" else None
        if decision is None:
            return
        for ti in decision.changed:
            self._stop(ti)
            self.recorder.ti_state(ti)
        self._finish(run, FAILED, decision.reason)

    # -- the scheduler's pass ----------------------------------------------------------------------------------------

    def mark(self, run: DagRun) -> None:
        """Have the scheduler look at a run, once, after all that happens at this instant."""
        self._dirty[run] = None
        if self._pass_at != self.simulation.now:
            self._pass_at = self.simulation.now
            self.simulation.schedule(self.simulation.now, self._pass, priority=LATE)

    def _pass(self) -> None:
        self._pass_at = None
        runs, self._dirty = list(self._dirty), {}
        for run in runs:
            if run.state == "running":
                self._decide(run)
        if self._scheduled:
            self._admit()

    def _decide(self, run: DagRun) -> None:
        now = self.simulation.now
        while True:
            decision = decide(run, now)
            for ti in decision.changed:
                self._stop(ti)
                self.recorder.ti_state(ti)
            for ti in decision.ready:
                self._schedule(ti)
            if not decision.again:
                break
        if decision.next_due is not None and decision.next_due > now:
            self.simulation.schedule(decision.next_due, self.mark, run)
        if decision.outcome is not None:
            self._finish(run, decision.outcome, decision.reason)

    def _schedule(self, ti: TaskInstance) -> None:
        before = ti.state
        schedule(ti, self.simulation.now)
        if before != UP_FOR_RESCHEDULE:
            history(ti).new_try()
        self.recorder.ti_state(ti)
        if ti.state != SCHEDULED:
            return
        deferral = starts_from_trigger(facts(ti.run).dag.task_dict[ti.task_id])
        if deferral is None:
            self._scheduled[ti] = None
            return
        ti.state, ti.start = DEFERRED, self.simulation.now
        ti.reason = f"waits for {deferral.classpath.rpartition('.')[2]}"
        history(ti).began = ti.start
        self.recorder.ti_state(ti)
        self.triggerer.start(ti, deferral, history(ti).log)

    def _admit(self) -> None:
        admission = admit(self._scheduled, self.active, self.limits)
        self.held = admission.held
        for ti in admission.admitted:
            del self._scheduled[ti]
            ti.state = QUEUED
            self.recorder.ti_state(ti)
            history(ti).process = self.simulation.spawn(self._attempt, ti, name=ti.name)

    # -- attempts ----------------------------------------------------------------------------------------------------

    def _attempt(self, ti: TaskInstance) -> None:
        """The body of a worker process."""
        past, now = history(ti), self.simulation.now
        process = past.process
        assert process is not None
        ti.state = RUNNING
        if past.resume is None:
            ti.start, past.began = now, now
            past.first_start = past.first_start if past.reschedules else now
        ti.end = None
        self.recorder.ti_state(ti)
        request = AttemptRequest(
            ti, past.reschedules, past.first_start, past.resume, past.began if past.resume else None, past.log
        )
        past.resume = None
        outcome = run_attempt(self.supervisor, request, now, lambda: process.killed or self.interruption.happened)
        if past.process is process:
            past.process = None
        if self.supervisor.fault is not None:
            raise self.supervisor.fault
        if self.interruption.happened:
            self.simulation.stop("interrupted")
        elif not process.killed:
            self._ended(ti, outcome, now, process)

    def _ended(self, ti: TaskInstance, outcome: Outcome, began: Instant, process: Process) -> None:
        past, now = history(ti), self.simulation.now
        ti.state = outcome.state
        if outcome.error is not None:
            if self.on_error is not None:
                self.on_error(outcome.error)
            past.error = explain(outcome.error, self.store.world)
        elif outcome.state == SUCCESS:
            past.error = None
        if outcome.speaker.rendered is not None:
            past.rendered = outcome.speaker.rendered
        after: dict[str, Callable[[TaskInstance, Outcome], None]] = {
            DEFERRED: self._after_defer,
            UP_FOR_RESCHEDULE: self._after_reschedule,
            UP_FOR_RETRY: self._after_retry,
        }
        after.get(outcome.state, self._after_end)(ti, outcome)
        ti.reason = self._reason(ti, outcome)
        past.attempts.append(Attempt(ti.try_number, outcome.state, began, now, ti.reason, process.running_seconds()))
        self.recorder.ti_state(ti)
        self.mark(ti.run)
        for run in self.active:  # its past dependencies may be met now
            if run.previous is ti.run:
                self.mark(run)

    def _after_end(self, ti: TaskInstance, outcome: Outcome) -> None:
        ti.end = self.simulation.now
        if ti.state == SUCCESS and outcome.message is not None:
            for event in emitted(self.supervisor, outcome.message, outcome.speaker):
                self.recorder.asset_event(ti, event)
        if ti.state == FAILED and ti.run.dag.fail_fast:
            for other in fail_fast(ti.run, ti, self.simulation.now):
                self._stop(other)
                self.recorder.ti_state(other)

    def _after_retry(self, ti: TaskInstance, outcome: Outcome) -> None:
        ti.end = self.simulation.now
        delay = getattr(outcome.message, "retry_delay_seconds", None)
        ti.retry_delay_override = None if delay is None else seconds(delay)
        ti.due = next_retry_at(ti)
        self.simulation.schedule(ti.due, self.mark, ti.run)

    def _after_reschedule(self, ti: TaskInstance, outcome: Outcome) -> None:
        ti.end = self.simulation.now
        history(ti).reschedules += 1
        ti.due = reschedule_at(outcome.message)
        self.simulation.schedule(ti.due, self.mark, ti.run)

    def _after_defer(self, ti: TaskInstance, outcome: Outcome) -> None:
        self.triggerer.start(ti, outcome.message, history(ti).log)

    def _reason(self, ti: TaskInstance, outcome: Outcome) -> str | None:
        if outcome.error is not None:
            return f"{type(outcome.error).__name__}: {outcome.error}"
        if outcome.state == SKIPPED:
            lines = [line for line in history(ti).log.lines if "Skipping task." in line]
            return lines[-1].partition("reason=")[2].strip("'\"") or "skipped itself" if lines else "skipped itself"
        if outcome.state == DEFERRED:
            return f"waits for {outcome.message.classpath.rpartition('.')[2]}"
        return None

    def _fired(self, ti: TaskInstance, resume: Resume | EndedByTrigger) -> None:
        """A trigger's event: the task is scheduled again to go on where it left, or is over."""
        if ti.state != DEFERRED or ti.run.state != "running":
            return
        if isinstance(resume, EndedByTrigger):
            self._end_by_trigger(ti, resume)
            return
        history(ti).resume = resume
        ti.state, ti.reason = SCHEDULED, None
        self.recorder.ti_state(ti)
        self._scheduled[ti] = None
        self.mark(ti.run)

    def _end_by_trigger(self, ti: TaskInstance, end: EndedByTrigger) -> None:
        """Source: ``BaseTaskEndEvent.handle_submit`` (3.3.2); Airflow runs no callback of the task on a worker then."""
        now = self.simulation.now
        ti.state, ti.end, ti.reason = end.state, now, "ended by its trigger"
        for key, value in end.xcoms.items():
            keep(ti.run, ti.task_id, ti.map_index, key, value)
        history(ti).attempts.append(Attempt(ti.try_number, end.state, ti.start or now, now, ti.reason))
        self.recorder.ti_state(ti)
        self.mark(ti.run)

    def _stop(self, ti: TaskInstance) -> None:
        """End whatever still works for a task instance that was given a final state from outside."""
        self._scheduled.pop(ti, None)
        self.triggerer.cancel(ti)
        process = history(ti).process
        if process is not None and process is not self.simulation.current:
            self._kill(ti, process)

    def _kill(self, ti: TaskInstance, process: Process) -> None:
        past = history(ti)
        past.process = None
        process.killed = True
        now = self.simulation.now
        if ti.start is not None:
            past.attempts.append(Attempt(ti.try_number, str(ti.state), ti.start, now, ti.reason, process.real_seconds))
        self.simulation.schedule(now, self.simulation.kill, process, KILL_GRACE)

    # -- the end -----------------------------------------------------------------------------------------------------

    def unfinished(self) -> list[TaskInstance]:
        """Task instances of active runs that have no final state."""
        return [ti for run in self.active for ti in run.task_instances.values() if ti.state not in FINISHED]

    def waiting_runs(self) -> list[DagRun]:
        """Runs that were created and never started."""
        return list(self._queued)
