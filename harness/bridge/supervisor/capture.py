"""What tasks write, each line to the attempt that wrote it; and what Airflow's task runner says of a task, as events.

A line of a task's log is its author's, whatever words it has; so nothing is concluded from those. What the runner says
is taken from its own logger, which no task writes to.
"""

from __future__ import annotations

import io
import logging
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from harness.bridge.supervisor.task_context import TaskContext, current_task_context
from harness.bridge.versions.names import task_exception

LINES_KEPT = 5_000
"""Lines kept of one attempt's log: the first half of them and the last; what is in between is counted."""

_SILENT = ("::group::", "::endgroup::")
_KNOWN = frozenset({"ti", "task", "_logger", "_record", "logger_name"})  # said by whose log it is
_LEVELS = {"exception": "error", "warn": "warning", "fatal": "critical"}

Sink = Callable[[TaskContext, str, str, "BaseException | None"], None]
"""(who, level, text, exception)"""

Observe = Callable[[TaskContext, str, Any], None]

AFTER_THE_END = "what follows the task's end (e-mail, links)"
_FOLLOWS = {
    "_run_task_state_change_callbacks": None,
    "_send_error_email_notification": AFTER_THE_END,
}
"""Functions of the runner that log an exception of the user's and go on -> what raised, None where ``kind`` says it."""


class TaskLog:
    """The log of a task instance, as lines ``LEVEL text``."""

    __slots__ = ("_last", "dropped", "lines")

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.dropped = 0
        self._last: deque[str] | None = None

    def add(self, level: str, text: str) -> None:
        """One entry; a text of several lines stays together."""
        line = f"{level.upper():<8}{text}"
        if len(self.lines) < LINES_KEPT // 2:
            self.lines.append(line)
            return
        if self._last is None:
            self._last = deque(maxlen=LINES_KEPT // 2)
        self.dropped += len(self._last) == self._last.maxlen
        self._last.append(line)

    def text(self, since: int = 0) -> str:
        """The log.

        Args:
            since: without its first entries, as many.
        """
        between = [f"… {self.dropped} lines left out"] if self.dropped else []
        return "\n".join([*self.lines[since:], *between, *(self._last or ())])


@contextmanager
def captured(sink: Sink, redirect_streams: bool = True) -> Iterator[None]:
    """Route what simulation processes write to ``sink`` for the block; everything is put back after it.

    Args:
        redirect_streams: also ``sys.stdout`` and ``sys.stderr``; off for a debugger.
    """
    processors = structlog.get_config()["processors"]
    former = list(processors)
    # in place: loggers bound before (Airflow caches them on first use) share this very list
    processors[:] = [_StructlogSink(sink, former)]
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    handler = _LoggingSink(sink)
    root.handlers[:] = [handler, *(h for h in handlers if type(h).__module__.startswith("_pytest"))]
    if root.level > logging.INFO:
        root.setLevel(logging.INFO)
    streams = (sys.stdout, sys.stderr)
    if redirect_streams:
        sys.stdout = _Stream(sink, "stdout", streams[0])
        sys.stderr = _Stream(sink, "stderr", streams[1])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
        processors[:] = former
        root.handlers[:] = handlers
        root.setLevel(level)


class _StructlogSink:
    def __init__(self, sink: Sink, former: list[Any]) -> None:
        self._sink, self._former = sink, former

    def __call__(self, logger: Any, method: str, event: dict[str, Any]) -> Any:
        who = current_task_context()
        if who is None:  # not a task's: it goes where it always went
            value: Any = event
            for processor in self._former:
                value = processor(logger, method, value)
            return value
        text = str(event.pop("event", ""))
        if not text.startswith(_SILENT):
            error = _exception(event.pop("exc_info", None))
            args = event.pop("positional_args", ())
            extra = " ".join(f"{name}={value!r}" for name, value in event.items() if name not in _KNOWN)
            self._sink(who, _LEVELS.get(method, method), _percent(text, args) + (f"  {extra}" if extra else ""), error)
        raise structlog.DropEvent


class _LoggingSink(logging.Handler):
    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        who = current_task_context()
        if who is None:
            return
        text = record.getMessage()
        if not text.startswith(_SILENT):
            self._sink(who, record.levelname.lower(), text, record.exc_info[1] if record.exc_info else None)


class _Stream(io.TextIOBase):
    """``print`` of a task becomes a log line, as the supervisor makes it; everybody else's goes through."""

    def __init__(self, sink: Sink, name: str, real: Any) -> None:
        self._sink, self._name, self._real = sink, name, real
        self._pending: dict[TaskContext, str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return str(getattr(self._real, "encoding", "utf-8"))

    def fileno(self) -> int:
        return int(self._real.fileno())

    def isatty(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing: it is that of all tasks, and in a worker each has its own."""

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        who = current_task_context()
        if who is None:
            return int(self._real.write(text))
        *whole, rest = (self._pending.pop(who, "") + text).split("\n")
        for line in whole:
            self._sink(who, "info" if self._name == "stdout" else "error", line, None)
        if rest:
            self._pending[who] = rest
        return len(text)

    def flush(self) -> None:
        if not self._pending:
            self._real.flush()
        for who, rest in list(self._pending.items()):
            self._sink(who, "info", rest, None)
        self._pending.clear()


def _exception(info: Any) -> BaseException | None:
    if info is True:
        return sys.exc_info()[1]
    if isinstance(info, BaseException):
        return info
    return info[1] if isinstance(info, tuple) else None


def _percent(text: str, args: Any) -> str:
    if not args:
        return text
    try:
        return text % (args if isinstance(args, tuple) else tuple(args))
    except (TypeError, ValueError):
        return f"{text} {args!r}"


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
