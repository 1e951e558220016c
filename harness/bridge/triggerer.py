"""The triggerer: one process, one event loop, every deferred task's real trigger as an asyncio task on it."""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from harness.bridge.operators import argument, class_of, subject_of
from harness.bridge.patches.exits import WorkerExited
from harness.bridge.runtime import TRIGGER_FAIL, AttemptRequest, Resume, runtime_instance
from harness.bridge.supervisor.capture import TaskLog
from harness.bridge.supervisor.store import Store, facts
from harness.bridge.supervisor.task_context import TaskContext, task_context
from harness.bridge.versions import names
from harness.bridge.versions.names import attribute
from harness.kernel import SECOND, Event, Process, Simulation, span, to_datetime
from harness.kernel.event_loop import VirtualEventLoop
from harness.kernel.instant import later
from harness.scheduler.model import TaskInstance, TaskState
from harness.world.entries import TriggerAnswer
from harness.world.pattern import speaking

if TYPE_CHECKING:
    from airflow.sdk.types import Operator

Fired = Callable[[TaskInstance, "Resume | EndedByTrigger"], None]


class Triggerer:
    """Runs triggers in virtual time.

    Args:
        fired: called once per deferral, at the virtual instant of the event, with how the task goes on.
    Source: ``TriggerRunner.create_triggers``/``run_trigger``, ``Trigger.submit_event``/``submit_failure`` (3.3.2). A
        trigger that blocks (``time.sleep``) blocks the others, as in production.
    """

    def __init__(self, simulation: Simulation, store: Store, fired: Fired) -> None:
        self._simulation = simulation
        self._deferrals: dict[tuple[TaskInstance, int], int] = {}
        self._store = store
        self._fired = fired
        self._loop: VirtualEventLoop | None = None
        self._process: Process | None = None
        self._waiting: list[Callable[[], None]] = []
        self._deferred: dict[TaskInstance, Any] = {}  # messages whose trigger has not been made
        self._tasks: dict[TaskInstance, asyncio.Task[None]] = {}
        self._timeouts: dict[TaskInstance, Event] = {}
        self._callbacks: set[asyncio.Task[None]] = set()

    def start(self, ti: TaskInstance, message: Any, log: TaskLog) -> None:
        """Run the trigger of a ``DeferTask`` message; its timeout counts from now."""
        self._forget_timeout(ti)
        if message.trigger_timeout is not None:
            at = later(self._simulation.now, span(message.trigger_timeout))
            self._timeouts[ti] = self._simulation.schedule(at, self._time_out, ti)
        self._deferred[ti] = message
        self._post(lambda: self._create(ti, message, log))

    def begins(self, ti: TaskInstance) -> StartFromTrigger | None:
        """The deferral a task instance begins with, by the world or its operator; None: it begins on a worker."""
        task = facts(ti.run).dag.task_dict[ti.task_id]
        triggers = self._store.world.triggers
        text = speaking(triggers, *subject_of(ti)) if triggers else None
        method = None if text is None else triggers[text][0].resumes
        return starts_from_trigger(task) if method is None else answered_from_the_start(task, method)

    def cancel(self, ti: TaskInstance) -> None:
        """Stop the trigger of a task instance that no longer waits for it."""
        self._forget_timeout(ti)
        self._deferred.pop(ti, None)
        task = self._tasks.pop(ti, None)
        if task is not None:
            self._post(lambda: (task.cancel(), None)[1])

    def run(self, work: Callable[[], Coroutine[Any, Any, None]], who: TaskContext | None) -> None:
        """Run a coroutine that no task instance waits for: an asynchronous callback."""

        def begin() -> None:
            assert self._loop is not None
            context = contextvars.copy_context()
            context.run(task_context.set, who)
            task = context.run(self._loop.create_task, work())
            self._callbacks.add(task)
            task.add_done_callback(self._callbacks.discard)

        self._post(begin)

    def waiting(self) -> list[TaskInstance]:
        """Task instances whose trigger has not fired."""
        return [*self._deferred, *self._tasks]

    @property
    def lives(self) -> bool:
        """Whether its process has begun: from then on it waits for triggers."""
        return self._process is not None and self._process.alive

    @property
    def is_idle(self) -> bool:
        """Whether no trigger and no callback is with it."""
        return not (self._waiting or self._deferred or self._tasks or self._callbacks)

    def begin(self) -> None:
        """Have its process begin before there is a trigger."""
        self._post(lambda: None)

    def _post(self, work: Callable[[], None]) -> None:
        if self._process is None or not self._process.alive:
            self._waiting.append(work)
            self._process = self._simulation.spawn(self._main, name="triggerer")
        elif self._loop is None:
            self._waiting.append(work)
        else:
            self._loop.call_soon(work)
            self._simulation.wake(self._process)

    def _main(self) -> None:
        self._loop = loop = VirtualEventLoop(parks_at_once=True)
        asyncio.set_event_loop(loop)
        for work in self._waiting:
            loop.call_soon(work)
        self._waiting.clear()
        try:
            loop.run_forever()
        finally:
            self._deferred.clear()
            self._tasks.clear()
            self._callbacks.clear()
            loop.close()
            self._loop = None

    def _create(self, ti: TaskInstance, message: Any, log: TaskLog) -> None:
        assert self._loop is not None
        if self._deferred.get(ti) is not message:  # cancelled before it began
            return
        del self._deferred[ti]
        who = TaskContext(ti, name=f"trigger of {ti.task_id}", log=log)
        context = contextvars.copy_context()
        context.run(task_context.set, who)
        self._tasks[ti] = context.run(self._loop.create_task, self._run(ti, message))

    async def _run(self, ti: TaskInstance, message: Any) -> None:
        try:
            event = await self._first_event(ti, message)
        except asyncio.CancelledError:
            if self._tasks.get(ti) is asyncio.current_task():  # nobody of ours did it; Airflow drops such a trigger
                del self._tasks[ti]
                ti.reason = "its trigger was cancelled from inside and will never fire"
            raise
        except (Exception, SystemExit, WorkerExited) as error:  # asyncio would let SystemExit end all of us
            self._done(ti, failed("Trigger failure", error))
        else:
            self._done(ti, ended(event) or Resume(message.next_method, with_event(message.next_kwargs, event.payload)))

    def _answer(self, ti: TaskInstance) -> TriggerAnswer | None:
        """What the world says instead of a trigger, at this deferral of the present try; None where it really runs."""
        triggers = self._store.world.triggers
        if not triggers:
            return None
        text = speaking(triggers, *subject_of(ti))
        if text is None:
            return None
        number = self._deferrals[ti, ti.try_number] = self._deferrals.get((ti, ti.try_number), 0) + 1
        return triggers[text][min(number, len(triggers[text])) - 1]

    async def _first_event(self, ti: TaskInstance, message: Any) -> Any:
        answer = self._answer(ti)
        if answer is not None:
            await asyncio.sleep(answer.after / SECOND)
            if answer.raises is not None:
                raise RuntimeError(answer.raises)
            return Answered(answer.event)
        trigger = inflate(message)
        task = facts(ti.run).dag.task_dict[ti.task_id]
        trigger.task_instance = runtime_instance(AttemptRequest(ti), task, to_datetime(self._simulation.now))
        render = attribute(trigger, "render_template_fields")
        if isinstance(message, StartFromTrigger) and render is not None:
            render(context=trigger.task_instance.get_template_context())
        events = trigger.run()
        try:
            async for event in events:
                return event
        finally:
            await events.aclose()
            await trigger.cleanup()
        raise RuntimeError("Trigger exited without sending an event")

    def _time_out(self, ti: TaskInstance) -> None:
        """Source: ``SchedulerJobRunner.check_trigger_timeouts`` (3.3.2)."""
        if ti in self._tasks or ti in self._deferred:
            self.cancel(ti)
            self._fired(ti, Resume(TRIGGER_FAIL, encode({"error": "Trigger timeout"})))

    def _forget_timeout(self, ti: TaskInstance) -> None:
        """Airflow overwrites ``trigger_timeout`` at every deferral: an ended one must not strike the next."""
        timeout = self._timeouts.pop(ti, None)
        if timeout is not None:
            timeout.cancel()

    def _done(self, ti: TaskInstance, resume: Resume | EndedByTrigger) -> None:
        self._forget_timeout(ti)
        if self._tasks.pop(ti, None) is not None:
            self._fired(ti, resume)


@dataclass
class Answered:
    """An event that the world gives in a trigger's place; it has what is asked of a ``TriggerEvent``."""

    payload: object


@dataclass
class EndedByTrigger:
    """A trigger's word that its task is over (``TaskSuccessEvent`` and its kin): no worker is needed any more."""

    state: TaskState
    xcoms: dict[str, Any]


@dataclass
class StartFromTrigger:
    """The deferral of an operator that begins in the triggerer; the names are a ``DeferTask`` message's."""

    classpath: str
    trigger_kwargs: dict[str, Any]
    trigger_timeout: timedelta | None
    next_method: str
    next_kwargs: dict[str, Any]


def starts_from_trigger(task: Operator) -> StartFromTrigger | None:
    """The deferral an operator begins with, None for one that begins on a worker.

    Source: ``TaskInstance.defer_task`` (3.3.2): its ``execution_timeout`` bounds the trigger's.
    """
    arguments = getattr(task, "start_trigger_args", None)
    if arguments is None or getattr(task, "start_from_trigger", False) is not True:
        return None
    limits = [limit for limit in (arguments.timeout, task.execution_timeout) if limit is not None]
    return StartFromTrigger(
        arguments.trigger_cls,
        as_sent(arguments.trigger_kwargs or {}),
        min(limits, default=None),
        arguments.next_method,
        as_sent(arguments.next_kwargs or {}),
    )


def answered_from_the_start(task: Operator, method: str) -> StartFromTrigger:
    """The deferral of a task whose trigger the world answers before anything of it runs.

    Args:
        method: that goes on with the event.
    Source: ``timeout`` of a sensor bounds its trigger, where its own code defers (`GCSObjectExistenceSensor.execute`,
        google 18).
    """
    limits = [argument(task, "execution_timeout")]
    if any(one.__name__ == "BaseSensorOperator" for one in class_of(task).__mro__):
        timeout = argument(task, "timeout")
        limits.append(timedelta(seconds=timeout) if isinstance(timeout, (int, float)) else timeout)
    of = f"{TriggerAnswer.__module__}.{TriggerAnswer.__qualname__}"
    return StartFromTrigger(of, {}, min((one for one in limits if one is not None), default=None), method, {})


def ended(event: Any) -> EndedByTrigger | None:
    """What an event that ends its task says. Source: ``BaseTaskEndEvent.handle_submit`` (3.3.2)."""
    state = getattr(event, "task_instance_state", None)
    if state is None:
        return None
    return EndedByTrigger(cast("TaskState", str(getattr(state, "value", state))), dict(event.xcoms or {}))


def failed(reason: str, error: BaseException) -> Resume:
    """The resumption that makes the task fail, so that its callbacks run."""
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return Resume(TRIGGER_FAIL, encode({"error": reason, "traceback": lines}))


def inflate(message: Any) -> Any:
    """A trigger from its class path and serialised arguments. Source: ``Trigger._decrypt_kwargs`` (3.3.2)."""
    module, _, name = message.classpath.rpartition(".")
    kind = getattr(importlib.import_module(module), name)
    return kind(**decode(message.trigger_kwargs))


def with_event(next_kwargs: Any, payload: Any) -> dict[str, Any]:
    """The arguments of the resumed method, the event among them. Source: ``handle_event_submit`` (3.3.2)."""
    return encode({**decode(next_kwargs or {}), "event": payload})


def as_sent(data: dict[str, Any]) -> dict[str, Any]:
    """Arguments as a ``DeferTask`` message holds them: serialised from 3.2 on, plain before."""
    return data if names.serde() is None else encode(data)


def decode(data: Any) -> dict[str, Any]:
    """Arguments as the worker wrote them: ``airflow.sdk.serde`` from 3.2 on, ``BaseSerialization`` before."""
    serde = names.serde()
    if serde is None:
        from airflow.serialization.serialized_objects import BaseSerialization

        plain: dict[str, Any] = BaseSerialization.deserialize(BaseSerialization.serialize(data))
        return plain
    found: dict[str, Any] = serde.deserialize(data)
    return found


def encode(data: dict[str, Any]) -> dict[str, Any]:
    """Arguments as the worker reads them."""
    serde = names.serde()
    if serde is None:
        from airflow.serialization.serialized_objects import BaseSerialization

        old: dict[str, Any] = BaseSerialization.serialize(data)
        return old
    made: dict[str, Any] = serde.serialize(data)
    return made
