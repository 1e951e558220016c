"""The workers of the oracle: each stretch of a try goes through Airflow's task runner, only `execute` is the act.

A stretch begins as the supervisor begins one (``ti_run``) and ends with ``task_runner.run``: templates, XCom, skipped
downstream tasks, the decision to retry, deferrals and reschedules are the installed Airflow's.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

import psutil
import structlog
from airflow.providers.standard.operators.branch import BaseBranchOperator
from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk.api.datamodels._generated import TaskInstance
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.supervisor import (
    InProcessSupervisorComms,
    InProcessTestSupervisor,
    set_supervisor_comms,
)

from harness.bridge.reference.clock import VirtualClock
from harness.bridge.versions.names import task_exception
from tests.differential.case import Act, Case, TaskCase
from tests.differential.oracle.api import DirectTransport, client


class TryKey(NamedTuple):
    """One try of a task instance."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int


class Stretch(NamedTuple):
    """A try's time in state running, from `ti_run` to the message that ends it."""

    key: TryKey
    ti_id: str
    slot: Any
    ends: dt.datetime
    number: int
    supervisor: Any
    runtime: Any


class Player:
    """Plays acts.

    Args:
        dags: the parsed Dags by id, whose operators the task runner is given.
    """

    def __init__(self, case: Case, dags: Mapping[str, Any], clock: VirtualClock) -> None:
        self.tasks = {(dag.dag_id, task.task_id): task for dag in case.dags for task in dag.tasks}
        self.dags, self.clock = dags, clock
        self.transport = DirectTransport()
        self.client = client(self.transport)
        self.failure: Exception | None = None
        self.ended: dict[TryKey, int] = {}

    def begin(self, workload: Any) -> Stretch:
        """Start a stretch as ``InProcessTestSupervisor.start`` does, up to where the task would run."""
        ti, key = workload.ti, key_of(workload)
        what = TaskInstance(
            id=ti.id, dag_version_id=UUID(str(ti.dag_version_id)), **{name: getattr(key, name) for name in key._fields}
        )
        supervisor = InProcessTestSupervisor(
            id=ti.id,
            pid=os.getpid(),
            process=psutil.Process(),
            process_log=structlog.get_logger(logger_name="task"),
            client=self.client,
        )
        supervisor.comms = InProcessSupervisorComms(supervisor=supervisor)
        supervisor.ti = what
        begun = dt.datetime.now(dt.timezone.utc)
        context = self.client.task_instances.start(ti.id, os.getpid(), begun)
        runtime = task_runner.RuntimeTaskInstance.model_construct(
            **what.model_dump(exclude_unset=True),
            task=self.dags[key.dag_id].task_dict[key.task_id],
            _ti_context_from_server=context,
            max_tries=context.max_tries,
            start_date=begun,
        )
        number = self.ended.get(key, 0)
        ends = self.clock.now + dt.timedelta(seconds=self._length_s(key))
        return Stretch(key, str(ti.id), ti.key, ends, number, supervisor, runtime)

    def end(self, stretch: Stretch) -> None:
        """End a stretch with ``task_runner.run``; whatever the act says is told to the execution API."""
        self.ended[stretch.key] = stretch.number + 1
        with set_supervisor_comms(stretch.supervisor.comms), self._executing(stretch):
            context = stretch.runtime.get_template_context()
            task_runner.run(stretch.runtime, context, structlog.get_logger(logger_name="task"))
            stretch.supervisor.update_task_state_if_needed()
        if self.transport.failure or self.failure:
            raise RuntimeError(f"{stretch.key} could not be played") from self.transport.failure or self.failure

    def wait_after(self, stretch: Stretch) -> int | None:
        """Seconds that this stretch defers for; None when it does not."""
        act = self.act(stretch.key)
        return act.deferred_s if stretch.number == len(act.reschedules_s) and not self._times_out(stretch.key) else None

    def act(self, key: TryKey) -> Act:
        """What the case says of a try: a task of no acts (of kind empty, latest_only) succeeds at once."""
        task = self._task(key)
        acts = task.acts_of.get(key.map_index, task.acts)
        return acts[min(key.try_number, len(acts)) - 1]

    def _task(self, key: TryKey) -> TaskCase:
        return self.tasks[key.dag_id, key.task_id]

    def _times_out(self, key: TryKey) -> bool:
        limit = self._task(key).execution_timeout_s
        return limit is not None and limit < self.act(key).duration_s

    def _length_s(self, key: TryKey) -> int:
        limit = self._task(key).execution_timeout_s
        length = self.act(key).duration_s
        return length if limit is None else min(limit, length)

    @contextmanager
    def _executing(self, stretch: Stretch) -> Iterator[None]:
        """Put the act in place of ``task_runner._execute_task``, which would call the operator's `execute`."""
        original = task_runner._execute_task

        def play(context: Any, ti: Any, log: Any) -> Any:
            return self._play(stretch, context, ti)

        task_runner._execute_task = play
        try:
            yield
        finally:
            task_runner._execute_task = original

    def _play(self, stretch: Stretch, context: Any, ti: Any) -> Any:
        act = self.act(stretch.key)
        if self._times_out(stretch.key):
            raise task_exception("AirflowTaskTimeout")("execution_timeout")
        if stretch.number < len(act.reschedules_s):
            wait = dt.timedelta(seconds=act.reschedules_s[stretch.number])
            raise task_exception("AirflowRescheduleException")(self.clock.now + wait)
        if act.deferred_s is not None and stretch.number == len(act.reschedules_s):
            due = self.clock.now + dt.timedelta(seconds=act.deferred_s)
            raise task_exception("TaskDeferred")(trigger=DateTimeTrigger(moment=due), method_name="resume")
        if act.state != "success":
            raise task_exception(ENDINGS[act.state])("as the case says")
        try:
            return _result(self._task(stretch.key), act, context, ti.task)
        except task_exception("DownstreamTasksSkipped"):
            raise
        except Exception as error:  # no act says so: the task runner must not take it for a task's failure
            self.failure = error
            raise


ENDINGS = {"failed": "AirflowException", "fail": "AirflowFailException", "skipped": "AirflowSkipException"}


def key_of(workload: Any) -> TryKey:
    """The try that a workload is for."""
    return TryKey(*(getattr(workload.ti, name) for name in TryKey._fields))


def _result(task: TaskCase, act: Act, context: Any, operator: Any) -> Any:
    """What a task that succeeds returns; the operators that skip others do it, not what a Dag file made of them."""
    if task.kind == "branch":
        return BaseBranchOperator.do_branch(operator, context, None if act.follows is None else list(act.follows))
    if task.kind == "latest_only":
        return LatestOnlyOperator.execute(operator, context)
    if task.kind == "short_circuit":
        operator.python_callable = lambda: act.follows is None
        return ShortCircuitOperator.execute(operator, context)
    return None if act.returns is None else list(range(act.returns))
