"""Variables and connections that a Dag file asks for while it is parsed: noted, and answered from the world."""

from __future__ import annotations

from typing import Any

from harness.bridge.parsing.watch import Watch
from harness.bridge.store import Store
from harness.bridge.supervisor import Speaker, Supervisor, speaker
from harness.world.model import World


def answer_from(world: World, watch: Watch) -> None:
    """Stand in for the Dag processor's supervisor, in a process that is thrown away.

    A key that the world does not declare is not found, as ``DagFileProcessorProcess`` answers (3.3.2).
    """
    from airflow.sdk.execution_time import context, task_runner

    def observe(_who: Speaker, kind: str, data: Any) -> None:
        watch.note(kind, str(data))

    speaker.set(Speaker(ti=None, name="the Dag processor"))  # type: ignore[arg-type]
    task_runner.SUPERVISOR_COMMS = Supervisor(Store(world, {}), lambda: None, observe)
    for name, kind in (("_get_variable", "variable"), ("_get_connection", "connection")):
        setattr(context, name, _noted(getattr(context, name), kind, watch))


def _noted(original: Any, kind: str, watch: Watch) -> Any:
    def asked(key: str, *args: Any, **kwargs: Any) -> Any:
        watch.note(kind, key)
        return original(key, *args, **kwargs)

    return asked
