"""A supervisor's socket for child processes: virtualenv and external-Python operators speak to it over a descriptor.

Such a child runs ``reinit_supervisor_comms`` first: it finds the socket by ``__AIRFLOW_SUPERVISOR_FD``, asks for a log
pipe, then sends a task's messages. The requests are answered by the same `Supervisor`, in the name of the task
whose child it is. The child's clock is the real one: it is another process.

Source: ``InProcessTestSupervisor._setup_subprocess_socket``, ``WatchedSubprocess.handle_requests`` (3.3.2).
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from harness.bridge.operators import class_of
from harness.bridge.supervisor.conversation import Supervisor
from harness.bridge.supervisor.task_context import TaskContext, task_context
from harness.kernel.threads.waits import real_join, real_start

VARIABLE = "__AIRFLOW_SUPERVISOR_FD"
_HEADER = 4


def starts_children(task: Any) -> bool:
    """Whether an operator runs its callable in a child that speaks to the supervisor."""
    return hasattr(class_of(task), "_execute_python_callable_in_subprocess")


@contextmanager
def child_socket(supervisor: Supervisor, who: TaskContext) -> Iterator[None]:
    """Answer the children of one attempt for the block."""
    ours, theirs = socket.socketpair()
    os.set_inheritable(theirs.fileno(), True)
    os.environ[VARIABLE] = str(theirs.fileno())
    thread = threading.Thread(target=_serve, args=(supervisor, who, ours), daemon=True, name="child comms")
    real_start(thread)
    try:
        yield
    finally:
        os.environ.pop(VARIABLE, None)
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
        frame = _read(connection)
        if frame is None:
            return
        number, body, *_ = msgpack.decode(frame)
        message = requests.validate_python(body)
        if type(message).__name__ == "ResendLoggingFD":
            _send_log_descriptor(connection, number, who)
        else:
            _send(connection, _answer(supervisor, number, message))


def _answer(supervisor: Supervisor, number: int, message: Any) -> bytes:
    from airflow.sdk.exceptions import AirflowRuntimeError
    from msgspec import msgpack

    try:
        answer = supervisor.send(message)
    except AirflowRuntimeError as error:
        return msgpack.encode([number, None, error.error.model_dump(mode="json")])
    body = None if answer is None else answer.model_dump(mode="json", by_alias=True, exclude_unset=False)
    return msgpack.encode([number, body, None])


def _read(connection: socket.socket) -> bytes | None:
    """One length-prefixed frame, None at the end of the conversation."""
    header = _exactly(connection, _HEADER)
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


def _send(connection: socket.socket, body: bytes) -> None:
    connection.sendall(len(body).to_bytes(_HEADER, "big") + body)


def _send_log_descriptor(connection: socket.socket, number: int, who: TaskContext) -> None:
    """Give the child a pipe for its structured log; its lines join the task's log."""
    from msgspec import msgpack

    ours, theirs = socket.socketpair()
    body = msgpack.encode([number, {"type": "SentFDs", "fds": [theirs.fileno()]}, None])
    socket.send_fds(connection, [len(body).to_bytes(_HEADER, "big") + body], [theirs.fileno()])
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
