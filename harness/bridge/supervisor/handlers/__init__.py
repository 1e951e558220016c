"""A message of Airflow's task SDK, and what is answered: a module a subject. Here is what they have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from harness.bridge.supervisor.store import Store
from harness.bridge.supervisor.task_context import TaskContext


class ApiServer(Protocol):
    """What a handler answers from, as the Execution API does from its database and its clock.

    Attributes:
        now: the present instant.
        observe: called with (task context, kind, data) for what belongs in the journal.
    """

    store: Store
    now: Callable[[], Any]
    observe: Callable[[TaskContext, str, Any], None]


Handler = Callable[[ApiServer, Any, TaskContext], Any]
"""Answers a message: (what it answers from, the message, who sent it)."""


def refuse(message: str, reason: str, status: int = 404) -> Exception:
    """The error a task sees when the Execution API refuses a request."""
    from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse

    detail = {"status_code": status, "message": message, "detail": {"reason": reason, "message": message}}
    error: Exception = AirflowRuntimeError(error=ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail=detail))
    return error


def error_response(kind: str, detail: dict[str, Any]) -> Any:
    """An ``ErrorResponse`` that is an answer, not an exception (the SDK turns it into one of its own)."""
    from airflow.sdk.exceptions import ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse

    return ErrorResponse(error=ErrorType[kind], detail=detail)


def ok_response() -> Any:
    """The answer to what was done and has no value."""
    from airflow.sdk.execution_time.comms import OKResponse

    return OKResponse(ok=True)
