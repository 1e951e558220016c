"""The supervisor of a test's own code: it answers what concerns connections and variables, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.bridge.supervisor.conversation import Supervisor
from harness.bridge.supervisor.store import Store
from harness.bridge.supervisor.task_context import TaskContext, task_context
from harness.world.model import World

_MAY_SEND = frozenset(
    {"DeleteVariable", "GetConnection", "GetVariable", "GetVariableKeys", "MaskSecret", "PutVariable"}
)


class SupervisorOfTest(Supervisor):
    """Stands there between the simulations of a test.

    Args:
        present: see `harness.bridge.environment.in_tests.Present`.
    """

    def __init__(self, present: Callable[[str | None], World]) -> None:
        super().__init__(Store(present(None), {}), lambda: None, lambda *_: None)
        self._present = present
        self._who = TaskContext(ti=None, name="the test", may_send=_MAY_SEND)  # type: ignore[arg-type]

    def send(self, msg: Any) -> Any:
        """Answer one message. Raises: AirflowRuntimeError: it has its place in a task only."""
        self.store.world = self._present(getattr(msg, "conn_id", None))
        token = task_context.set(self._who)
        try:
            return super().send(msg)
        finally:
            task_context.reset(token)
