"""Variables and connections that a Dag file asks for while it is parsed: noted, and answered from the world."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from harness.bridge.parsing.watching.watch import ActivityWatch
from harness.bridge.supervisor.conversation import Supervisor
from harness.bridge.supervisor.store import Store
from harness.bridge.supervisor.task_context import TaskContext, task_context
from harness.world.guess import Guess, Guesses
from harness.world.model import World

JSON_VARIABLE = "json-variable"
"""Kind of the event of a variable that is read as JSON; noted only while names are looked for."""


def answer_from(world: World, watch: ActivityWatch, guesses: Guesses | None = None) -> None:
    """Stand in for the Dag processor's supervisor, in a process that is thrown away.

    A key that the world does not declare is not found, as ``DagFileProcessorProcess`` answers (3.3.2).

    Args:
        guesses: where names are looked for: what is not there, and has no default, is stood in for by these, so that
            the look does not end at the first name; what has a default is not noted.
    """
    from airflow.sdk.execution_time import context, task_runner

    def observe(_who: TaskContext, kind: str, data: Any) -> None:
        watch.note(kind, str(data))

    task_context.set(TaskContext(ti=None, name="the Dag processor"))  # type: ignore[arg-type]
    task_runner.SUPERVISOR_COMMS = Supervisor(Store(world, {}), lambda: None, observe)
    for name, kind in (("_get_variable", "variable"), ("_get_connection", "connection")):
        original = getattr(context, name)
        lookup = _noted(original, kind, watch) if guesses is None else _stood_in(original, kind, watch, guesses)
        setattr(context, name, lookup)
    if guesses is not None:
        json.loads = _loading(json.loads)


def _noted(original: Callable[..., Any], kind: str, watch: ActivityWatch) -> Any:
    def lookup(key: str, *args: Any, **kwargs: Any) -> Any:
        watch.note(kind, key)
        return original(key, *args, **kwargs)

    return lookup


def _stood_in(original: Callable[..., Any], kind: str, watch: ActivityWatch, guesses: Guesses) -> Any:

    def lookup(key: str, *args: Any, **kwargs: Any) -> Any:
        defaulted = _has_default(sys._getframe(1))
        if not defaulted:
            watch.note(JSON_VARIABLE if kwargs.get("deserialize_json") else kind, key)
        try:
            return original(key, *args, **kwargs)
        except Exception:
            if defaulted:
                raise
            return _connection(key) if kind == "connection" else guesses.of(key, bool(kwargs.get("deserialize_json")))

    return lookup


def _has_default(caller: FrameType) -> bool:
    """Whether ``Variable.get``, whose frame this is, was given one."""
    absent = object()
    default = caller.f_locals.get("default", absent)
    return default is not absent and default is not caller.f_globals.get("NOTSET")


def _connection(conn_id: str) -> Any:
    from airflow.sdk import Connection

    class Guessed(Connection):  # type: ignore[misc]
        """A connection whose extras have whatever is asked for."""

        @property
        def extra_dejson(self) -> dict[str, Any]:
            """As Airflow's."""
            extra: Guess = self.extra
            return extra.loaded

    known = {"conn_type": "generic", "host": "localhost", "login": "1", "schema": "1", "extra": Guess("{}")}
    return Guessed(conn_id=conn_id, **known)


def _loading(original: Callable[..., Any]) -> Callable[..., Any]:
    """``json.loads``, to which what stands in for a variable is JSON."""

    def loads(text: Any, *args: Any, **kwargs: Any) -> Any:
        return text.loaded if isinstance(text, Guess) else original(text, *args, **kwargs)

    return loads
