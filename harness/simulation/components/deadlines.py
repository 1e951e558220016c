"""The deadlines of runs: made with them, looked at when they are due, and what is called when they are missed.

A callback is called in the triggerer, or in an executor's worker.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from harness.bridge.callbacks import (
    FAILED,
    IN_DAG_FILE,
    RUNNING,
    is_async,
    relevant,
    run_in_triggerer,
    run_in_worker,
)
from harness.bridge.deadlines import callback_of, clearing_fails, custom_due, interval_of, simple_context
from harness.bridge.explain import explain
from harness.bridge.masking import masked
from harness.bridge.supervisor.capture import TaskLog
from harness.bridge.supervisor.store import facts
from harness.bridge.supervisor.task_context import TaskContext, task_context
from harness.bridge.versions.names import messages_of_callbacks
from harness.kernel import Event, Process, iso
from harness.kernel.instant import BEGINNING, later, to_datetime
from harness.kernel.simulation import LAST
from harness.results.finding import Finding
from harness.results.run import DeadlineResult
from harness.scheduler.dag_runs.deadlines import base_of, meet, miss, requeue
from harness.scheduler.executors import executor_of, slots_taken
from harness.scheduler.model import (
    FINISHED,
    AverageRuntime,
    Custom,
    DagRun,
    Deadline,
    DeadlineAlert,
    FixedDatetime,
    LogicalDate,
    QueuedAt,
)
from harness.simulation.components.executors import Workload
from harness.simulation.components.ports import Loop, Workers
from harness.simulation.components.workers import Attempts
from harness.simulation.record import REPORTED_TO_NOBODY
from harness.text import span_text
from harness.world.entries import DEFAULT_QUEUE

NAMES = {
    QueuedAt: "DAGRUN_QUEUED_AT",
    LogicalDate: "DAGRUN_LOGICAL_DATE",
    FixedDatetime: "FIXED_DATETIME",
    AverageRuntime: "AVERAGE_RUNTIME",
}
UNMADE = {
    "scheduled": "Airflow only logs this: the run goes on without this deadline and those after it",
    "asset_triggered": "correct it: Airflow's scheduler ends with it: where assets trigger a run nothing catches it",
}
"""What Airflow does about a deadline that cannot be made, by type of run."""

_SHOWN = 4


class Deadlines:
    """All deadlines of a simulation.

    Attributes:
        callbacks: those of missed ones.
    """

    def __init__(self, loop: Loop, attempts: Workers) -> None:
        self.store, self.simulation, self.recorder = loop.store, loop.simulation, loop.recorder
        self.callbacks = DeadlineCallbacks(loop, attempts)
        self._due: dict[Deadline, Event] = {}

    def create(self, run: DagRun) -> None:
        """Make the deadlines of a run that was made now.

        A reference that raises leaves the run without its deadline and those after it, as Airflow's loop over them.
        Source: ``SerializedDAG._process_dagrun_deadline_alerts`` (3.3.2).
        """
        run.queued_at = now = self.simulation.now
        if run.run_type == "scheduled":  # one that is simulated ahead of its time: the schedule makes it then
            run.queued_at = max(now, run.run_after)
        broken: str | None = None
        for alert in run.dag.deadlines:
            if broken is None:
                try:
                    deadline = self._made(alert, run)
                except (Exception, SystemExit) as error:
                    broken = self._cannot_make(alert, run, error)
            if broken is not None:
                deadline = Deadline(alert, None, reason=broken)
            run.deadlines.append(deadline)
            self.recorder.deadline(run, deadline, "created", reason=deadline.reason)
            self._watch(deadline, run)

    def _made(self, alert: DeadlineAlert, run: DagRun) -> Deadline:
        store, made_at = self.store, run.queued_at if run.queued_at is not None else self.simulation.now
        interval = interval_of(alert, store)
        if isinstance(alert.reference, Custom):
            due = custom_due(alert, interval, run, store)
            return Deadline(alert, due, interval, reason=None if due is not None else "its reference gave no date")
        base, why = base_of(alert.reference, run, store.runs_of(run.dag.dag_id), made_at)
        if base is None and isinstance(alert.reference, LogicalDate):
            if not run.dag.policies.dateless_runs_have_no_deadline:
                raise ValueError("No matching record found in the database: the run has no logical date")
            message = f"'{run.dag.dag_id}' has a deadline counted from the logical date, and this run has none"
            self._finding(run, "warning", message, "count from DAGRUN_QUEUED_AT")
        if base is None:
            return Deadline(alert, None, interval, reason=why)
        return Deadline(alert, later(base, interval), interval)

    def _cannot_make(self, alert: DeadlineAlert, run: DagRun, error: BaseException) -> str:
        explained = explain(error, None)
        reason = f"{explained.kind}: {explained.message}"
        fix = UNMADE.get(run.run_type, "correct it: Airflow refuses the request that would make this run")
        message = f"'{run.dag.dag_id}': {_described(alert)} raised {reason}"
        self._finding(run, "error", message, fix, explained.where)
        return reason

    def _watch(self, deadline: Deadline, run: DagRun) -> None:
        former = self._due.pop(deadline, None)
        if former is not None:
            former.cancel()
        if deadline.due is not None:
            self._due[deadline] = self.simulation.schedule(deadline.due, self._check, deadline, run, priority=LAST)

    def run_ended(self, run: DagRun) -> None:
        """Have a run that succeeded meet its deadlines."""
        for deadline in meet(run):
            self._due.pop(deadline).cancel()
            self.recorder.deadline(run, deadline, "met")

    def can_clear(self, run: DagRun) -> bool:
        """Whether the installed Airflow can clear a run, which moves its deadlines."""
        error = clearing_fails(run, self.simulation.now)
        if error is None:
            return True
        message = f"'{run.dag.dag_id}' cannot be cleared: Airflow raises {type(error).__name__}: {error}"
        fix = "it fails as long as a deadline counted from DAGRUN_QUEUED_AT is neither met nor missed"
        self._finding(run, "error", message, fix)
        return False

    def requeue(self, run: DagRun) -> None:
        """A run was cleared: some of its deadlines count anew."""
        for deadline in requeue(run, self.simulation.now):
            self.recorder.deadline(run, deadline, "moved")
            self._watch(deadline, run)

    def forget(self) -> None:
        """Have no deadline be due any more: nothing that a run waits for."""
        for event in self._due.values():
            event.cancel()

    def _check(self, deadline: Deadline, run: DagRun) -> None:
        del self._due[deadline]
        if not miss(deadline, self.simulation.now):
            return
        self.recorder.deadline(run, deadline, "missed", run_state=run.state)
        what = f"'{run.dag.dag_id}' missed {_described(deadline.alert)}"
        self._finding(run, "warning", f"{what}, due {iso(deadline.due or BEGINNING)}: {_standing(run)}", None)
        self.callbacks.call(deadline, run)

    def _finding(self, run: DagRun, severity: str, message: str, fix: str | None, where: str | None = None) -> None:
        path, _, line = (where or "").rpartition(":")
        file, at_line = path or str(facts(run).dag.fileloc), int(line) if line else None
        self.recorder.finding(run, Finding("deadline", severity, message, file, at_line, run.dag.dag_id, None, fix))


def deadline_result(deadline: Deadline, run: DagRun) -> DeadlineResult:
    """What became of a deadline."""
    alert, interval, missed_at = deadline.alert, deadline.interval, deadline.missed_at
    return DeadlineResult(
        reference=_name(alert),
        interval=None if interval is None else timedelta(microseconds=interval),
        due=None if deadline.due is None else to_datetime(deadline.due),
        state="none" if deadline.due is None else deadline.state,
        callback=callback_of(deadline, run).path,
        name=alert.name,
        missed_at=None if missed_at is None else to_datetime(missed_at),
        callback_state=deadline.callback_state,
        reason=deadline.reason,
    )


def _standing(run: DagRun) -> str:
    unfinished = [ti.name for ti in run.task_instances.values() if ti.state not in FINISHED]
    more = f" and {len(unfinished) - _SHOWN} more" if len(unfinished) > _SHOWN else ""
    left = f", unfinished: {', '.join(unfinished[:_SHOWN])}{more}" if unfinished else ""
    state = {"success": "had succeeded", "failed": "had failed"}.get(run.state, f"was {run.state}")
    return f"the run {state}{left}"


def _name(alert: DeadlineAlert) -> str:
    return alert.reference.name if isinstance(alert.reference, Custom) else NAMES[type(alert.reference)]


def _described(alert: DeadlineAlert) -> str:
    interval = f"Variable {alert.interval}" if isinstance(alert.interval, str) else span_text(alert.interval)
    return f"deadline {f'{alert.name!r} ' if alert.name else ''}{_name(alert)} + {interval}"


@dataclass(slots=True, eq=False)
class _Call:
    """A callback on its way; its context is of the instant at which the deadline was seen to be missed."""

    deadline: Deadline
    run: DagRun
    callback: Any
    who: TaskContext | None
    context: dict[str, Any]

    @property
    def executor(self) -> str | None:
        """The executor that a synchronous one asks for."""
        name: str | None = getattr(self.callback, "executor", None)
        return name


class DeadlineCallbacks:
    """Callbacks from a deadline that was missed to their end."""

    def __init__(self, loop: Loop, attempts: Workers) -> None:
        self.loop, self.simulation, self.recorder = loop, loop.simulation, loop.recorder
        self.attempts = attempts
        self._pending: list[_Call] = []
        self._queued: list[_Call] = []
        self._begun: list[_Call] = []

    def call(self, deadline: Deadline, run: DagRun) -> None:
        """Have the callback of a missed deadline run. Source: ``Deadline.handle_miss`` (3.3.2)."""
        if not isinstance(self.attempts, Attempts):  # no code runs
            return
        ti = relevant(run, run.state)
        who = None if ti is None else TaskContext(ti, name="deadline's callback", log=TaskLog())
        call = _Call(deadline, run, callback_of(deadline, run), who, simple_context(deadline, run))
        if is_async(call.callback):
            self._state(call, "queued")
            ended = lambda state, output: self._ended(call, state, output)  # noqa: E731
            self.attempts.triggerer.run(lambda: run_in_triggerer(call.callback, call.context, ended), who)
            return
        self._state(call, "pending")
        if who is not None:
            who.may_send = messages_of_callbacks()
        executors = self.loop.limits.executors
        if executors and executor_of(call.executor, executors) is None:
            message = f"a deadline's callback asks for executor '{call.executor}', which is not configured"
            dag, fix = facts(run).dag, "correct executor= of the SyncCallback: Airflow has it wait for ever"
            finding = Finding("deadline", "error", message, str(dag.fileloc), None, dag.dag_id, None, fix)
            self.recorder.finding(run, finding)
            return
        self._pending.append(call)
        self.loop.wake()

    @property
    def given(self) -> Iterator[str | None]:
        """The executor asked for, of every callback that an executor has."""
        return (call.executor for call in (*self._queued, *self._begun))

    def enqueue(self) -> None:
        """Give callbacks to executors that have a slot; they go before tasks.

        Source: ``SchedulerJobRunner._enqueue_executor_callbacks``, ``BaseExecutor._get_workloads_to_schedule`` (3.3.2).
        """
        if not self._pending and not self._queued:
            return
        free = self.loop.limits.parallelism - self.loop.occupancy().executor
        for call in self._pending[: max(free, 0)]:
            self._pending.remove(call)
            self._queued.append(call)
            self._state(call, "queued")
        for call in list(self._queued):
            if self._has_room(call):
                self._queued.remove(call)
                self._begun.append(call)
                self._give(call)

    def _has_room(self, call: _Call) -> bool:
        """Whether its executor runs less than it can; what it has not begun takes a slot, and runs nothing."""
        executors = self.loop.limits.executors
        executor = executor_of(call.executor, executors)
        if executor is None:
            return True
        idle = sum(executor_of(other.executor, executors) is executor for other in self._queued)
        return slots_taken(executor, self.loop.occupancy().executors, executors) - idle < executor.slots

    def _give(self, call: _Call) -> None:
        def start() -> Process:
            return self.simulation.spawn(self._work, call, name="deadline callback")

        self.attempts.workloads.give(Workload(start, call.executor, DEFAULT_QUEUE))

    def _work(self, call: _Call) -> None:
        task_context.set(call.who)
        self._state(call, RUNNING)
        try:
            ended = lambda state, output: self._ended(call, state, output)  # noqa: E731
            run_in_worker(call.callback, call.context, call.run, ended)
        finally:
            self._begun.remove(call)
            self.loop.wake()

    def _ended(self, call: _Call, state: str, output: str) -> None:
        self._state(call, state, output=masked(output))
        if state != FAILED:
            return
        error = call.who.raised if call.who is not None else None
        unknown = isinstance(error, ImportError) and call.callback.path.startswith(IN_DAG_FILE)
        fix = "put it into a module that can be imported where callbacks run: nothing there imports Dag files"
        name = f"a deadline's callback {call.callback.path.rpartition('.')[2]}"
        failure = error or RuntimeError(output)
        self.recorder.callback_failed(call.run, failure, None, name, fix if unknown else REPORTED_TO_NOBODY)

    def _state(self, call: _Call, state: str, **fields: Any) -> None:
        call.deadline.callback_state = state
        self.recorder.deadline(call.run, call.deadline, "callback", state=state, **fields)
