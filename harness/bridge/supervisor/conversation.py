"""The supervisor's side of the conversation: every message a task may send, answered from memory.

Airflow's own supervisor turns each message into a call of the Execution API
(``ActivitySubprocess._handle_request``, ``request_handlers``); the answers here give what that API gives. A handler is
found by the message's class name, so one module serves 3.1 to 3.3; `answered` lists what a version may send.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog

from harness.bridge.supervisor.capture import RunnerLog
from harness.bridge.supervisor.handlers import Handler, assets, refuse, runs, state, world, xcom
from harness.bridge.supervisor.store import Store
from harness.bridge.supervisor.task_context import TaskContext, current_task_context, task_context
from harness.errors import NoTask
from harness.world.model import World

HANDLERS: Mapping[str, Handler] = {
    **assets.HANDLERS,
    **runs.HANDLERS,
    **state.HANDLERS,
    **world.HANDLERS,
    **xcom.HANDLERS,
}
"""Class name of a message -> what answers it."""

_ASKS = "Get"
"""Messages that only ask carry names of Dags, tasks and keys: they are not worth the time."""

_SENT_BY_TESTS = frozenset(
    {"DeleteVariable", "GetConnection", "GetVariable", "GetVariableKeys", "MaskSecret", "PutVariable"}
)
"""What a test's own code may send, outside of any task."""


def answered() -> frozenset[str]:
    """Class names of all messages that have a handler."""
    return frozenset(HANDLERS)


def sendable() -> frozenset[str]:
    """Class names of the members of the installed version's ``ToSupervisor`` union."""
    from typing import get_args

    from airflow.sdk.execution_time.comms import ToSupervisor

    union = get_args(ToSupervisor)[0]
    return frozenset(member.__name__ for member in get_args(union))


class Supervisor:
    """Stands where ``SUPERVISOR_COMMS`` stands in a worker.

    Attributes:
        fault: an error of the harness itself while it answered; the session raises it.
        task_log: the logger that ``task_runner.main`` makes for its task; one for all.

    Args:
        observe: called with (task context, kind, data) for what belongs in the journal.
    """

    def __init__(self, store: Store, now: Callable[[], Any], observe: Callable[[TaskContext, str, Any], None]) -> None:
        self.store = store
        self.now = now
        self.observe = observe
        self.fault: BaseException | None = None
        self.socket = None  # read by task_runner.main's teardown and by operators that re-exec
        # bound: a lazy one binds at each call
        self.task_log = RunnerLog(structlog.get_logger(logger_name="task").bind(), observe)

    def send(self, msg: Any) -> Any:
        """Answer one message.

        Raises: AirflowRuntimeError: where the Execution API would answer with an error.
        """
        who = current_task_context()
        if who is None:
            raise NoTask(f"{type(msg).__name__} sent from outside a task")
        if who.closed:
            return None
        if who.may_send is not None and type(msg).__name__ not in who.may_send:
            raise refuse("Unhandled request", type(msg).__name__, 400)
        if "xcom-error" in who.faults and "XCom" in type(msg).__name__:
            who.faults["xcom-error"]()
            raise refuse("Internal Server Error", "the store of XComs has a fault of the world", 500)
        if not type(msg).__name__.startswith(_ASKS):
            _over_the_wire(msg)
        try:
            return _handler(msg)(self, msg, who)
        except Exception as error:
            if not isinstance(error, _refusals()):
                self.fault = error  # ours, not the task's: the session stops and says so
            raise

    async def asend(self, msg: Any) -> Any:
        """As `send`, for the asynchronous callers."""
        return self.send(msg)


class SupervisorOfTest(Supervisor):
    """Stands there between the simulations of a test: it answers what concerns connections and variables, whoever asks.

    Args:
        present: see `harness.bridge.environment.in_tests.Present`.
    """

    def __init__(self, present: Callable[[str | None], World]) -> None:
        super().__init__(Store(present(None), {}), lambda: None, lambda *_: None)
        self._present = present
        self._who = TaskContext(ti=None, name="the test", may_send=_SENT_BY_TESTS)  # type: ignore[arg-type]

    def send(self, msg: Any) -> Any:
        """Answer one message. Raises: AirflowRuntimeError: it has its place in a task only."""
        self.store.world = self._present(getattr(msg, "conn_id", None))
        token = task_context.set(self._who)
        try:
            return super().send(msg)
        finally:
            task_context.reset(token)


@contextmanager
def supervisor_comms(comms: Supervisor) -> Iterator[None]:
    """``task_runner.SUPERVISOR_COMMS`` for the block. Source: ``supervisor.set_supervisor_comms`` (3.3.2)."""
    from airflow.sdk.execution_time import task_runner

    missing = object()
    former = getattr(task_runner, "SUPERVISOR_COMMS", missing)
    task_runner.SUPERVISOR_COMMS = comms
    try:
        yield
    finally:
        if former is missing:
            del task_runner.SUPERVISOR_COMMS
        else:
            task_runner.SUPERVISOR_COMMS = former


def _over_the_wire(msg: Any) -> None:
    """A worker writes each message for its supervisor: what cannot be written is an error of the task's, there.

    Such are text with lone surrogates, integers of more than 64 bits, keys that are no text.
    Raises: UnicodeEncodeError, OverflowError, TypeError, NotImplementedError: Airflow's own encoder does.
    Source: ``CommsDecoder.send``, ``_RequestFrame.as_bytes`` (3.1.8 and 3.3.2).
    """
    from airflow.sdk.execution_time.comms import _RequestFrame

    _RequestFrame(id=0, body=vars(msg)).as_bytes()


def _handler(msg: Any) -> Handler:
    name = type(msg).__name__
    if name not in HANDLERS:
        raise NotImplementedError(f"the installed Airflow sends {name}, which the harness cannot answer")
    return HANDLERS[name]


def _refusals() -> tuple[type[Exception], ...]:
    from airflow.sdk.exceptions import AirflowRuntimeError

    return (AirflowRuntimeError,)
