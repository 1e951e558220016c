"""Callbacks as a worker calls them: what can be told without a call, and what a call outside of a run tells."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.bridge.operators import is_template
from harness.bridge.parsing.trials.trial import DATE_NAMES, Endless, StandIn, TrialRun, Use, kinds, moments
from harness.kernel.whose import last_frame

if TYPE_CHECKING:
    from airflow.sdk import DAG

OF_TASKS = (
    "on_execute_callback",
    "on_failure_callback",
    "on_retry_callback",
    "on_skipped_callback",
    "on_success_callback",
)
OF_DAGS = ("on_failure_callback", "on_success_callback")
_SIGNATURE = re.compile(r"missing \d+ required|takes (?:from )?\d+|unexpected keyword argument|multiple values for")
_TYPED = re.compile(r"^'(?:DagRun|RuntimeTaskInstance|TaskInstance)' object has no attribute '\w+'$")


@dataclass(frozen=True)
class Callback:
    """A callback and whose it is.

    Attributes:
        task: None: the Dag's own.
        kind: ``on_failure_callback`` …
    """

    dag: DAG
    task: Any
    kind: str
    function: Any


@dataclass(frozen=True)
class Raised:
    """What a callback is sure to raise.

    Attributes:
        key: of the context, where it is one that is never there.
        path, line: the innermost place in the repository's code; None in a template.
    """

    reason: str
    key: str | None = None
    path: str | None = None
    line: int | None = None


def callbacks(dag: DAG) -> Iterator[Callback]:
    """Every callback of a Dag and of its tasks."""
    for kind in OF_DAGS:
        for function in _listed(getattr(dag, kind)):
            yield Callback(dag, None, kind, function)
    for task in dag.task_dict.values():
        for kind in OF_TASKS:
            for function in _listed(getattr(task, kind, None)):
                yield Callback(dag, task, kind, function)


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        return [value] if value is not None else []
    if value and all(isinstance(one, str) for one in value):
        return ["".join(value)]  # Airflow takes a text for a list of its letters
    return list(value)


def uncallable(callback: Callback) -> str | None:
    """Why Airflow cannot call it, in words.

    Source: ``_run_task_state_change_callbacks``, ``_execute_dag_callbacks`` (3.1 to 3.3): it is called with the context
    and nothing awaits what it returns; only a task's may be a generator.
    """
    from airflow.sdk import BaseNotifier

    function = callback.function
    if not callable(function):
        return f"is no function but {type(function).__name__} {str(function)[:60]!r}"
    if type(function).__name__ == "_TaskDecorator":
        return "is a task: a call makes an operator and runs nothing"
    if inspect.isclass(function):
        return "is a class: a call makes a notifier and sends nothing" if issubclass(function, BaseNotifier) else None
    if isinstance(function, BaseNotifier):
        defined = type(function).notify is not BaseNotifier.notify
        return None if defined else "is a notifier without notify(): Airflow does not await async_notify() here"
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):
        return "is a coroutine function, which Airflow does not await"
    if callback.task is None and inspect.isgeneratorfunction(function):
        return "is a generator function, which Airflow does not go through"
    try:
        inspect.signature(function).bind(None)
    except TypeError as error:
        return f"cannot be called with the context alone: {error}"
    except ValueError:  # a builtin without signature
        return None
    return None


def called(
    tried: Iterable[Callback], timetable: Callable[[Any], Any], own: Callable[[str], bool]
) -> Iterator[Raised | None]:
    """What each raises with the context of a run that never was; None for nothing, or nothing that is sure.

    To be called in a process that may reach nothing.

    Args:
        timetable: gives a Dag's scheduler timetable.
        own: whether a file is the repository's.
    """
    for callback in tried:
        use = Use()
        context = _context(callback, timetable, use)
        try:
            _call(callback.function, context, own)
        except Endless:
            yield None
        except Exception as error:
            yield _of_template(error, context, use) or _judged(error, callback, context, own)
        else:
            yield None


def has_templates(function: Any) -> bool:
    """Whether it is a notifier with something to render."""
    fields = getattr(function, "template_fields", ())
    return any(is_template(str(getattr(function, field, ""))) for field in fields)


def _call(function: Any, context: Any, own: Callable[[str], bool]) -> None:
    """Source: ``BaseNotifier.__call__``; of notifiers that are not the repository's the templates are rendered."""
    if hasattr(function, "render_template_fields") and not own(type(function).notify.__code__.co_filename):
        function._update_context(context)
        function.render_template_fields(context)
    else:
        function(context)


def _of_template(error: Exception, context: Any, use: Use) -> Raised | None:
    import jinja2

    if not isinstance(error, jinja2.TemplateError):
        return None
    name = re.match(r"'(\w+)' is undefined", str(error.message))
    if use.happened and (name is None or name[1] in context):
        return None
    return Raised(f"cannot render a template: {error.message}", name[1] if name else None)


class _Context(dict[str, Any]):
    """A context that knows which key was asked for in vain."""

    missed: str | None = None

    def __missing__(self, key: str) -> Any:
        self.missed = key
        raise KeyError(key)


def _context(callback: Callback, timetable: Callable[[Any], Any], use: Use) -> _Context:
    """Source: ``finalize``, ``_execute_dag_callbacks`` (3.1 to 3.3)."""
    from airflow.sdk.exceptions import AirflowException

    dag = callback.dag
    kind = kinds(dag)[0]
    run = TrialRun(dag, kind, next(moments(timetable(dag), kind)), use)
    context = _Context(run.context(callback.task or next(iter(dag.task_dict.values()))))
    context["dag_run"].end_date = context["dag_run"].run_after
    if callback.task is None:
        context["reason"] = StandIn(use)
    elif callback.kind != "on_execute_callback":
        failed = callback.kind in ("on_failure_callback", "on_retry_callback")
        context["exception"] = AirflowException("the task failed") if failed else None
    return context


def _judged(error: Exception, callback: Callback, context: _Context, own: Callable[[str], bool]) -> Raised | None:
    frame = last_frame(error, own)
    if frame is None:
        return None
    innermost = last_frame(error, lambda _: True) == frame
    key = context.missed if isinstance(error, KeyError) and error.args[:1] == (context.missed,) else None
    certain = isinstance(error, NameError) and innermost
    certain = certain or (isinstance(error, TypeError) and innermost and _SIGNATURE.search(str(error)) is not None)
    certain = certain or (isinstance(error, AttributeError) and _of_airflows(error, callback))
    if not certain and not (key is not None and _never_there(key)):
        return None
    return Raised(f"raises {type(error).__name__}: {error}", key, frame.filename, frame.lineno)


def _of_airflows(error: AttributeError, callback: Callback) -> bool:
    """Whether an attribute is missing at what is in production as it is here."""
    return _TYPED.match(str(error)) is not None or any(
        getattr(error, "obj", None) is one for one in (callback.dag, callback.task) if one is not None
    )


def _never_there(key: str) -> bool:
    """Whether a context of such a callback cannot have a key that this one does not have."""
    from airflow.sdk.definitions.context import KNOWN_CONTEXT_KEYS

    return key not in KNOWN_CONTEXT_KEYS or key == "exception" or key in DATE_NAMES
