"""The scheduler's loop and its workers over plain data: tasks do what they are told, and no Airflow is near."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from harness.bridge.runtime import AttemptOutcome, AttemptRequest, Resume
from harness.bridge.supervisor.store import RunFacts, Store
from harness.bridge.supervisor.task_context import TaskContext
from harness.kernel import SECOND, Instant, Simulation
from harness.ledger.journal import NoJournal
from harness.scheduler.mapping import create_instances
from harness.scheduler.model import Dag, DagRun, TaskInstance
from harness.scheduler.queueing import Limits, PoolSlots
from harness.simulation import record
from harness.simulation.components import people, scheduler_loop, workers
from harness.simulation.components.scheduler_loop import Driver
from harness.simulation.environment import Interruption
from harness.simulation.record import Recorder
from harness.world import World
from tests.unit.scheduler.scheduler_builders import NOW


@dataclass(frozen=True)
class Act:
    """One stretch of a task in a worker.

    Attributes:
        seconds: of virtual time.
        state: in which it ends. message: with which it says so.
    """

    seconds: int = 60
    state: str = "success"
    message: Any = None
    error: BaseException | None = None


class Triggers:
    """In the place of the triggerer: fires when a test has it fire."""

    def __init__(self) -> None:
        self.started: list[TaskInstance] = []
        self.cancelled: list[TaskInstance] = []

    def start(self, ti: TaskInstance, message: Any, log: Any) -> None:
        self.started.append(ti)

    def begins(self, ti: TaskInstance) -> None:
        """No task begins with a trigger."""

    def cancel(self, ti: TaskInstance) -> None:
        self.cancelled.append(ti)

    def waiting(self) -> list[TaskInstance]:
        return [ti for ti in self.started if ti not in self.cancelled]


@dataclass
class Calendar:
    """In the place of who makes runs; ``due`` tells what each question for due runs is answered."""

    due: list[bool] = field(default_factory=list)
    asked: int = 0
    ended: list[tuple[str, str, str | None]] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)

    def make_due(self) -> bool:
        self.asked += 1
        return self.due.pop(0) if self.due else False

    def run_ended(self, run: DagRun, reason: str | None) -> None:
        self.ended.append((run.run_id, run.state, reason))

    def asset_event(self, event: Any) -> None:
        self.events.append(event)


class Play:
    """A simulation that begins at `NOW`.

    Attributes:
        acts: by task id, what its stretches do in turn; the last one is done again and again.
        requests: what each stretch was told.
        called: Dag callbacks, as (run_id, whether it succeeded, reason).
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, parallelism: int = 32, **limits: Any) -> None:
        self.simulation = Simulation(NOW)
        self.store = Store(World(), {})
        self.recorder = Recorder(NoJournal(), None, None)
        self.recorder.simulation = self.simulation
        pools = {"default_pool": PoolSlots("default_pool", 128), **limits.pop("pools", {})}
        self.interruption = Interruption()
        self.driver = Driver(
            self.simulation, self.store, Limits(parallelism, pools, **limits), self.recorder, self.interruption
        )
        self.triggers = Triggers()
        self.attempts: Any = self.driver.attempts
        self.attempts.triggerer = self.triggers
        self.acts: dict[str, list[Act]] = {}
        self.requests: list[AttemptRequest] = []
        self.called: list[tuple[str, bool, str | None]] = []
        monkeypatch.setattr(record, "masked", lambda value, *_: value)  # what is masked is asked of Airflow
        monkeypatch.setattr(people, "with_event", lambda given, event: {**(given or {}), "event": event})
        monkeypatch.setattr(workers, "run_attempt", self._attempt)
        monkeypatch.setattr(scheduler_loop, "run_dag_callbacks", self._call)

    def _attempt(self, supervisor: Any, request: AttemptRequest, now: Instant, quiet: Any) -> AttemptOutcome:
        self.requests.append(request)
        acts = self.acts.get(request.ti.task_id) or [Act()]
        act = acts.pop(0) if len(acts) > 1 else acts[0]
        if act.seconds:
            self.simulation.hold(act.seconds * SECOND)
        return AttemptOutcome(act.state, act.message, act.error, TaskContext(request.ti, request.ti.name))

    def _call(self, run: DagRun, success: bool, reason: str | None, failed: Any) -> None:
        self.called.append((run.run_id, success, reason))

    def add(self, dag: Dag, run_id: str = "r", **fields: Any) -> DagRun:
        """A queued run, told to the driver; its dates are `NOW` unless given."""
        operator = SimpleNamespace(on_failure_callback=None, _is_sensor=False)
        real = SimpleNamespace(
            dag_id=dag.dag_id,
            fileloc="dags/d.py",
            task_dict={
                name: SimpleNamespace(**{**vars(operator), "_is_sensor": "sensor" in name}) for name in dag.tasks
            },
            on_success_callback=None,
            on_failure_callback=None,
        )
        given: dict[str, Any] = {
            "run_type": "scheduled",
            "logical_date": NOW,
            "data_interval_start": NOW,
            "data_interval_end": NOW,
            "run_after": NOW,
        }
        run = DagRun(dag, run_id, **{**given, **fields}, extra=RunFacts(real))  # type: ignore[arg-type]
        create_instances(run)
        self.driver.add(run)
        return run

    def until(self, seconds: float | None = None) -> None:
        """Go on until so many seconds after the begin, or until nothing is left to happen."""
        at = None if seconds is None else NOW + round(seconds * SECOND)
        if at is not None:
            self.simulation.schedule(at, int)  # so that it is that instant then
        self.simulation.run_until(at)

    def resume(self, ti: TaskInstance, method: str = "go_on") -> None:
        """Have a deferred task instance's trigger fire."""
        self.attempts._fired(ti, Resume(method, {}))

    def told(self, run: DagRun, *states: str | None) -> list[tuple[float, str, str | None]]:
        """(seconds after the begin, task, state) of what happened in a run; of these states, or all of them."""
        events = self.recorder.events[run]
        return [((at - NOW) / SECOND, name, state) for at, name, state in events if not states or state in states]


def length(run: DagRun) -> float:
    """Seconds from a run's start to its end."""
    assert run.start is not None
    assert run.end is not None
    return (run.end - run.start) / SECOND
