"""``top-level-secrets``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import FileContext
from harness.checks.registry import check
from harness.results.finding import Problem

_SAID = {
    "variable": "Variable {!r} is read while the file is parsed",
    "connection": "connection {!r} is read while the file is parsed",
}
_FIX = {
    "variable": "use a template, as in {{{{ var.value.{} }}}}, or read it in a task",
    "connection": "give the operator its conn_id, or read {!r} in a task",
}


@check("top-level-secrets", severity="warning", level="file")
def top_level_secrets(file: FileContext) -> Iterator[Problem]:
    """``Variable.get``, ``Connection.get`` or ``BaseHook.get_connection`` while the file is parsed.

    Every parse, and there are thousands a day, asks the API server or the secrets backend; where that is slow or
    answers no, the file does not import and its Dags are gone. The value that a Dag was made with is the one of its
    last parse, not of its run. Found as it happens, also through a function of another module: the line is the one
    that asks.

    Use a template, which is rendered when the task runs, or read it in the task.
    """
    reported = set()
    for event in file.events:
        what = (event.path, event.line, event.kind, event.detail)
        if event.kind in _SAID and what not in reported:
            reported.add(what)
            yield Problem(
                _SAID[event.kind].format(event.detail),
                line=event.line,
                path=event.path,
                fix=_FIX[event.kind].format(event.detail),
            )
