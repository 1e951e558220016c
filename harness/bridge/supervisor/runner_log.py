"""What Airflow's task runner says about a task, as events: taken from its own logger, which no task writes to.

A line of a task's log is its author's, whatever words it has; so nothing is concluded from those.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from harness.bridge.supervisor.task_context import TaskContext, current_task_context
from harness.bridge.versions.names import task_exception

Observe = Callable[[TaskContext, str, Any], None]

AFTER_THE_END = "what follows the task's end (e-mail, links)"
_FOLLOWS = {
    "_run_task_state_change_callbacks": None,
    "_send_error_email_notification": AFTER_THE_END,
}
"""Functions of the runner that log an exception of the user's and go on -> what raised, None where ``kind`` says it."""


class RunnerLog:
    """The logger that ``task_runner.main`` gives to ``run`` and ``finalize``.

    Args:
        log: takes all lines.
        observe: called with (task context, "callback-failed", (error, what)).
    Source: ``run``, ``finalize``, ``_run_task_state_change_callbacks``, ``_send_error_email_notification`` (3.3.2).
    """

    def __init__(self, log: Any, observe: Observe) -> None:
        self._log, self._observe = log, observe

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def info(self, event: Any, *args: Any, **kwargs: Any) -> None:
        """Written while an ``AirflowSkipException`` is handled, it is why the task skipped itself."""
        error, who = sys.exc_info()[1], current_task_context()
        if who is not None and isinstance(error, task_exception("AirflowSkipException")):
            who.skip = str(error.args[0]) if error.args else None
        self._log.info(event, *args, **kwargs)

    def error(self, event: Any, *args: Any, **kwargs: Any) -> None:
        """The runner's own reason for a failure without an exception, such as a Dag run that exists already."""
        if (who := current_task_context()) is not None and not args:
            who.reported = "  ".join([str(event), *(f"{name}={value!r}" for name, value in kwargs.items())])
        self._log.error(event, *args, **kwargs)

    def exception(self, event: Any, *args: Any, **kwargs: Any) -> None:
        """Code of the user's that follows the task raised; Airflow only logs that."""
        error, who = sys.exc_info()[1], current_task_context()
        logs = sys._getframe(1).f_code.co_name
        if who is not None and error is not None and logs in _FOLLOWS:
            self._observe(who, "callback-failed", (error, _FOLLOWS[logs] or str(kwargs.get("kind", "a callback"))))
        self._log.exception(event, *args, **kwargs)
