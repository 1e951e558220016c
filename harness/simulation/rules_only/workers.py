"""Workers that run no code: each try comes to what is planned for it, after as long as is planned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.bridge.supervisor.capture import TaskLog
from harness.bridge.supervisor.store import AssetEvent
from harness.bridge.timetables import manual
from harness.kernel import Event, Instant, Simulation, iso
from harness.kernel.instant import BEGINNING, later
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
    TaskState,
)
from harness.scheduler.retries import may_retry, next_retry_at
from harness.scheduler.transitions import fail_fast, number_next
from harness.simulation.components.executors import Workload, Workloads
from harness.simulation.components.launching import Launcher
from harness.simulation.components.ports import WorkersLoop
from harness.simulation.history import AttemptSlice
from harness.simulation.rules_only.plan import (
    FAILS_FOR_GOOD,
    Emitted,
    PlannedSlice,
    PlannedTry,
    TriggeredRun,
    decide,
    forget,
    keep_return,
    skips_now,
)
from harness.simulation.rules_only.planning import Plans


class PlannedWork:
    """A slice of a task instance that a worker has.

    Attributes:
        alive: the worker is not free yet.
        killed: it was ended from outside: nothing of it counts any more.
        begun: whether it runs.
    """

    __slots__ = ("alive", "begun", "end", "killed")

    def __init__(self) -> None:
        self.alive, self.killed, self.begun = True, False, False
        self.end: Event | None = None


class PlannedHistory:
    """What is remembered of a task instance; `harness.simulation.history.History` where code runs.

    One is kept for each, a hundred thousand of them in a small calendar: what no code leaves is the class's.

    Attributes:
        work: what its worker has of it.
        planned: the present try; ``slice`` is the number of the slice that comes, from 0.
    """

    __slots__ = ("attempts", "began", "planned", "running_since", "slice", "stood_in", "stuck", "work", "workload")

    log, rendered = TaskLog(), dict[str, Any]()
    error = process = None
    logged = 0

    def __init__(self) -> None:
        self.attempts: list[AttemptSlice] = []
        self.running_since = BEGINNING
        self.work: PlannedWork | None = None
        self.workload: Workload | None = None
        self.stood_in: str | None = None
        self.new_try()

    def new_try(self) -> None:
        """Forget what belongs to one try."""
        self.began: Instant | None = None
        self.planned: PlannedTry | None = None
        self.slice = self.stuck = 0


def _past(ti: TaskInstance) -> PlannedHistory:
    past: PlannedHistory | None = ti.extra
    if past is None:
        past = ti.extra = PlannedHistory()
    return past


class PlannedAttempts:
    """In the place of `harness.simulation.components.workers.Attempts`: the same changes in the same order.

    Attributes:
        runs_code: False.
    """

    runs_code = False

    def __init__(self, driver: WorkersLoop, plans: Plans) -> None:
        self.driver, self.plans = driver, plans
        self.simulation, self.store, self.recorder = driver.simulation, driver.store, driver.recorder
        self._launcher = Launcher(driver, self._start, lambda _: None)
        self._waits = PlannedWaits(driver.simulation, self._fired)

    def waits(self, ti: TaskInstance) -> bool:
        """Whether its wait has an end."""
        return ti in self._waits

    answers = waits

    def asks(self, ti: TaskInstance) -> str:
        """Until when it waits, in words."""
        return f"waits until {iso(self._waits.until(ti))}" if ti in self._waits else "waits"

    @property
    def workloads(self) -> Workloads:
        """The way to the executors' workers."""
        return self._launcher.workloads

    def launch(self, ti: TaskInstance) -> None:
        """Give an admitted task instance to its executor."""
        if ti.extra is None:
            ti.extra = PlannedHistory()
        self._launcher.launch(ti)

    def new_try(self, ti: TaskInstance) -> None:
        """The next slice of a task instance is of a new try."""
        if ti.extra is not None:
            _past(ti).new_try()

    def defer_at_once(self, ti: TaskInstance) -> bool:
        """Have a scheduled task instance wait for a trigger where it begins with that; whether it does."""
        past = _past(ti)
        planned = past.planned = past.planned or self.plans.of(ti)
        waits = planned.begins_deferred
        if waits is None or past.slice or past.began is not None:
            return False
        ti.state, ti.start = DEFERRED, self.simulation.now
        past.began = ti.start
        self.recorder.ti_state(ti)
        self._waits.start(ti, PlannedSlice(waits=waits))
        return True

    def stop(self, ti: TaskInstance, own: bool = False) -> None:  # noqa: ARG002 - nothing runs that could ask
        """End whatever still works for a task instance that was given a final state from outside."""
        self.driver.waiting.discard(ti)
        self._waits.cancel(ti)
        if ti.extra is None:
            return
        self._launcher.abandon(ti)
        past = _past(ti)
        work, past.work = past.work, None
        if work is not None and not work.killed:
            self._kill(ti, work)

    def _kill(self, ti: TaskInstance, work: PlannedWork) -> None:
        work.killed = True
        if work.end is not None:
            work.end.cancel()
        if ti.start is not None and work.begun:
            self._over(ti, _past(ti), str(ti.state), ti.start)
        self.simulation.schedule(self.simulation.now, self._leave, work)

    def _leave(self, work: PlannedWork) -> None:
        """The worker is free."""
        work.alive = False
        if self.workloads.waiting:
            self.driver.wake()

    # -- a slice ---------------------------------------------------------------------------------------------------

    def _start(self, ti: TaskInstance) -> PlannedWork:
        past = _past(ti)
        work = past.work = PlannedWork()
        self.simulation.schedule(self.simulation.now, self._begin, ti, past, work)
        return work

    def _begin(self, ti: TaskInstance, past: PlannedHistory, work: PlannedWork) -> None:
        now = self.simulation.now
        if work.killed or ti.state != QUEUED:  # it was given another state meanwhile
            self._leave(work)
            return
        work.begun = True
        ti.state, past.stuck, past.running_since = RUNNING, 0, now
        planned = past.planned = past.planned or self.plans.of(ti)
        number = past.slice
        resumes = _waited(planned, number)
        if not resumes:
            ti.start = past.began = now
        ti.end = None
        self.recorder.ti_state(ti)
        if not resumes and past.attempts:
            forget(ti)
        if number == 0:
            for one in planned.triggered:
                self._trigger(ti, one)
        part = planned.slices[number]
        past.slice = number + 1
        if part.lasts or part.ends_late:
            at = later(now, part.lasts)
            work.end = self.simulation.schedule(at, self._end, ti, past, work, planned, part)
        else:
            self._end(ti, past, work, planned, part)

    def _end(
        self, ti: TaskInstance, past: PlannedHistory, work: PlannedWork, planned: PlannedTry, part: PlannedSlice
    ) -> None:
        past.work = work.end = None
        began = past.running_since
        past.stood_in = planned.stood_in
        if part.ends == SUCCESS:
            self._succeed(ti, planned)
        state = ti.state = self._state(ti, part)
        self._after(ti, state, planned, part)
        self._over(ti, past, state, began)
        self.recorder.ti_state(ti)
        if state == UP_FOR_RETRY:
            number_next(ti)
        self.driver.ti_ended(ti)
        self._leave(work)

    def _state(self, ti: TaskInstance, part: PlannedSlice) -> TaskState:
        ends: str = part.ends
        if ends == FAILS_FOR_GOOD:
            return FAILED
        if ends == FAILED:
            return UP_FOR_RETRY if may_retry(ti) else FAILED
        return _STATES[ends]

    def _succeed(self, ti: TaskInstance, planned: PlannedTry) -> None:
        decided = planned.decided
        if decided is not None and ti.task.downstream:
            for other in decide(ti, decided, self.simulation.now):
                self.stop(other)
                self.recorder.ti_state(other)
        if planned.returns and not (decided is not None and skips_now(ti, decided)):
            keep_return(ti, planned.length)

    def _after(self, ti: TaskInstance, state: TaskState, planned: PlannedTry, part: PlannedSlice) -> None:
        now = self.simulation.now
        ti.reason = planned.reason if state in (FAILED, SKIPPED, UP_FOR_RETRY) else None
        if state in (DEFERRED, AWAITING_INPUT):
            self._waits.start(ti, part)
            return
        ti.end = now
        if state == UP_FOR_RETRY:
            ti.retry_delay_override = None
            ti.due = next_retry_at(ti)
            self.simulation.schedule(ti.due, self.driver.mark, ti.run)
        elif state == UP_FOR_RESCHEDULE:
            ti.due = later(now, part.waits)
            self.simulation.schedule(ti.due, self.driver.mark, ti.run)
        elif state == SUCCESS:
            for one in planned.assets or ():
                self._emit(ti, one)
        elif state == FAILED and ti.run.dag.fail_fast:
            for other in fail_fast(ti.run, ti, now):
                self.stop(other)
                self.recorder.ti_state(other)

    def _over(self, ti: TaskInstance, past: PlannedHistory, state: str, began: Instant) -> None:
        """It left its worker, or a trigger ended it."""
        ended = AttemptSlice(ti.try_number, state, began, self.simulation.now, ti.reason)
        past.attempts.append(ended)
        self.recorder.attempt(ti, ended)

    # -- what it does for others -------------------------------------------------------------------------------------

    def _emit(self, ti: TaskInstance, one: Emitted) -> None:
        """Source: ``TaskInstance.register_asset_changes_in_db`` (3.3.2)."""
        store = self.store
        event = AssetEvent(
            len(store.events) + 1,
            one.name,
            one.uri,
            one.group,
            dict(one.extra),
            self.simulation.now,
            ti.run.dag.dag_id,
            ti.task_id,
            ti.run.run_id,
            ti.map_index,
            one.aliases,
        )
        store.events.append(event)
        for alias in one.aliases:
            known = store.alias_assets.setdefault(alias, [])
            if (one.name, one.uri) not in known:
                known.append((one.name, one.uri))
        self.recorder.asset_event(ti, event)
        self.driver.asset_event(event)

    def _trigger(self, ti: TaskInstance, one: TriggeredRun) -> None:
        """Source: ``trigger_dag_run`` of the Execution API; ``TriggerDagRunOperator.execute`` (3.3.2)."""
        store, now = self.store, self.simulation.now
        dag = store.dags.get(one.dag_id)
        if dag is None or store.trigger is None:
            return
        if one.run_id is not None:
            run_id, date, after = one.run_id, one.logical_date, one.run_after
        else:
            date, after = now, now
            while store.dated_run(one.dag_id, date) is not None:
                date = later(date, 1)
            run_id = manual(dag, date).run_id
        taken = date is not None and store.dated_run(one.dag_id, date) is not None
        if taken or store.run(one.dag_id, run_id) is not None:
            return
        run = store.trigger(one.dag_id, run_id, date, after, dict(one.conf))
        self.recorder.run_triggered(ti, run)

    # -- those who wait ----------------------------------------------------------------------------------------------

    def _fired(self, ti: TaskInstance, gives: str | None) -> None:
        """Its wait is over: the task is scheduled again to go on where it left, or is over."""
        if ti.state not in (DEFERRED, AWAITING_INPUT) or ti.run.state != "running":
            return
        if gives is not None:
            self._end_by_trigger(ti, _STATES[gives])
            return
        ti.state, ti.reason = SCHEDULED, None
        self.recorder.ti_state(ti)
        self.driver.scheduled_again(ti)

    def _end_by_trigger(self, ti: TaskInstance, state: TaskState) -> None:
        now = self.simulation.now
        ti.state, ti.end, ti.reason = state, now, "ended by its trigger"
        self._over(ti, _past(ti), state, ti.start or now)
        self.recorder.ti_state(ti)
        self.driver.mark(ti.run)


def _waited(planned: PlannedTry, number: int) -> bool:
    """Whether a slice goes on after a trigger or a person, and so keeps the start of its instance."""
    if number == 0:
        return planned.begins_deferred is not None
    return planned.slices[number - 1].ends in (DEFERRED, AWAITING_INPUT)


_STATES: dict[str, TaskState] = {
    SUCCESS: SUCCESS,
    FAILED: FAILED,
    SKIPPED: SKIPPED,
    UP_FOR_RESCHEDULE: UP_FOR_RESCHEDULE,
    DEFERRED: DEFERRED,
    AWAITING_INPUT: AWAITING_INPUT,
}


class PlannedWaits:
    """In the place of the triggerer and of people: has task instances go on after as long as is planned.

    Those of one instant come behind all that was planned for it before: a triggerer's loop has just planned to wake.
    """

    def __init__(self, simulation: Simulation, fired: Callable[[TaskInstance, str | None], None]) -> None:
        self._simulation, self._fired = simulation, fired
        self._events: dict[TaskInstance, Event] = {}
        self._over: list[tuple[TaskInstance, PlannedSlice]] = []

    def start(self, ti: TaskInstance, part: PlannedSlice) -> None:
        """Have it go on after what its slice waits, or end as its trigger has it."""
        at = later(self._simulation.now, part.waits)
        self._events[ti] = self._simulation.schedule(at, self._due, ti, part)

    def _due(self, ti: TaskInstance, part: PlannedSlice) -> None:
        if not self._over:
            self._simulation.schedule(self._simulation.now, self._fire)
        self._over.append((ti, part))

    def _fire(self) -> None:
        over, self._over = sorted(self._over, key=lambda one: one[1].turn), []
        for ti, part in over:
            if self._events.pop(ti, None) is not None:
                self._fired(ti, part.trigger_gives)

    def cancel(self, ti: TaskInstance) -> None:
        """It does not wait any more."""
        event = self._events.pop(ti, None)
        if event is not None:
            event.cancel()

    def __contains__(self, ti: TaskInstance) -> bool:
        return ti in self._events

    def until(self, ti: TaskInstance) -> Instant:
        """When the wait of one that waits is over."""
        return self._events[ti].at
