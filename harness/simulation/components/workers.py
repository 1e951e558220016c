"""The workers and the triggerer: admitted task instances turned into processes, their ends into states.

A worker that is lost is one of them: the scheduler does not know, until it misses its heartbeats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.bridge.callbacks import run_failure_callbacks
from harness.bridge.explain import explain
from harness.bridge.runtime import AttemptOutcome, AttemptRequest, Resume, reschedule_at, run_attempt
from harness.bridge.standins.playing import StandIns
from harness.bridge.supervisor.conversation import Supervisor
from harness.bridge.supervisor.handlers.assets import emitted
from harness.bridge.supervisor.handlers.xcom import keep
from harness.bridge.supervisor.store import facts
from harness.bridge.supervisor.task_context import TaskContext
from harness.bridge.triggerer import EndedByTrigger, Triggerer
from harness.bridge.versions.scheduling import heartbeat_rules
from harness.kernel import SECOND, Instant, Microseconds, Process, iso, seconds
from harness.kernel.simulation import KILLS
from harness.results.finding import Finding
from harness.scheduler.model import (
    AWAITING_INPUT,
    DEFERRED,
    FAILED,
    QUEUED,
    RUNNING,
    SCHEDULED,
    SKIPPED,
    SUCCESS,
    UP_FOR_RESCHEDULE,
    UP_FOR_RETRY,
    TaskInstance,
)
from harness.scheduler.ready import set_state
from harness.scheduler.retries import may_retry, next_retry_at
from harness.scheduler.transitions import fail_fast, number_next
from harness.simulation.components.executors import Workloads
from harness.simulation.components.launching import Launcher
from harness.simulation.components.people import People
from harness.simulation.components.ports import WorkersLoop
from harness.simulation.environment import Interruption
from harness.simulation.history import AttemptSlice, history

KILL_GRACE: Microseconds = 5 * SECOND
"""From SIGTERM to SIGKILL: what ``on_kill`` has. Source: ``ActivitySubprocess.kill``, its escalation delay (3.3.2)."""


class Attempts:
    """Runs admitted task instances, and tells the driver what became of them.

    Attributes:
        runs_code: True: that of tasks, and callbacks.
        on_error: called in the task's own process with what its code raised.
        lost_workers: those that are gone without a word.
    """

    runs_code = True

    def __init__(self, driver: WorkersLoop, interruption: Interruption) -> None:
        self.driver, self.interruption = driver, interruption
        self.simulation, self.store, self.recorder = driver.simulation, driver.store, driver.recorder
        self.on_error: Callable[[BaseException], None] | None = None
        self.supervisor = Supervisor(self.store, lambda: self.simulation.now, self._observe)
        self.triggerer = Triggerer(self.simulation, self.store, self._fired)
        self.people = People(self.simulation, self.store, self._fired)
        self.stand_ins = StandIns(self.store.world)
        self._launcher = Launcher(driver, self._start, self._never_taken)
        self.lost_workers = LostWorkers(driver, self.stop)
        self.simulation.survived = self._survived

    def launch(self, ti: TaskInstance) -> None:
        """Give an admitted task instance to its executor."""
        self._launcher.launch(ti)

    def new_try(self, ti: TaskInstance) -> None:
        """What comes next of a task instance is of a new try."""
        history(ti).new_try()

    def waits(self, ti: TaskInstance) -> bool:
        """Whether a deferred task instance has a trigger to wait for."""
        return ti in self.triggerer.waiting()

    def answers(self, ti: TaskInstance) -> bool:
        """Whether a person will answer a task instance, or the time for an answer ends."""
        return self.people.will_go_on(ti)

    def asks(self, ti: TaskInstance) -> str:
        """What a task instance waits for that asks a person, in words."""
        return self.people.waits_for(ti)

    @property
    def workloads(self) -> Workloads:
        """The way to the executors' workers."""
        return self._launcher.workloads

    def _start(self, ti: TaskInstance) -> Process:
        process = history(ti).process = self.simulation.spawn(self._work, ti, name=ti.name)
        return process

    def _work(self, ti: TaskInstance) -> None:
        try:
            self._attempt(ti)
        finally:
            if self.workloads.waiting:  # for the worker that is free now
                self.driver.wake()

    def _never_taken(self, ti: TaskInstance) -> None:
        if facts(ti.run).dag.task_dict[ti.task_id].on_failure_callback:
            self.simulation.spawn(run_failure_callbacks, ti, self.recorder.callback_failed, name="task callback")

    def defer_at_once(self, ti: TaskInstance) -> bool:
        """Give a scheduled task instance that starts from a trigger, its own or an answered one, to the triggerer.

        One that is stood in for does not: what stands in its place works on a worker.

        Returns: whether it starts so.
        """
        deferral = self.triggerer.begins(ti)
        if deferral is None or self.stand_ins.of(ti) is not None:
            return False
        ti.state, ti.start = DEFERRED, self.simulation.now
        ti.reason = f"waits for {deferral.classpath.rpartition('.')[2]}"
        history(ti).begin(ti.start)
        self.recorder.ti_state(ti)
        self.recorder.deferred(ti, deferral)
        self.triggerer.start(ti, deferral, history(ti).log)
        return True

    def _attempt(self, ti: TaskInstance) -> None:
        """The body of a worker process."""
        self._slice(ti)
        self.driver.slice_over(ti)

    def _slice(self, ti: TaskInstance) -> None:
        past, now, process = history(ti), self.simulation.now, self.simulation.current
        assert process is not None
        if process.killed or ti.state != QUEUED:  # it was given another state meanwhile: ``ti_run`` refuses to start it
            past.process = None if past.process is process else past.process
            return
        ti.state, past.stuck, past.running_since = RUNNING, 0, now
        if past.resume is None:
            ti.start = now
            past.begin(now)
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

    def _ended(self, ti: TaskInstance, outcome: AttemptOutcome, began: Instant, process: Process) -> None:
        past = history(ti)
        assert outcome.state != "killed"  # or nobody would ask
        ti.state = outcome.state
        if outcome.error is not None:
            if self.on_error is not None:
                self.on_error(outcome.error)
            past.error = explain(outcome.error, self.store.world)
        elif outcome.state == SUCCESS:
            past.error = None
        past.stood_in = outcome.task_context.stood_in
        if outcome.task_context.cannot_run is not None:
            self.recorder.needs.name("stubs", outcome.task_context.cannot_run, ti.run.dag.dag_id)
        if past.stood_in is not None:
            self.recorder.stood_in(ti, past.stood_in)
        if outcome.task_context.rendered is not None:
            past.rendered = outcome.task_context.rendered
        after: dict[str, Callable[[TaskInstance, AttemptOutcome], None]] = {
            DEFERRED: self._after_defer,
            UP_FOR_RESCHEDULE: self._after_reschedule,
            UP_FOR_RETRY: self._after_retry,
            AWAITING_INPUT: self._after_question,
        }
        after.get(outcome.state, self._after_end)(ti, outcome)
        ti.reason = self._reason(ti, outcome)
        held = None if process.footprint is None else process.footprint.present_peak_bytes()
        self._over(ti, outcome.state, began, process.running_seconds(), held)
        self.recorder.ti_state(ti)
        if ti.state == UP_FOR_RETRY:
            number_next(ti)
        self.driver.ti_ended(ti)

    def _after_end(self, ti: TaskInstance, outcome: AttemptOutcome) -> None:
        ti.end = self.simulation.now
        if ti.state == SUCCESS and outcome.message is not None:
            for event in emitted(self.supervisor, outcome.message, outcome.task_context):
                self.recorder.asset_event(ti, event)
                self.driver.asset_event(event)
        if ti.state == FAILED and ti.run.dag.fail_fast:
            for other in fail_fast(ti.run, ti, self.simulation.now):
                self.stop(other)
                self.recorder.ti_state(other)

    def _after_retry(self, ti: TaskInstance, outcome: AttemptOutcome) -> None:
        ti.end = self.simulation.now
        delay = getattr(outcome.message, "retry_delay_seconds", None)
        ti.retry_delay_override = None if delay is None else seconds(delay)
        ti.due = next_retry_at(ti)
        self.simulation.schedule(ti.due, self.driver.mark, ti.run)

    def _after_reschedule(self, ti: TaskInstance, outcome: AttemptOutcome) -> None:
        ti.end = self.simulation.now
        history(ti).reschedules += 1
        ti.due = reschedule_at(outcome.message)
        self.simulation.schedule(ti.due, self.driver.mark, ti.run)

    def _after_defer(self, ti: TaskInstance, outcome: AttemptOutcome) -> None:
        self.recorder.deferred(ti, outcome.message)
        self.triggerer.start(ti, outcome.message, history(ti).log)

    def _after_question(self, ti: TaskInstance, outcome: AttemptOutcome) -> None:
        self.people.park(ti, outcome.message)

    def _over(
        self,
        ti: TaskInstance,
        state: str,
        began: Instant,
        real_seconds: float = 0.0,
        peak_bytes: int | None = None,
    ) -> None:
        """It left its worker, or a trigger ended it."""
        now = self.simulation.now
        ended = AttemptSlice(ti.try_number, state, began, now, ti.reason, real_seconds, peak_bytes)
        history(ti).attempts.append(ended)
        self.recorder.attempt(ti, ended)

    def _observe(self, who: TaskContext, kind: str, data: Any) -> None:
        if kind == "asked":
            self.people.asked(who.ti, data)
            return
        if kind == "skipped":
            self.stop(data)  # it may have been scheduled, queued or deferred already
        self.recorder.observe(who, kind, data)

    def _reason(self, ti: TaskInstance, outcome: AttemptOutcome) -> str | None:
        if outcome.error is not None:
            return f"{type(outcome.error).__name__}: {outcome.error}"
        if outcome.state == SKIPPED:
            return outcome.task_context.skip or outcome.task_context.refused or "skipped itself"
        if outcome.state == AWAITING_INPUT:
            return self.people.waits_for(ti)
        if outcome.state == DEFERRED:
            return f"waits for {outcome.message.classpath.rpartition('.')[2]}"
        if outcome.state in (FAILED, UP_FOR_RETRY):
            return outcome.task_context.refused or outcome.task_context.reported
        return None

    def _fired(self, ti: TaskInstance, resume: Resume | EndedByTrigger) -> None:
        """A trigger's event: the task is scheduled again to go on where it left, or is over."""
        if ti.state not in (DEFERRED, AWAITING_INPUT) or ti.run.state != "running":
            return
        if isinstance(resume, EndedByTrigger):
            self._end_by_trigger(ti, resume)
            return
        history(ti).resume = resume
        self.recorder.resumed(ti, resume.method, resume.kwargs)
        ti.state, ti.reason = SCHEDULED, None
        self.recorder.ti_state(ti)
        self.driver.scheduled_again(ti)

    def _end_by_trigger(self, ti: TaskInstance, end: EndedByTrigger) -> None:
        """Source: ``BaseTaskEndEvent.handle_submit`` (3.3.2); Airflow runs no callback of the task on a worker then."""
        now = self.simulation.now
        ti.state, ti.end, ti.reason = end.state, now, "ended by its trigger"
        for key, value in end.xcoms.items():
            keep(ti.run, ti.task_id, ti.map_index, key, value)
        self.recorder.resumed(ti, None, None)
        self._over(ti, end.state, ti.start or now)
        self.recorder.ti_state(ti)
        self.driver.mark(ti.run)
        self.driver.slice_over(ti)

    def stop(self, ti: TaskInstance, own: bool = False) -> None:
        """End whatever still works for a task instance that was given a final state from outside.

        Args:
            own: also the process that asks; what it still does then does not count.
        """
        self.driver.waiting.discard(ti)
        self.triggerer.cancel(ti)
        self.people.forget(ti)
        self._launcher.abandon(ti)
        process = history(ti).process
        if process is not None and (own or process is not self.simulation.current):
            self._kill(ti, process)

    def _survived(self, process: Process) -> None:
        """Code that goes on whatever is raised in it; SIGKILL would end its worker, here it stands where it stood."""
        ti = process.args[0] if process.args else None
        if not isinstance(ti, TaskInstance):
            return
        fact = f"{ti.name} catches what should end it, and went on {KILLS} times: it was left where it stood"
        self.recorder.finding(
            ti.run,
            Finding(
                "kill-ignored",
                "warning",
                fact,
                str(facts(ti.run).dag.fileloc),
                dag_id=ti.run.dag.dag_id,
                task_id=ti.task_id,
                fix="catch Exception, not BaseException, and let a loop end when it is told to",
            ),
        )

    def _kill(self, ti: TaskInstance, process: Process) -> None:
        past = history(ti)
        past.process = None
        process.killed = True
        now = self.simulation.now
        if ti.start is not None and (process.started or process is self.simulation.current):
            held = None if process.footprint is None else process.footprint.peak_bytes
            self._over(ti, str(ti.state), ti.start, process.real_seconds, held)
        self.simulation.schedule(now, self.simulation.kill, process, KILL_GRACE)
        if self.workloads.waiting:
            self.simulation.schedule(now, self.driver.wake)


class LostWorkers:
    """Finds them as Airflow's scheduler does, at its own timeout.

    Until then they run, for all that anybody can see: they hold their slots of pools and executors.

    Args:
        stop: ends what still works for a task instance that ``fail_fast`` stops.
    """

    def __init__(self, driver: WorkersLoop, stop: Callable[[TaskInstance], None]) -> None:
        self.driver, self.simulation, self.recorder, self._stop = driver, driver.simulation, driver.recorder, stop

    def lose(self, ti: TaskInstance) -> None:
        """Its worker is gone at this instant; its process ends by itself."""
        began, died = history(ti).running_since, self.simulation.now
        at = Instant(heartbeat_rules().found_at(self.simulation.start, began, died))
        self.simulation.schedule(at, self._found, ti, ti.try_number, began, died)

    def _found(self, ti: TaskInstance, try_number: int, began: Instant, died: Instant) -> None:
        """Source: see `harness.bridge.versions.scheduling.heartbeat_rules`; ``TaskInstance.handle_failure`` (3.3.2)."""
        past, now = history(ti), self.simulation.now
        if ti.state != RUNNING or ti.try_number != try_number or past.running_since != began:
            return  # somebody gave it another state meanwhile, or had it run again
        rules, retried = heartbeat_rules(), may_retry(ti)
        reason = f"no heartbeat for {rules.timeout // SECOND} s: its worker was lost at {iso(died)}"
        past.process = past.resume = None
        ti.end = now
        set_state(ti, UP_FOR_RETRY if retried else FAILED, now, reason)
        ti.reason = reason
        past.attempts.append(AttemptSlice(try_number, str(ti.state), began, now, reason))
        self.recorder.ti_state(ti)
        self._tell(ti, rules.callbacks(retried))
        if retried:
            ti.retry_delay_override = None
            ti.due = next_retry_at(ti)
            self.simulation.schedule(ti.due, self.driver.mark, ti.run)
            number_next(ti)
        elif ti.run.dag.fail_fast:
            for other in fail_fast(ti.run, ti, now):
                self._stop(other)
                self.recorder.ti_state(other)
        self.driver.ti_ended(ti)

    def _tell(self, ti: TaskInstance, names: tuple[str, ...]) -> None:
        """Have the Dag processor call the callbacks; the executor's event asks only where the task has any."""
        task = facts(ti.run).dag.task_dict[ti.task_id]
        if not (task.on_retry_callback or task.on_failure_callback):
            return
        for name in names:
            failed = self.recorder.callback_failed
            self.simulation.spawn(run_failure_callbacks, ti, failed, name, name="task callback")
