"""What stands around Airflow's task runner for the length of a simulation; all of it is put back.

Each name that is replaced, with its reason, stands in the table of patches (`harness.bridge.patches.inventory.table`).
"""

from __future__ import annotations

import copy
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from greenlet import GreenletExit

from harness.bridge.patches import replaced
from harness.bridge.patches.exits import WorkerExited, exits_of_tasks
from harness.bridge.patches.faults import Striking, with_faults
from harness.bridge.patches.full_disk import full_disks
from harness.bridge.patches.roundtrip import remembers_pushed
from harness.bridge.patches.shortcuts import shortcuts
from harness.bridge.standins.playing import StandIns
from harness.bridge.supervisor.task_context import TaskContext, current_task_context
from harness.bridge.versions.names import task_exception
from harness.kernel import SECOND, Event, Process, ProcessKilled, Simulation, seconds
from harness.kernel.instant import Instant, later, to_instant
from harness.scheduler.model import TaskInstance

HOSTNAME = "airflow-harness"
TASK_RUNNER = "airflow.sdk.execution_time.task_runner"


class VirtualTimeout:
    """``airflow.sdk.execution_time.timeout.timeout`` over a simulation process."""

    simulation: Simulation

    def __init__(self, seconds: float = 1, error_message: str = "Timeout") -> None:
        self.seconds, self.error_message = seconds, error_message
        self._event: Event | None = None
        self._process: Process | None = None
        self._is_the_tasks = False

    def __enter__(self) -> VirtualTimeout:
        simulation = self.simulation
        self._is_the_tasks = sys._getframe(1).f_globals.get("__name__") == TASK_RUNNER
        self._process = simulation.current
        if self._process is not None:
            at = later(simulation.now, seconds(self.seconds))
            self._event = simulation.schedule(at, self._strike)
            self._process.real_deadline = self._process.running_seconds() + self.seconds
            simulation.arm_watchdog(self._process)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._event is not None:
            self._event.cancel()
        if self._process is not None:
            self.simulation.disarm_watchdog()
            self._process.real_deadline = None
            self.simulation.arm_watchdog(self._process)  # it may have an alarm of its own
            if self._is_the_tasks and kind is task_exception("AirflowTaskTimeout"):
                self._process.shielded = True  # ``on_kill`` comes next; until the end of `execute_task`

    def _strike(self) -> None:
        assert self._process is not None
        self.simulation.interrupt(self._process, timed_out(self.seconds))


def timed_out(limit_s: float | None) -> BaseException:
    """The exception of an ``execution_timeout``."""
    text = f"Timeout: execution_timeout of {limit_s:g} s is over" if limit_s else "Timeout"
    error: BaseException = task_exception("AirflowTaskTimeout")(text)
    return error


def overran(process: Process) -> BaseException:
    """The same for code that computed past its limit without ever waiting."""
    limit_s = process.real_deadline
    process.real_deadline = None
    return timed_out(limit_s)


@contextmanager
def patched(
    simulation: Simulation,
    stand_ins: StandIns,
    duration_of: Callable[[TaskInstance], int | None],
    striking: Striking,
) -> Iterator[None]:
    """Replace what stands in the table of patches for the block."""
    from airflow.sdk.bases.xcom import BaseXCom
    from airflow.sdk.execution_time import task_runner, timeout

    timeout_class = type("SimulatedTimeout", (VirtualTimeout,), {"simulation": simulation})
    execute = _around_execute(task_runner._execute_task, simulation, stand_ins, duration_of)
    execute = with_faults(execute, simulation, striking, _last)
    changes: list[tuple[Any, str, Any]] = [
        (timeout, "timeout", timeout_class),
        (task_runner, "_execute_task", execute),
        (task_runner, "get_hostname", lambda: HOSTNAME),
        (task_runner, "process_params", _apart(task_runner.process_params)),
        (signal, "signal", _without_sigterm(signal.signal)),
        (BaseXCom, "serialize_value", staticmethod(remembers_pushed(BaseXCom.serialize_value))),
    ]
    changes += shortcuts()
    sensor = sys.modules.get("airflow.sdk.bases.sensor")
    if sensor is not None:
        changes.append((sensor, "time", _SensorTime(simulation)))
    latest_only = sys.modules.get("airflow.providers.standard.operators.latest_only")
    if latest_only is not None:
        changes.append((latest_only, "pendulum", _LatePendulum()))
    trigger_dagrun = sys.modules.get("airflow.providers.standard.operators.trigger_dagrun")
    if trigger_dagrun is not None:
        changes.append((trigger_dagrun, "timezone", _DistinctInstants(trigger_dagrun.timezone)))
    notifier = sys.modules.get("airflow.sdk.bases.notifier")
    if notifier is not None:
        changes.append((notifier.BaseNotifier, "__call__", _copied(notifier.BaseNotifier.__call__)))
    if striking.fills_disks:
        changes += full_disks()
    with replaced(changes), exits_of_tasks(simulation):
        yield


def _apart(original: Callable[..., Any]) -> Callable[..., Any]:
    """``process_params`` on copies of the params, so that a run's values do not reach the next run."""

    def process_params(dag: Any, task: Any, *args: Any, **kwargs: Any) -> Any:
        shared = [(holder, holder.params) for holder in (dag, task) if holder.params]
        for holder, params in shared:
            holder.params = copy.deepcopy(params)
        try:
            return original(dag, task, *args, **kwargs)
        finally:
            for holder, params in shared:
                holder.params = params

    return process_params


def _copied(original: Callable[..., Any]) -> Callable[..., Any]:
    """``BaseNotifier.__call__`` on a copy, one for each attempt of a task.

    It renders its templates in place and may keep a hook: what it tells of one task is not what it tells of the next.
    """

    def call(self: Any, *args: Any) -> Any:
        who = current_task_context()
        copies = {} if who is None else who.notifiers
        if id(self) not in copies:
            copies[id(self)] = copy.copy(self)
        return original(copies[id(self)], *args)

    return call


def _without_sigterm(original: Callable[..., Any]) -> Callable[..., Any]:
    def install(number: int, handler: Any) -> Any:
        caller = sys._getframe(1).f_globals.get("__name__")
        if number == signal.SIGTERM and caller == TASK_RUNNER:
            return None  # ``run`` does not ask what stood there
        return original(number, handler)

    return install


class _SensorTime:
    """The time module for poking sensors: their clock, once started, is a microsecond late."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def monotonic(self) -> float:
        """Virtual seconds since the sensor first asked."""
        who, now = current_task_context(), self._simulation.now
        if who is None:
            return time.monotonic()
        if who.timed_from is None:
            who.timed_from = now
            return 0.0
        return (now - who.timed_from + 1) / SECOND


class _LatePendulum:
    """The pendulum module, its ``now`` a microsecond later."""

    def __getattr__(self, name: str) -> Any:
        import pendulum

        return getattr(pendulum, name)

    def now(self, *args: Any) -> Any:
        import pendulum

        return pendulum.now(*args).add(microseconds=1)


class _DistinctInstants:
    """The module ``timezone`` whose ``utcnow`` is never the same twice."""

    def __init__(self, timezone: Any) -> None:
        self._timezone = timezone
        self._last: datetime | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._timezone, name)

    def utcnow(self) -> datetime:
        """Now, and as many microseconds more as were asked for at this instant."""
        now: datetime = self._timezone.utcnow()
        self._last = max(now, self._last or now) + timedelta(microseconds=1)
        return self._last


def _around_execute(
    original: Callable[..., Any],
    simulation: Simulation,
    stand_ins: StandIns,
    duration_of: Callable[[TaskInstance], int | None],
) -> Callable[..., Any]:
    """``_execute_task`` with what stands in the operator's place, the try lasting as long as declared.

    A task that comes back from a deferral goes on with the method that it deferred to. A try that is rescheduled or
    deferred goes on later: the declared duration counts from its first start, its waits among it, and is held where the
    try ends. Calendars without code go by the same rule.
    """

    def execute_task(*args: Any, **kwargs: Any) -> Any:
        who = current_task_context()
        if who is None:
            return original(*args, **kwargs)
        began, chosen, lasts = simulation.now, stand_ins.of(who.ti), duration_of(who.ti)
        if chosen is not None and chosen.takes is not None:
            lasts = chosen.takes
        try:
            if chosen is not None and kwargs["ti"]._ti_context_from_server.next_method is None:
                stand_ins.put_in_place(chosen, who, kwargs["ti"].task, began)
            return original(*args, **kwargs)
        finally:
            if simulation.current is not None:
                simulation.current.shielded = False
            if lasts is not None and not isinstance(sys.exc_info()[1], _not_its_end()):
                _last(simulation, who, began, later(_first_start(who, began), lasts))

    return execute_task


def _first_start(who: TaskContext, began: Instant) -> Instant:
    """When the try began: before it was rescheduled, or deferred."""
    return began if who.first_reschedule is None else later(to_instant(who.first_reschedule), 1)


def _not_its_end() -> tuple[type[BaseException], ...]:
    """What ends a task before its declared duration is over, or has it go on later."""
    return (
        task_exception("TaskDeferred"),
        task_exception("AirflowRescheduleException"),
        ProcessKilled,
        GreenletExit,
        GeneratorExit,
        WorkerExited,
        KeyboardInterrupt,
        task_exception("AirflowTaskTimeout"),
    )


def _last(simulation: Simulation, who: TaskContext, began: Instant, ends: Instant) -> None:
    """Hold the rest of a declared duration; past ``execution_timeout`` it ends as Airflow ends it."""
    rest, limit = ends - simulation.now, who.execution_timeout
    if rest <= 0:
        return
    if limit is None or ends - began <= limit:
        simulation.hold(rest, f"declared duration, {rest / SECOND:g} s")
        return
    simulation.hold(max(began + limit - simulation.now, 0), "declared duration")
    raise timed_out(limit / SECOND)
