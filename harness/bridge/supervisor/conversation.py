"""The supervisor's side of the conversation: every message a task may send, answered from memory.

Airflow's own supervisor turns each message into a call of the Execution API
(``ActivitySubprocess._handle_request``, ``request_handlers``); the answers here give what that API gives. A handler is
found by the message's class name, so one module serves 3.1 to 3.3; `answered` lists what a version may send.

Child processes, of virtualenv and external-Python operators, speak to it over a descriptor. Such a child runs
``reinit_supervisor_comms`` first: it finds the socket by ``__AIRFLOW_SUPERVISOR_FD``, asks for a log pipe, then sends a
task's messages. The requests are answered by the same `Supervisor`, in the name of the task whose child it is. The
child's clock is the real one: it is another process.

Source of that: ``InProcessTestSupervisor._setup_subprocess_socket``, ``WatchedSubprocess.handle_requests`` (3.3.2).
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import structlog

from harness.bridge.operators import class_of
from harness.bridge.supervisor.capture import RunnerLog
from harness.bridge.supervisor.handlers import Handler, assets, refuse, runs, state, world, xcom
from harness.bridge.supervisor.store import Store
from harness.bridge.supervisor.task_context import TaskContext, current_task_context, task_context
from harness.errors import NoTask
from harness.kernel.threads.waits import real_join, real_start
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

_DESCRIPTOR = "__AIRFLOW_SUPERVISOR_FD"
_HEADER_BYTES = 4


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
        overhear: called with each message of a task before it is answered.

    Args:
        observe: called with (task context, kind, data) for what belongs in the journal.
    """

    def __init__(self, store: Store, now: Callable[[], Any], observe: Callable[[TaskContext, str, Any], None]) -> None:
        self.store = store
        self.now = now
        self.observe = observe
        self.fault: BaseException | None = None
        self.overhear: Callable[[TaskContext, Any], None] | None = None
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
        if self.overhear is not None:
            self.overhear(who, msg)
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


def starts_children(task: Any) -> bool:
    """Whether an operator runs its callable in a child that speaks to the supervisor."""
    return hasattr(class_of(task), "_execute_python_callable_in_subprocess")


@contextmanager
def child_socket(supervisor: Supervisor, who: TaskContext) -> Iterator[None]:
    """Answer the children of one attempt for the block."""
    ours, theirs = socket.socketpair()
    os.set_inheritable(theirs.fileno(), True)
    os.environ[_DESCRIPTOR] = str(theirs.fileno())
    thread = threading.Thread(target=_serve, args=(supervisor, who, ours), daemon=True, name="child comms")
    real_start(thread)
    try:
        yield
    finally:
        os.environ.pop(_DESCRIPTOR, None)
        theirs.close()
        _hang_up(ours)
        real_join(thread, 1)


def _hang_up(connection: socket.socket) -> None:
    """Close a socket that a thread may be reading from."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def _serve(supervisor: Supervisor, who: TaskContext, connection: socket.socket) -> None:
    from airflow.sdk.execution_time.comms import ToSupervisor
    from msgspec import msgpack
    from pydantic import TypeAdapter

    task_context.set(who)
    requests: TypeAdapter[Any] = TypeAdapter(ToSupervisor)
    while True:
        frame = _frame_of(connection)
        if frame is None:
            return
        number, body, *_ = msgpack.decode(frame)
        message = requests.validate_python(body)
        if type(message).__name__ == "ResendLoggingFD":
            _send_log_descriptor(connection, number, who)
        else:
            _send_frame(connection, _answered_child(supervisor, number, message))


def _answered_child(supervisor: Supervisor, number: int, message: Any) -> bytes:
    from airflow.sdk.exceptions import AirflowRuntimeError
    from msgspec import msgpack

    try:
        answer = supervisor.send(message)
    except AirflowRuntimeError as error:
        return msgpack.encode([number, None, error.error.model_dump(mode="json")])
    body = None if answer is None else answer.model_dump(mode="json", by_alias=True, exclude_unset=False)
    return msgpack.encode([number, body, None])


def _frame_of(connection: socket.socket) -> bytes | None:
    """One length-prefixed frame, None at the end of the conversation."""
    header = _exactly(connection, _HEADER_BYTES)
    return None if header is None else _exactly(connection, int.from_bytes(header, "big"))


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        try:
            chunk = connection.recv(size - len(data))
        except OSError:
            return None
        if not chunk:
            return None
        data += chunk
    return data


def _send_frame(connection: socket.socket, body: bytes) -> None:
    connection.sendall(len(body).to_bytes(_HEADER_BYTES, "big") + body)


def _send_log_descriptor(connection: socket.socket, number: int, who: TaskContext) -> None:
    """Give the child a pipe for its structured log; its lines join the task's log."""
    from msgspec import msgpack

    ours, theirs = socket.socketpair()
    body = msgpack.encode([number, {"type": "SentFDs", "fds": [theirs.fileno()]}, None])
    socket.send_fds(connection, [len(body).to_bytes(_HEADER_BYTES, "big") + body], [theirs.fileno()])
    theirs.close()
    real_start(threading.Thread(target=_drain, args=(ours, who), daemon=True, name="child log"))


def _drain(connection: socket.socket, who: TaskContext) -> None:
    with connection, connection.makefile("rb") as lines:
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                entry = {"level": "info", "event": line.decode(errors="replace").rstrip()}
            if who.log is not None:
                who.log.add(str(entry.get("level", "info")), str(entry.get("event", "")))
