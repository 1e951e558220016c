"""Templates of a Dag's tasks, rendered as a worker would, for several runs that never were.

What an error says of the template, and not of the run or the machine it was tried on, is a complaint.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.bridge.operators import argument, is_template
from harness.bridge.parsing.trials.trial import (
    ASSET_TRIGGERED,
    Endless,
    TrialRun,
    Use,
    kinds,
    moments,
    stood_in,
    with_plugins,
)

if TYPE_CHECKING:
    from airflow.sdk import DAG
    from airflow.sdk.types import Operator

_DEEPEST = 8
_DATED = ("ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz")
_DATES = ("logical_date", "data_interval_start", "data_interval_end")
_ALWAYS = ("run_id", "task_instance_key_str")
_VARIES = re.compile(r"\b(?:ds|ts)|date|interval|macros|run|\bti\b|instance|include|import|extends|prev_")
"""What may be another thing in a run of another date."""
_PARAM = re.compile(r"\{\{-?\s*params(?:\.|\[['\"])(\w+)(?:['\"]\])?\s*-?\}\}")
_WORD = r"(?:'[^'\\{}]*'|\"[^\"\\{}]*\")"
_PULL = rf"(?:ti|task_instance)\.xcom_pull\(\s*(?:(?:(?:task_ids|dag_id|key)\s*=\s*)?{_WORD}\s*,?\s*)*\)"


@dataclass(frozen=True)
class Unrendered:
    """A template that cannot be rendered.

    Attributes:
        file: the file that should hold it and was not found, as the field names it.
        source: the template, without that of a file that was not found.
        kind, date: of the run that it fails in, see `harness.bridge.parsing.trials.trial`; None: in every run.
        known: names that it could have used.
    """

    task_id: str
    field: str
    complaint: Complaint
    file: str | None = None
    source: str = ""
    kind: str | None = None
    date: str | None = None
    known: tuple[str, ...] = ()


def unrendered(dag: DAG, timetable: Callable[[], Any], own: Callable[[str], bool]) -> Iterator[Unrendered]:
    """The templates that a worker could not render, with the first reason of each text.

    Args:
        timetable: gives the scheduler's timetable.
        own: whether a file is the repository's.
    Source: ``Templater.render_template``, ``DAG.get_template_env`` (3.1 to 3.3).
    """
    renderer = _Renderer(dag, timetable, own)
    for task in dag.task_dict.values():
        yield from renderer.of_task(task)


def uses_own_code(dag: DAG) -> bool:
    """Whether rendering may call functions of the user's."""
    return bool(dag.user_defined_macros or dag.user_defined_filters)


def texts(task: Operator) -> Iterator[tuple[str, str]]:
    """(field, text) of all texts that a worker would render, nested ones too."""
    for field in task.template_fields:
        value = argument(task, field)
        if value.__class__ is str:
            yield field, value
        elif value is not None:
            for text in _nested(value, 0):
                yield field, text


def _nested(value: Any, depth: int) -> Iterator[str]:
    """Source: ``Templater.render_template``; what resolves itself (XComs) is known in a run only."""
    if isinstance(value, str):
        yield value
    elif depth >= _DEEPEST:
        return
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            yield from _nested(item, depth + 1)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _nested(item, depth + 1)
    elif not hasattr(value, "resolve") and not isinstance(value, type):
        fields = getattr(value, "template_fields", ())
        for field in fields if isinstance(fields, (list, tuple, dict)) else ():
            yield from _nested(getattr(value, field, None), depth + 1)


class _Renderer:
    """Renders each text of a Dag once."""

    def __init__(self, dag: DAG, timetable: Callable[[], Any], own: Callable[[str], bool]) -> None:
        self._dag, self._timetable, self._own = dag, timetable, own
        self._kinds = kinds(dag)
        self._environments: dict[Any, Any] = {}
        self._seen: set[tuple[Any, ...]] = set()
        self._runs: list[TrialRun] = []
        self._more = self._made()

    def of_task(self, task: Any) -> Iterator[Unrendered]:
        """What is wrong with a task's templates that no task before had."""
        native = getattr(task, "render_template_as_native_obj", None)
        for field, text in texts(task):
            is_file = text.endswith(tuple(task.template_ext or ())) if task.template_ext else False
            if not is_file and (not is_template(text) or self._is_plain(text, task)):
                continue
            key = (text, native, is_file, _values(task.params) if task.params else None)
            if key not in self._seen:
                self._seen.add(key)
                yield from self._tried(task, field, text, native, is_file)

    def _is_plain(self, text: str, task: Any) -> bool:
        """Whether a text holds nothing but what every run of the Dag has."""
        if self._dag.jinja_environment_kwargs or self._dag.user_defined_filters:
            return False
        rest = _plain(ASSET_TRIGGERED not in self._kinds).sub("", text)
        if "params" in rest and task.params:
            rest = _PARAM.sub(lambda match: "" if match[1] in task.params else match[0], rest)
        return not is_template(rest)

    def _tried(self, task: Any, field: str, text: str, native: Any, is_file: bool) -> Iterator[Unrendered]:
        import jinja2

        if native not in self._environments:
            self._environments[native] = task.get_template_env()
        environment = self._environments[native]
        source = ""
        try:
            source = environment.loader.get_source(environment, text)[0] if is_file else text
            template = environment.from_string(source)
        except jinja2.TemplateNotFound as error:
            missing = Complaint(f"the template file {error.name!r} does not exist")
            yield Unrendered(task.task_id, field, missing, file=str(error.name))
            return
        except jinja2.TemplateSyntaxError as error:
            yield Unrendered(task.task_id, field, Complaint(str(error.message), None, error.lineno), source=source)
            return
        for number, run in enumerate(self._trials()):
            context = run.context(task)
            found = self._rendered(task, template, source, context, run.use)
            if found is not None:
                known = (*context, *(self._dag.user_defined_macros or ()))
                yield Unrendered(task.task_id, field, found, None, source, run.kind, run.date, known)
                return
            if number == 0 and len(self._kinds) == 1 and not run.use.happened and not _VARIES.search(source):
                return  # the others would go the same way

    def _trials(self) -> Iterator[TrialRun]:
        """The runs, made when the first template needs them."""
        yield from self._runs
        for run in self._more:
            self._runs.append(run)
            yield run

    def _made(self) -> Iterator[TrialRun]:
        for kind in self._kinds:
            for number, moment in enumerate(moments(self._timetable(), kind)):
                yield TrialRun(self._dag, kind, moment, Use(truth=number != 1))

    def _rendered(self, task: Any, template: Any, source: str, context: dict[str, Any], use: Use) -> Complaint | None:
        """Why a template cannot be rendered; None if it can, or nobody can tell."""
        use.begin()
        try:
            task._render(template, context)
        except Endless:
            return None
        except Exception as error:
            known = context.keys() | template.globals.keys()
            unsure = stood_in(context)
            tried = Tried(source, template.environment, use.happened, known.__contains__, self._own, unsure)
            found = complaint(error, tried)
            of_plugins = found is not None and "MacrosAccessor" in found.reason
            return None if of_plugins and _renders_with_plugins(task, template, context) else found
        return None


def _values(params: Any) -> str:
    """Params in a form that can be compared: every task has a copy of its Dag's."""
    return repr([(name, getattr(param, "value", param)) for name, param in params.items()])


def _renders_with_plugins(task: Any, template: Any, context: dict[str, Any]) -> bool:
    with_plugins()
    try:
        task._render(template, context)
    except Exception:
        return False
    return True


@lru_cache(maxsize=2)
def _plain(dated: bool) -> re.Pattern[str]:
    """Expressions that no run fails in: known names, dates with Airflow's own filters."""
    names = "|".join((*_ALWAYS, *(_DATED if dated else ()), _PULL, r"var\.value\.\w+"))
    dates = "|".join(_DATES) if dated else r"(?!)"
    filters = "|".join(_DATED)
    return re.compile(rf"\{{\{{-?\s*(?:(?:{names})|(?:{dates})(?:\s*\|\s*(?:{filters}))?)\s*-?\}}\}}")


_UNDEFINED = re.compile(r"^'(\w+)' is undefined$")
_AIRFLOWS = re.compile(r"^'(?:airflow|harness|pendulum|datetime)[\w.]* object' has no attribute '")
_KEY = re.compile(r"^'dict object' has no attribute '(\w+)'$")
_TYPE = re.compile(r"'[\w.]*\.(\w+) object'")
_CERTAIN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What wrong templates raise; anything else may come of the machine that they are rendered on."""


@dataclass(frozen=True)
class Complaint:
    """Why a template cannot be rendered.

    Attributes:
        name: the name that is undefined, where that is why.
        line: in the template.
        path: the file that this line is of, where that is another than the template's own: an included one.
        dated: another date might do.
        params: it is a param that is not declared.
    """

    reason: str
    name: str | None = None
    line: int | None = None
    dated: bool = False
    params: bool = False
    path: str | None = None


@dataclass(frozen=True)
class Tried:
    """A template that was tried.

    Attributes:
        guessed: values that only a run knows had a part in what happened.
        known: whether the context or the environment has a name.
        own: whether a file is the repository's: what its functions raise is not judged.
        unsure: what comes to such a value, as the template says it.
    """

    source: str
    environment: Any
    guessed: bool
    known: Callable[[str], bool]
    own: Callable[[str], bool]
    unsure: re.Pattern[str]


def complaint(error: Exception, tried: Tried) -> Complaint | None:
    """What an error of a rendering says; None when a real run might not have it."""
    import jinja2

    path, line = _place(error)
    if isinstance(error, jinja2.UndefinedError):
        found = _undefined(str(error.message), line, tried)
        return found and replace(found, path=path)
    if tried.guessed or tried.unsure.search(tried.source):
        return None
    if isinstance(error, jinja2.TemplateError):
        return Complaint(f"{type(error).__name__}: {error.message}", None, line, path=path)
    frames = traceback.extract_tb(error.__traceback__)
    own = any(tried.own(frame.filename) for frame in frames if frame.filename.endswith(".py"))
    if isinstance(error, _CERTAIN) and not own:
        return Complaint(f"{type(error).__name__}: {error}", None, line, dated=True, path=path)
    return None


def _undefined(message: str, line: int | None, tried: Tried) -> Complaint | None:
    name, key = _UNDEFINED.match(message), _KEY.match(message)
    if name:
        never = not tried.known(name[1]) and _never_set(name[1], tried.environment.parse(tried.source))
        return Complaint(message, name[1], line) if never or not tried.guessed else None
    if tried.guessed and not _AIRFLOWS.match(message):
        return None
    for owner in ("params", "dag_run.conf") if key else ():
        attribute = key[1] if key else ""
        if re.search(rf"\b{re.escape(owner)}(\.{attribute}\b|\[['\"]{attribute}['\"]\])", tried.source):
            return Complaint(f"{owner} has no {attribute!r}", None, line, params=owner == "params")
    return Complaint(_TYPE.sub(r"\1", message), None, line)


def _never_set(name: str, tree: Any) -> bool:
    """Whether no statement of a template can give a name its value."""
    from jinja2 import nodes

    if tree.find((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)) is not None:
        return False
    return not any(one.name == name and one.ctx != "load" for one in tree.find_all(nodes.Name))


def _place(error: Exception) -> tuple[str | None, int | None]:
    """The innermost file (None: the template itself) and line of a template.

    Airflow joins the pieces of a text outside of what rewrites a traceback: most of them show compiled templates.
    Source: ``render_template`` (3.1 to 3.3), ``jinja2.debug.rewrite_traceback_stack``.
    """
    lineno = getattr(error, "lineno", None)
    if isinstance(lineno, int):
        return _file(getattr(error, "filename", None)), lineno
    for frame, at in reversed(list(traceback.walk_tb(error.__traceback__))):
        template = frame.f_globals.get("__jinja_template__")
        if template is not None:
            return _file(template.filename), template.get_corresponding_lineno(at)
        if frame.f_code.co_name.startswith(_TEMPLATES):
            return _file(frame.f_code.co_filename), at
    return None, None


def _file(name: str | None) -> str | None:
    return None if name is None or name.startswith("<") else name


_TEMPLATES = ("top-level template code", "block ", "template")
