"""Runs that never were: the context that tasks of a Dag would have, with stand-ins for what only a real run knows.

Whatever is done to a stand-in, it goes along and tells that it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from harness.bridge.versions.names import plugins_manager, task_exception
from harness.bridge.versions.timetables import next_info

if TYPE_CHECKING:
    from airflow.sdk import DAG

MOST_USES = 10_000
"""What uses stand-ins more often waits for one to come to an end, as a parser does that reads from one."""


class Endless(BaseException):
    """Stand-ins were used so often that nothing can be said. No ``except Exception`` of a library may catch it."""


class Use:
    """Whether stand-ins had a part in what happened.

    Attributes:
        happened: since it was last set to False.
        truth: what a stand-in is where it is asked for its truth; the length of one that is false is 0.
    """

    def __init__(self, truth: bool = True) -> None:
        self.happened = False
        self.truth = truth
        self._left = MOST_USES

    def begin(self) -> None:
        """Something else is tried."""
        self.happened, self._left = False, MOST_USES

    def now(self) -> None:
        """A stand-in is used.

        Raises: Endless: once too often.
        """
        self.happened = True
        self._left -= 1
        if self._left < 0:
            raise Endless


class StandIn:
    """Any value: it has every attribute and item, can be called, counted, compared and gone through.

    Whether it is true is up to its `Use`, so that both sides of a condition can be tried.
    """

    unsafe_callable = alters_data = False  # what Jinja's sandbox asks of everything it calls

    def __init__(self, use: Use) -> None:
        object.__setattr__(self, "_use", use)

    def _used(self) -> StandIn:
        object.__getattribute__(self, "_use").now()
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._used()

    def __setattr__(self, name: str, value: Any) -> None:
        self._used()

    def __getitem__(self, key: Any) -> Any:
        return self._used()

    def __setitem__(self, key: Any, value: Any) -> None:
        self._used()

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        return self._used()

    def __iter__(self) -> Iterator[Any]:
        return iter([self._used()] if self else [])

    def __len__(self) -> int:
        return int(bool(self))

    def __bool__(self) -> bool:
        return bool(object.__getattribute__(self._used(), "_use").truth)

    def __contains__(self, item: Any) -> bool:
        return bool(self)

    def __eq__(self, other: Any) -> bool:
        return bool(self)

    def __ne__(self, other: Any) -> bool:
        return bool(self)

    def __hash__(self) -> int:
        return id(self._used())

    def __str__(self) -> str:
        self._used()
        return "1"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return str(self)

    def __int__(self) -> int:
        return int(str(self))

    __index__ = __int__

    def __float__(self) -> float:
        return float(str(self))

    def __enter__(self) -> Any:
        return self._used()

    def __exit__(self, *args: object) -> None:
        self._used()


def _any(self: StandIn, *_args: Any) -> Any:
    return self._used()


def _comparison(self: StandIn, _other: Any) -> bool:
    return bool(self)


_BINARY = "add sub mul truediv floordiv mod pow and or xor lshift rshift matmul"
for _name in _BINARY.split():
    setattr(StandIn, f"__{_name}__", _any)
    setattr(StandIn, f"__r{_name}__", _any)
for _name in ("neg", "pos", "abs", "invert", "round"):
    setattr(StandIn, f"__{_name}__", _any)
for _name in ("lt", "le", "gt", "ge"):
    setattr(StandIn, f"__{_name}__", _comparison)


class StandInTaskInstance:
    """A task instance that never ran: its attributes are the real one's, what its methods return is a stand-in.

    Args:
        real: a ``RuntimeTaskInstance``; an attribute that it does not have is none here.
    """

    def __init__(self, real: Any, use: Use) -> None:
        object.__setattr__(self, "_real", real)
        object.__setattr__(self, "_use", use)

    def __getattr__(self, name: str) -> Any:
        if name in ("unsafe_callable", "alters_data"):
            return False
        use: Use = object.__getattribute__(self, "_use")
        try:
            found = getattr(object.__getattribute__(self, "_real"), name)
        except AttributeError:
            raise AttributeError(f"'TaskInstance' object has no attribute {name!r}", name=name, obj=self) from None
        if found is None or callable(found):  # a real one would have a value by then
            return _returning(StandIn(use)) if callable(found) else StandIn(use)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(object.__getattribute__(self, "_real"), name, value)

    def __str__(self) -> str:
        return str(object.__getattribute__(self, "_real"))


def _returning(value: StandIn) -> Callable[..., Any]:
    def method(*_args: Any, **_kwargs: Any) -> Any:
        return value()

    return method


def defaults(params: Any) -> dict[str, Any]:
    """Param -> default, of those that have one; validated or not."""
    from airflow.sdk.definitions._internal.types import NOTSET

    found = {name: getattr(param, "value", param) for name, param in (params or {}).items()}
    return {name: value for name, value in found.items() if value is not NOTSET}


def without_value(params: Any) -> Iterator[tuple[str, str]]:
    """(name, why) of the params that a run without conf cannot have.

    Source: ``Param.resolve``, ``ParamsDict.validate`` (3.1 to 3.3); a default without schema is valid.
    """
    from airflow.sdk.definitions._internal.types import NOTSET

    for name, param in params.items():
        value = getattr(param, "value", param)
        if value is NOTSET:
            yield name, "has no default"
        elif getattr(param, "schema", None):
            try:
                param.resolve()
            except task_exception("ParamValidationError") as error:
                yield name, f"has an invalid default: {str(error).splitlines()[0]}"


SCHEDULED, MANUAL, ASSET_TRIGGERED = "scheduled", "manual", "asset_triggered"
UNUSUAL = (
    datetime(2025, 1, 31, tzinfo=timezone.utc),
    datetime(2024, 2, 29, tzinfo=timezone.utc),
    datetime(2025, 12, 31, tzinfo=timezone.utc),
)
"""From these on the dates of runs are looked for: long months, leap years, the end of a year."""
DATE_NAMES = frozenset(
    (
        *("ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz"),
        *("logical_date", "data_interval_start", "data_interval_end"),
        *("prev_data_interval_start_success", "prev_data_interval_end_success"),
    )
)
"""What a context has only of a run with a logical date."""
_LENIENT = (
    *("conn", "inlet_events", "outlet_events", "triggering_asset_events", "task_state_store"),
    *("prev_data_interval_start_success", "prev_data_interval_end_success"),
    *("prev_start_date_success", "prev_end_date_success"),
)
_ID = UUID(int=0)


@dataclass(frozen=True)
class RunDates:
    """What a run is of: the names are DagRun's; a run that an asset starts has no date."""

    logical_date: datetime | None
    data_interval_start: datetime | None
    data_interval_end: datetime | None
    run_after: datetime


def kinds(dag: DAG) -> list[str]:
    """How runs of a Dag come about without a person; `MANUAL` when they do not.

    Source: ``airflow.timetables.simple.AssetTriggeredTimetable``, ``AssetOrTimeSchedule`` (3.1 to 3.3).
    """
    timetable: Any = dag.timetable
    by_asset = any(cls.__name__ == "AssetTriggeredTimetable" for cls in type(timetable).__mro__)
    by_time = timetable.can_be_scheduled and (not by_asset or hasattr(timetable, "timetable"))
    return [SCHEDULED] * by_time + [ASSET_TRIGGERED] * by_asset or [MANUAL]


def moments(timetable: Any, kind: str) -> Iterator[RunDates]:
    """Runs at dates that computing with dates may trip over, as the schedule makes them, each when it is asked for.

    Args:
        timetable: the scheduler's; None or one that raises: the dates as they are.
    """
    if kind == ASSET_TRIGGERED:
        yield RunDates(None, None, None, UNUSUAL[0])
        return
    for at in UNUSUAL:
        yield (_scheduled(timetable, at) if kind == SCHEDULED else None) or RunDates(at, at, at, at)


def _scheduled(timetable: Any, at: datetime) -> RunDates | None:
    import pendulum
    from airflow.timetables.base import TimeRestriction

    try:
        info = next_info(timetable, None, TimeRestriction(earliest=pendulum.instance(at), latest=None, catchup=True))
        start, end = info.data_interval
    except Exception:  # another check says what is wrong with it
        return None
    return RunDates(start, start, end, info.run_after)


class TrialRun:
    """A run of a Dag, as its tasks see it.

    Args:
        kind: `SCHEDULED` and `ASSET_TRIGGERED` runs have the params' defaults and no conf; those of a `MANUAL` one are
            stand-ins, also where the Dag does not declare them.
        use: tells whether a stand-in was used.
    """

    def __init__(self, dag: DAG, kind: str, moment: RunDates, use: Use) -> None:
        self.kind, self.use = kind, use
        self._dag, self._moment = dag, moment
        self._common: dict[str, Any] | None = None

    @property
    def date(self) -> str | None:
        """The day it is of."""
        at = self._moment.logical_date
        return None if at is None else f"{at:%Y-%m-%d}"

    def context(self, task: Any) -> dict[str, Any]:
        """What a task's templates and callbacks see. Source: ``RuntimeTaskInstance.get_template_context``."""
        if self._common is None:
            self._common = self._of_all_tasks()
        context = dict(self._common)
        instance = StandInTaskInstance(self._instance(task, context["dag_run"]), self.use)
        context.update(task=task, ti=instance, task_instance=instance, params=self._params(task))
        context.update(inlets=task.inlets, outlets=task.outlets, map_index_template=task.map_index_template)
        if task.inlets or task.outlets:
            context["asset_state_store"] = StandIn(self.use)
        return context

    def _of_all_tasks(self) -> dict[str, Any]:
        dag_run = self._dag_run()
        nobody = SimpleNamespace(
            dag=SimpleNamespace(params={}), task_id="task", dag_id=self._dag.dag_id, params={}, inlets=[], outlets=[]
        )
        nobody.map_index_template = None
        with _without_plugins():
            context = self._instance(nobody, dag_run).get_template_context()
        unknown = StandIn(self.use)
        if self.kind == MANUAL:
            dag_run.conf = unknown
        elif self.kind == ASSET_TRIGGERED:
            dag_run.consumed_asset_events = unknown
        context.update({name: unknown for name in _LENIENT if name in context})
        context.update(dag=self._dag, var={"value": unknown, "json": unknown})
        found: dict[str, Any] = context
        return found

    def _instance(self, task: Any, dag_run: Any) -> Any:
        from airflow.sdk.api.datamodels._generated import TaskInstanceState, TIRunContext
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

        return RuntimeTaskInstance.model_construct(
            id=_ID,
            task_id=task.task_id,
            dag_id=self._dag.dag_id,
            run_id=dag_run.run_id,
            try_number=1,
            dag_version_id=_ID,
            map_index=-1,
            task=task,
            bundle_instance=None,
            _ti_context_from_server=TIRunContext.model_construct(dag_run=dag_run, max_tries=0, task_reschedule_count=0),
            max_tries=getattr(task, "retries", 0) or 0,
            start_date=self._moment.run_after,
            state=TaskInstanceState.RUNNING,
        )

    def _dag_run(self) -> Any:
        """Source: ``airflow.sdk.api.datamodels._generated.DagRun``; it has other fields in every version."""
        from airflow.sdk.api.datamodels._generated import DagRun, DagRunState, DagRunType

        at = self._moment.run_after
        values = {
            **vars(self._moment),
            "dag_id": self._dag.dag_id,
            "run_id": f"{self.kind}__{at.isoformat()}",
            "start_date": at,
            "end_date": None,
            "clear_number": 0,
            "run_type": DagRunType(self.kind),
            "state": DagRunState.RUNNING,
            "conf": {},
            "consumed_asset_events": [],
            **dict.fromkeys(("triggering_user_name", "partition_key", "partition_date", "note", "team_name")),
        }
        return DagRun.model_construct(**{name: value for name, value in values.items() if name in DagRun.model_fields})

    def _params(self, task: Any) -> dict[str, Any]:
        """Source: ``process_params``; what is invalid is another check's."""
        if self.kind == MANUAL:
            return _AnyParams(self.use)
        declared = dict(self._dag.params.items()) | dict((task.params or {}).items())
        values = {name: getattr(param, "value", param) for name, param in declared.items()}
        return {name: value if _is_set(value) else StandIn(self.use) for name, value in values.items()}


def stood_in(context: dict[str, Any]) -> re.Pattern[str]:
    """What a template says that comes to a stand-in: functions written in C do not tell that they use one."""
    names = ["ti", "task_instance", "var", *(name for name, value in context.items() if isinstance(value, StandIn))]
    if isinstance(context["dag_run"].conf, StandIn):
        names.append(r"dag_run\s*\.\s*conf")
    if isinstance(context["params"], _AnyParams):
        names.append("params")
    else:
        unset = [name for name, value in context["params"].items() if isinstance(value, StandIn)]
        names += [rf"params\W+{re.escape(name)}" for name in unset]
    return re.compile(rf"\b(?:{'|'.join(names)})\b")


class _AnyParams(dict[str, Any]):
    """Params that a person gives."""

    def __init__(self, use: Use) -> None:
        super().__init__()
        self.use = use

    def __missing__(self, key: str) -> StandIn:
        return StandIn(self.use)

    def get(self, *_given: Any) -> Any:
        """Whatever the key and the default."""
        return StandIn(self.use)


def _is_set(value: Any) -> bool:
    from airflow.sdk.definitions._internal.types import NOTSET

    return value is not NOTSET


@contextmanager
def _without_plugins() -> Iterator[None]:
    """Contexts are made without looking for plugins, which takes longer than all the rest."""
    manager = plugins_manager()
    kept = manager.integrate_macros_plugins
    manager.integrate_macros_plugins = lambda: None
    try:
        yield
    finally:
        manager.integrate_macros_plugins = kept


def with_plugins() -> None:
    """Add the macros of plugins to ``macros``, as a worker does for every task."""
    plugins_manager().integrate_macros_plugins()
