"""What is called when deadlines are missed: in the triggerer, or in an executor's worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.bridge.callbacks import relevant
from harness.bridge.deadline_callbacks import (
    FAILED,
    IN_DAG_FILE,
    RUNNING,
    is_async,
    run_in_triggerer,
    run_in_worker,
)
from harness.bridge.deadlines import callback_of, simple_context
from harness.bridge.masking import masked
from harness.bridge.supervisor.capture import TaskLog
from harness.bridge.supervisor.store import facts
from harness.bridge.supervisor.task_context import TaskContext, task_context
from harness.bridge.versions.names import messages_of_callbacks
from harness.kernel import Process
from harness.results.finding import Finding
from harness.scheduler.executors import executor_of, slots_taken
from harness.scheduler.model import DagRun, Deadline
from harness.simulation.components.executors import Workload
from harness.simulation.components.ports import Loop
from harness.simulation.components.workers import Attempts
from harness.simulation.record import REPORTED_TO_NOBODY
from harness.world.entries import DEFAULT_QUEUE


@dataclass(eq=False)
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
        asked: str | None = getattr(self.callback, "executor", None)
        return asked


class DeadlineCallbacks:
    """Callbacks from a deadline that was missed to their end."""

    def __init__(self, loop: Loop, attempts: Attempts) -> None:
        self.loop, self.simulation, self.recorder = loop, loop.simulation, loop.recorder
        self.attempts = attempts
        self._pending: list[_Call] = []
        self._queued: list[_Call] = []
        self._begun: list[_Call] = []

    def call(self, deadline: Deadline, run: DagRun) -> None:
        """Have the callback of a missed deadline run. Source: ``Deadline.handle_miss`` (3.3.2)."""
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
