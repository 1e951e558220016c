"""What the metadata database would hold, in memory: runs, XComs, rendered fields, asset events, state stores."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from harness.kernel.instant import BEGINNING, Instant
from harness.scheduler.model import DagRun, TaskInstance

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from harness.world import World

XComKey = tuple[str, int, str]
"""(task_id, map_index, key)"""


class XComs(MutableMapping[XComKey, Any]):
    """Stored values by task, map index and key."""

    __slots__ = ("_tasks",)

    def __init__(self) -> None:
        self._tasks: dict[str, dict[int, dict[str, Any]]] = {}

    def __getitem__(self, key: XComKey) -> Any:
        task_id, index, name = key
        try:
            return self._tasks[task_id][index][name]
        except KeyError:
            raise KeyError(key) from None

    def __setitem__(self, key: XComKey, value: Any) -> None:
        task_id, index, name = key
        self._tasks.setdefault(task_id, {}).setdefault(index, {})[name] = value

    def __delitem__(self, key: XComKey) -> None:
        task_id, index, name = key
        self[key]
        del self._tasks[task_id][index][name]

    def __iter__(self) -> Iterator[XComKey]:
        return ((task_id, index, name) for (task_id, index), values in self.by_instance() for name in values)

    def __len__(self) -> int:
        return sum(len(values) for _, values in self.by_instance())

    def keys_of(self, task_id: str, index: int) -> list[str]:
        """The keys a task instance has pushed, sorted."""
        return sorted(self._tasks.get(task_id, {}).get(index, ()))

    def of_task(self, task_id: str, name: str) -> list[tuple[int, Any]]:
        """(map_index, value) of what a task's instances pushed under a key, ascending."""
        found = [(index, values[name]) for index, values in self._tasks.get(task_id, {}).items() if name in values]
        return sorted(found, key=lambda pair: pair[0])

    def by_instance(self) -> Iterator[tuple[tuple[str, int], dict[str, Any]]]:
        """((task_id, map_index), values by key), task by task as they first pushed."""
        for task_id, instances in self._tasks.items():
            for index, values in instances.items():
                yield (task_id, index), values


@dataclass(slots=True)
class AssetEvent:
    """An asset event. ``source`` is the task instance that emitted it, None for one given by a test."""

    id: int
    name: str
    uri: str
    group: str
    extra: dict[str, Any]
    at: Instant
    dag_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    map_index: int | None = None
    aliases: tuple[str, ...] = ()


@dataclass
class RunFacts:
    """What one Dag run has produced. It hangs on ``DagRun.extra``.

    Attributes:
        model: what `harness.bridge.supervisor.datamodels` last made of the run, for the next to ask.
        elsewhere: (task_id, key) of its XComs where they were taken away with the run's details; None: they are here.
        ended_in: states of its task instances where those were taken away; None: they are here.
        fetch: as of the run.
    """

    dag: DAG
    xcoms: XComs = field(default_factory=XComs)
    consumed: list[AssetEvent] = field(default_factory=list)
    note: str | None = None
    model: Any = None
    elsewhere: frozenset[tuple[str, str]] | None = None
    ended_in: frozenset[str | None] | None = None
    fetch: Callable[[], None] | None = None

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """XComs that were taken away, as soon as anybody asks for them; see `harness.scheduler.model.DagRun`."""
            if name != "xcoms" or self.fetch is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            self.fetch()
            return object.__getattribute__(self, name)


@dataclass
class Store:
    """All that the supervisor's answers may draw on.

    Attributes:
        runs: (dag_id, run_id) -> run, in order of creation.
        trigger: called for `TriggerDagRun` with (dag_id, run_id, logical_date, run_after, conf); set by the session.
    """

    world: World
    dags: dict[str, DAG]
    runs: dict[tuple[str, str], DagRun] = field(default_factory=dict)
    events: list[AssetEvent] = field(default_factory=list)
    task_store: dict[tuple[str, str, str, int], dict[str, Any]] = field(default_factory=dict)
    asset_store: dict[str, dict[str, Any]] = field(default_factory=dict)
    alias_assets: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    hitl: dict[UUID, Any] = field(default_factory=dict)
    trigger: Callable[..., DagRun] | None = None
    reset: Callable[[DagRun], None] | None = None
    database: Any = None  # made when code of the user's is given a session (`harness.bridge.deadlines`)
    _dated: dict[str, list[DagRun]] = field(default_factory=dict)
    _of_dags: dict[str, list[DagRun]] = field(default_factory=dict)

    def add_run(self, run: DagRun) -> None:
        """Keep a run, in its place among the dated ones of its Dag."""
        run.ordinal = len(self.runs)
        self.runs[(run.dag.dag_id, run.run_id)] = run
        self._of_dags.setdefault(run.dag.dag_id, []).append(run)
        if run.logical_date is None:
            return
        dated = self._dated.setdefault(run.dag.dag_id, [])
        at = bisect_left(dated, run.logical_date, key=_date)
        dated.insert(at, run)
        run.previous = dated[at - 1] if at > 0 else None
        if run.previous is not None:
            run.previous.next = run
        if at + 1 < len(dated):
            run.next, dated[at + 1].previous = dated[at + 1], run

    def run(self, dag_id: str, run_id: str) -> DagRun | None:
        """The run of these ids."""
        return self.runs.get((dag_id, run_id))

    def runs_of(self, dag_id: str) -> Sequence[DagRun]:
        """The runs of a Dag in order of creation."""
        return self._of_dags.get(dag_id, ())

    def events_between(self, after: Instant, until: Instant) -> list[AssetEvent]:
        """The asset events later than ``after``, up to and with ``until``."""
        return self.events[bisect_right(self.events, after, key=_at) : bisect_right(self.events, until, key=_at)]

    def selected_runs(
        self,
        dag_id: str,
        run_ids: Iterable[str] | None,
        logical_dates: Iterable[Instant] | None,
        states: Iterable[str] | None = None,
    ) -> list[DagRun]:
        """Runs that match every filter given."""
        ids = None if run_ids is None else set(run_ids)
        dates = None if logical_dates is None else set(logical_dates)
        chosen = None if states is None else set(states)
        return [
            run
            for run in self.runs_of(dag_id)
            if (ids is None or run.run_id in ids)
            and (dates is None or run.logical_date in dates)
            and (chosen is None or run.state in chosen)
        ]

    def previous_run(self, dag_id: str, before: Instant, state: str | None = None) -> DagRun | None:
        """The latest run with an earlier logical date. Source: ``DagRun.get_previous_dagrun`` (3.3.2)."""
        return next((run for run in self.earlier_runs(dag_id, before) if state is None or run.state == state), None)

    def earlier_runs(self, dag_id: str, before: Instant | None, with_ti: str | None = None) -> Iterator[DagRun]:
        """The runs with an earlier logical date, the latest first; all dated ones without ``before``.

        Args:
            with_ti: the state of a task instance that is looked for; runs elsewhere that have none are left out.
        """
        dated = self._dated.get(dag_id, [])
        at = len(dated) if before is None else bisect_left(dated, before, key=_date)
        runs = (dated[place] for place in range(at - 1, -1, -1))
        if with_ti is None:
            return runs
        return (run for run in runs if (states := facts(run).ended_in) is None or with_ti in states)

    def dated_run(self, dag_id: str, logical_date: Instant) -> DagRun | None:
        """The run of a logical date."""
        dated = self._dated.get(dag_id, [])
        at = bisect_left(dated, logical_date, key=_date)
        return dated[at] if at < len(dated) and dated[at].logical_date == logical_date else None

    def asset_names(self) -> dict[str, tuple[str, str, str]]:
        """Every asset the Dags name: name -> (name, uri, group)."""
        from airflow.sdk.definitions.asset import Asset

        known: dict[str, tuple[str, str, str]] = {}
        for dag in self.dags.values():
            for task in dag.tasks:
                for thing in [*task.outlets, *task.inlets]:
                    if isinstance(thing, Asset):
                        known[thing.name] = (thing.name, thing.uri, thing.group)
            for asset in _scheduled_assets(dag):
                known[asset.name] = (asset.name, asset.uri, asset.group)
        return known


def _at(event: AssetEvent) -> Instant:
    return event.at


def _date(run: DagRun) -> Instant:
    return run.logical_date or BEGINNING


def _scheduled_assets(dag: Any) -> Iterator[Any]:
    """The assets of a Dag's asset condition, however deep."""
    from airflow.sdk.definitions.asset import Asset

    todo = [getattr(dag.timetable, "asset_condition", None)]
    while todo:
        condition = todo.pop()
        if isinstance(condition, Asset):
            yield condition
        todo += getattr(condition, "objects", ())


def facts(run: DagRun) -> RunFacts:
    """The facts of a run."""
    found: RunFacts = run.extra
    return found


def ti_id(ti: TaskInstance) -> UUID:
    """The UUID of a task instance's present try; derived, so that two simulations agree."""
    run = ti.run
    return uuid5(NAMESPACE_URL, f"{run.dag.dag_id}/{run.run_id}/{ti.task_id}/{ti.map_index}/{ti.try_number}")


def matching_xcoms(
    store: Store, dag_id: str, run_id: str, task_id: str, key: str, prior: bool
) -> Iterator[tuple[int, Any]]:
    """(map_index, value) of the XComs of a task, ascending; with ``prior`` also those of earlier runs, latest first.

    Source: ``XComModel.get_many`` (3.3.2).
    """
    run = store.run(dag_id, run_id)
    if run is None:
        return
    runs = [run]
    if prior:
        limit = run.logical_date if run.logical_date is not None else run.run_after
        dated = [(r.logical_date if r.logical_date is not None else r.run_after, r) for r in store.runs_of(dag_id)]
        runs = [r for at, r in sorted(dated, key=lambda pair: -pair[0]) if at <= limit]
    for each in runs:
        own = facts(each)
        if own.elsewhere is None or (task_id, key) in own.elsewhere:
            yield from own.xcoms.of_task(task_id, key)
