"""Hypothesis strategies: outcomes of tasks, fault plans, logical dates, XCom values, run conf.

Hypothesis is needed by this module only: ``pip install 'airflow-harness[hypothesis]'``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from harness.errors import OffSchedule, PackageMissing, TaskNotFound, UsageError, known_names

try:
    from hypothesis import strategies as st
except ModuleNotFoundError:
    raise PackageMissing(
        "harness.strategies needs Hypothesis, which is not installed",
        fix="pip install 'airflow-harness[hypothesis]'",
    ) from None

from harness.bridge.operators import class_paths
from harness.bridge.snapshot import snapshot
from harness.bridge.timetables import first_date, last_date, moment_of_argument, scheduled_from
from harness.exploration.outcomes import Value, parts_of
from harness.kernel.instant import BEGINNING, Instant, iso, later, span, to_datetime
from harness.simulation.exploring import player_of
from harness.world import World

if TYPE_CHECKING:
    from airflow.sdk import DAG

__all__ = ["FaultPlan", "fault_plans", "logical_dates", "run_conf", "task_outcomes", "xcom_values"]

_MOST = 2**63 - 1
"""A worker sends its messages in MessagePack, whose integers have 64 bits."""

_RESERVED = frozenset(
    {"__classname__", "__version__", "__data__", "__id__", "__cache__", "__type", "__source", "__var"}
)
"""Keys by which Airflow's serialiser knows its own. Source: airflow/sdk/_shared/serialization (3.3.2)."""


_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
"""What PostgreSQL stores: neither lone surrogates nor NUL."""


def task_outcomes(
    dag: DAG, *, outcomes: Mapping[str, Iterable[Any]] | None = None
) -> st.SearchStrategy[dict[str, Value]]:
    """What each task of a Dag does, to be given to `harness.play`; shrinks to everything going as usual.

    Args:
        outcomes: as of `harness.explore`.
    Returns: task_id (``task_id[0]`` and ``task_id[1:]`` of a mapped task) -> ``success``, ``failed``, ``skipped``, the
        task ids a branching task follows, whether a short circuit goes on, or how many items a task returns that
        others map over. Tasks that Airflow does not run are left out.
    Raises: TaskNotFound, UsageError: ``outcomes`` names what is not there.
    """
    player = player_of(dag, outcomes)
    each = {
        part.name: st.sampled_from([outcome.value for outcome in player.choices[part.task_id]])
        for part in parts_of(player.dag, player.choices)
    }
    return st.fixed_dictionaries(each)


@dataclass(frozen=True)
class FaultPlan:
    """Which tasks of a Dag fail, and how often.

    Attributes:
        failing: task_id -> how many of its first tries fail.
        final: tasks whose every try fails.
        classes: task_id -> import paths of its operator's class and of that one's bases.
    """

    dag_id: str
    failing: Mapping[str, int] = field(default_factory=dict)
    final: frozenset[str] = frozenset()
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    def applied_to(self, world: World) -> World:
        """A copy of a world in which the tasks fail so often and then do what they do in that world."""
        made = world.copy()
        for task_id, times in self.failing.items():
            there = world.stub_of(self.dag_id, task_id, classes=self.classes.get(task_id, ()))
            pattern = f"{self.dag_id}.{task_id}"
            made.stub(pattern, fails=times)
            if there is not None:
                made.stubs[pattern] = replace(there, fails=max(times, there.fails))
        return made

    def __repr__(self) -> str:
        named = [f"{name} {'always' if name in self.final else _times(n)}" for name, n in self.failing.items()]
        return f"<faults of {self.dag_id}: {', '.join(named) or 'none'}>"


def fault_plans(dag: DAG, *, tasks: Iterable[str] | None = None, max_faults: int = 3) -> st.SearchStrategy[FaultPlan]:
    """Plans in which a few tasks fail: at their first tries, so that a retry mends it, or at all of them.

    The user's code runs, but for the faults: ``run_dag(dag, world=plan.applied_to(world))``. Shrinks to no fault, to
    tasks that come first, and to fewer tries.

    Args:
        tasks: those that may fail; None for all that run.
        max_faults: tasks that fail in one plan, at most.
    Raises: TaskNotFound. UsageError: ``max_faults`` is negative.
    """
    plain = snapshot(dag)
    chosen = list(plain.tasks) if tasks is None else [tasks] if isinstance(tasks, str) else list(tasks)
    for name in chosen:
        if name not in plain.tasks:
            raise TaskNotFound(f"no task {name!r} in Dag {dag.dag_id!r}", known=known_names(name, plain.tasks))
    if max_faults < 0:
        raise UsageError(f"max_faults={max_faults} is negative")
    runs = [plain.tasks[name] for name in chosen if not plain.tasks[name].short_circuits]
    faults = [(task.task_id, times) for task in runs for times in range(1, task.retries + 2)]
    final = {task.task_id: task.retries + 1 for task in runs}
    if not faults:
        return st.just(FaultPlan(dag.dag_id))
    several = st.lists(st.sampled_from(faults), max_size=max_faults, unique_by=lambda fault: fault[0])

    @st.composite  # a mapped strategy would show its lambda in failures
    def plans(draw: st.DrawFn) -> FaultPlan:
        drawn = draw(several)
        failing = {name: times for name, times in faults if (name, times) in drawn}
        every = frozenset(name for name, times in drawn if times == final[name])
        return FaultPlan(dag.dag_id, failing, every, {name: class_paths(dag.task_dict[name]) for name in failing})

    return plans()


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _moments() -> st.SearchStrategy[datetime]:
    """From 1970 to 2099, to the microsecond: Airflow stores a float of seconds, which is not exact from 2242 on."""
    first, last = (to_datetime(at).replace(tzinfo=None) for at in (BEGINNING, Instant(4_102_444_799_999_999)))
    return st.datetimes(first, last, timezones=st.just(timezone.utc))


def _spans() -> st.SearchStrategy[timedelta]:
    """Whole seconds: Airflow stores a float of seconds, in which microseconds of long spans are lost."""
    return st.integers(-1_000_000_000, 1_000_000_000).map(lambda seconds: timedelta(seconds=seconds))


def xcom_values(*, max_leaves: int = 10, dates: bool = True) -> st.SearchStrategy[Any]:
    """Values that a task can return and another pull unchanged: what JSON holds, in lists and dictionaries.

    Floats are finite, text is what PostgreSQL stores.

    Args:
        max_leaves: about how many single values one holds.
        dates: with aware ``datetime`` and ``timedelta`` objects and tuples too, which Airflow serialises.
    """
    text = st.text(_CHARACTERS, max_size=20)
    plain = st.none() | st.booleans() | st.integers(-_MOST, _MOST) | st.floats(allow_nan=False, allow_infinity=False)
    moments = [_moments(), _spans()] if dates else []
    leaves: st.SearchStrategy[Any] = st.one_of(plain, text, *moments)
    keys = text.filter(lambda key: key not in _RESERVED)

    def extend(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        inside = st.lists(children, max_size=5) | st.dictionaries(keys, children, max_size=5)
        return inside | st.lists(children, max_size=3).map(tuple) if dates else inside

    return st.recursive(leaves, extend, max_leaves=max_leaves)


Schema = Mapping[str, Any]
_KNOWN = {
    "string": {"minLength", "maxLength", "format"},
    "integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
    "boolean": set(),
    "null": set(),
    "array": {"items", "minItems", "maxItems", "uniqueItems"},
}
"""Keywords that are drawn from, by type; a schema with another one keeps the param's default."""

_SPOKEN = {"type", "enum", "const", "examples", "title", "description", "default", "section", "source"}
_SPOKEN |= {"description_md", "description_html", "custom_html_form", "values_display", "x_airflow", "items_display"}
"""Keywords of every type, and those that are for the trigger form only."""

_UNLIMITED = 1000
_LONGEST = 20


def run_conf(dag: DAG) -> st.SearchStrategy[dict[str, Any]]:
    """Conf that the params of a Dag accept, as a person gives it in the trigger form; shrinks to the defaults.

    A param whose schema says more than types, enumerations, bounds, lengths and dates keeps its default; what is drawn
    is checked by Airflow's own validation.
    Returns: param name -> value, for ``run_dag(dag, conf=…)``. A param without default always has a value; one of
        which no value can be drawn is left out.
    Source: airflow/sdk/definitions/param.py `Param.resolve` (3.3.2).
    """
    drawn: dict[str, st.SearchStrategy[Any]] = {}
    for name in dag.params:
        values = _accepted(dag.params.get_param(name))
        if values is not None:
            drawn[name] = values
    return st.fixed_dictionaries(drawn)


def _accepted(param: Any) -> st.SearchStrategy[Any] | None:
    """The default first, then what its schema allows."""
    default = param.value if param.has_value else None
    found = _of_schema(param.schema)
    usual = [st.just(default)] if param.has_value and _accepts(param)(default) else []
    if found is not None:
        usual.append(found.filter(_accepts(param)))
    return st.one_of(usual) if usual else None


def _accepts(param: Any) -> Callable[[Any], bool]:
    known: dict[str, bool] = {}  # a validation checks the schema too, which takes a millisecond

    def accepts(value: Any) -> bool:
        text = repr(value)
        if text not in known:
            known[text] = _resolves(param, value)
        return known[text]

    return accepts


def _resolves(param: Any, value: Any) -> bool:
    try:
        copy(param).resolve(value)  # a copy: it keeps what it resolves
    except Exception:  # ParamValidationError, and what a broken schema raises
        return False
    return True


def _of_schema(schema: Schema) -> st.SearchStrategy[Any] | None:
    """Values of a schema; None where it says what is not known here."""
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(list(schema["enum"])) if schema["enum"] else None
    types = schema.get("type")
    names = [types] if isinstance(types, str) else list(types or ())
    if not names or any(name not in _KNOWN for name in names):
        return None
    known = _SPOKEN.union(*(_KNOWN[name] for name in names))
    if set(schema) - known:
        return None
    found = [_DRAW[name](schema) for name in names]
    kept = [one for one in found if one is not None]
    return st.one_of(kept) if len(kept) == len(found) else None


def _string(schema: Schema) -> st.SearchStrategy[Any] | None:
    moments = st.integers(946_684_800, 4_102_444_799).map(lambda at: datetime.fromtimestamp(at, timezone.utc))
    formats: dict[str, st.SearchStrategy[Any]] = {
        "date": moments.map(lambda at: at.date().isoformat()),
        "date-time": moments.map(lambda at: at.isoformat()),
        "time": moments.map(lambda at: at.time().isoformat()),
        "multiline": st.text(max_size=_LONGEST),
    }
    if "format" in schema:
        return formats.get(schema["format"])
    least = schema.get("minLength", 0)
    most = schema.get("maxLength", least + _LONGEST)
    return st.text(_CHARACTERS, min_size=least, max_size=most) if least <= most else None


def _integer(schema: Schema) -> st.SearchStrategy[Any] | None:
    step = schema.get("multipleOf", 1)
    least, most = _bounds(schema, _UNLIMITED)
    low, high = -(-least // step), most // step
    return st.integers(int(low), int(high)).map(lambda n: n * step) if low <= high else None


def _number(schema: Schema) -> st.SearchStrategy[Any] | None:
    least, most = _bounds(schema, float(_UNLIMITED))
    return st.floats(least, most, allow_nan=False) if least <= most else None


def _bounds(schema: Schema, unlimited: float) -> tuple[Any, Any]:
    """The closest bounds; whether an exclusive one is met is left to Airflow's validation."""
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    if least is None and most is None:
        return -unlimited, unlimited
    if least is None:
        return most - unlimited, most
    return least, least + unlimited if most is None else most


def _array(schema: Schema) -> st.SearchStrategy[Any] | None:
    items = schema.get("items", {"type": "string"})
    inside = _of_schema(items) if isinstance(items, Mapping) else None
    least = schema.get("minItems", 0)
    most = schema.get("maxItems", least + 5)
    if inside is None or least > most:
        return None
    return st.lists(inside, min_size=least, max_size=most, unique_by=repr if schema.get("uniqueItems") else None)


_DRAW: Mapping[str, Callable[[Schema], st.SearchStrategy[Any] | None]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": lambda _: st.booleans(),
    "null": lambda _: st.none(),
    "array": _array,
}


_SPAN = timedelta(days=365)
"""How far dates go when neither the caller nor the Dag names an end."""


def logical_dates(
    dag: DAG, start: str | date | None = None, end: str | date | None = None
) -> st.SearchStrategy[datetime]:
    """Logical dates of a Dag's scheduled runs, in UTC; shrinks to the first.

    Args:
        start: not before this ISO text, ``datetime`` or ``date``; None for the Dag's ``start_date``.
        end: not after this; None for the Dag's ``end_date``, or a year after the start.
    Raises: OffSchedule: the schedule makes no run in between. UsageError: no schedule, or no dates.
    """
    first = scheduled_from(dag, first_date(dag))
    if first is None:
        raise UsageError(
            f"no schedule makes dates for the runs of {dag.dag_id!r}",
            fix="draw any date (hypothesis.strategies.datetimes) and run with manual=True",
        )
    least = first_date(dag) if start is None else max(moment_of_argument(start, "start"), first_date(dag))
    most = moment_of_argument(end, "end") if end is not None else last_date(dag) or later(least, span(_SPAN))
    earliest = scheduled_from(dag, least)
    if earliest is None or earliest > most:
        raise OffSchedule(
            f"the schedule of {dag.dag_id!r} makes no run from {iso(least)} to {iso(most)}",
            where=str(dag.fileloc),
            known=f"first run: {iso(first)}",
        )

    @st.composite  # a mapped strategy would show instants in failures
    def dates(draw: st.DrawFn) -> datetime:
        found = scheduled_from(dag, Instant(draw(st.integers(earliest, most))))
        return to_datetime(found if found is not None and found <= most else earliest)

    return dates()
