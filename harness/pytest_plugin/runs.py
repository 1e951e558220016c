"""``run_dag``, ``run_task`` and ``render_task``: simulated runs as test fixtures, and how their arguments are read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.project.declarations import SECRETS
from harness.pytest_plugin.failures import remember
from harness.pytest_plugin.masking import lived_in
from harness.pytest_plugin.pages import kept
from harness.pytest_plugin.project import _no_folder, project_of

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from harness.kernel.instant import Instant
    from harness.ledger.past_run import PastRun
    from harness.results.calendar import CalendarResult
    from harness.results.run import RunResult, TaskResult
    from harness.results.when import Readiness
    from harness.services.binding import Leases
    from harness.simulation import CalendarOptions, Rehearsal
    from harness.simulation.replays.replaying import ReplayOptions
    from harness.simulation.what_if.when import WhenOptions
    from harness.world import World


Date = str | datetime | date
Span = float | str | timedelta
Consumed = tuple[str, str, Mapping[str, Any]]


def instant(value: Date | None, name: str) -> Instant | None:
    """Microseconds since the epoch of ISO text, a ``datetime`` or a ``date``; UTC where no zone is named.

    Args:
        name: of the argument, for the error.
    Raises: UsageError: anything else.
    """
    from harness.bridge.timetables import moment_of_argument

    return None if value is None else moment_of_argument(value, name)


def moment(value: Date | None, name: str) -> datetime | None:
    """The same as an aware ``datetime``."""
    from harness.kernel.instant import to_datetime

    at = instant(value, name)
    return None if at is None else to_datetime(at)


def microseconds(value: Span, name: str) -> int:
    """Microseconds of seconds, of text such as ``90m`` or ``7d``, or of a ``timedelta``.

    Raises: UsageError: anything else, or a negative one.
    """
    from harness.errors import UsageError
    from harness.world.duration import typed_duration

    try:
        return typed_duration(value)
    except ValueError as error:
        raise UsageError(f"{name}={value!r}: {error}", fix=f'{name}=timedelta(hours=2), "2h", or seconds') from None


def after(value: Date | Span, since: Instant, name: str) -> Instant:
    """The instant of a date, or that of a span after another instant.

    Raises: UsageError: anything else.
    """
    from harness.kernel.instant import later
    from harness.world.duration import is_duration

    if isinstance(value, (timedelta, int, float)) or (isinstance(value, str) and is_duration(value)):
        return later(since, microseconds(value, name))
    found = instant(value, name)
    assert found is not None
    return found


def chosen(name: str, names: Iterable[str] | None) -> tuple[str, ...]:
    """Ids that a test chooses, one or several; empty only where it chooses none.

    Raises: UsageError: a choice of nothing, as of a list that came out empty: all would be taken, or none tested.
    """
    from harness.errors import UsageError

    if names is None:
        return ()
    ids = (names,) if isinstance(names, str) else tuple(names)
    if not ids or not all(ids):
        raise UsageError(f"{name}={names!r} names nothing", fix=f"name what is meant, or leave {name}= out")
    return ids


def consumed(events: Iterable[Any]) -> tuple[Consumed, ...]:
    """(name, uri, extra) of asset events given as names, ``Asset`` objects, or those tuples.

    Raises: UsageError: anything else.
    """
    from harness.errors import UsageError

    found: list[Consumed] = []
    for event in events:
        if isinstance(event, str):
            found.append((event, event, {}))
        elif isinstance(event, tuple) and 1 <= len(event) <= 3:
            name, *rest = event
            found.append((name, rest[0] if rest else name, rest[1] if len(rest) > 1 else {}))
        elif hasattr(event, "name") and hasattr(event, "uri"):
            found.append((event.name, event.uri, {}))
        else:
            raise UsageError(f"asset_events holds {event!r}", fix="an Asset, its name, or (name, uri, extra)")
    return tuple(found)


def world_of(value: World | str | Path) -> World:
    """A world, or the one a file declares.

    Raises: WorldError: the file cannot be read or has problems. UsageError: neither.
    """
    from harness.world import World, load

    return value if isinstance(value, World) else load(world_path(value, "world="))


def world_path(value: object, what: str) -> Path:
    """The path of a world file that a test names.

    Args:
        what: where it is named.
    Raises: UsageError: it is no path.
    """
    from harness.errors import UsageError

    if isinstance(value, (str, Path)):
        return Path(value)
    raise UsageError(f"{what}{value!r} is no world", fix="the world fixture, a World, or the path of a world file")


def traced(memory: bool) -> AbstractContextManager[None]:
    """Memory traced for the block, where a test asks for it."""
    from harness.kernel.footprint import measured_memory

    return measured_memory() if memory else nullcontext()


class Runner:
    """Runs Dags for one test.

    Args:
        world: of runs that name none.
        leases: what the test's connections have of services.
    """

    def __init__(self, rehearsal: Rehearsal, config: pytest.Config, world: World, leases: Leases) -> None:
        self._rehearsal, self._config, self._world, self._leases = rehearsal, config, world, leases

    def run_dag(
        self,
        dag: DAG | str,
        logical_date: Date | None = None,
        *,
        conf: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        world: World | str | Path | None = None,
        manual: bool = False,
        only: Iterable[str] | None = None,
        from_task: str | None = None,
        xcoms: Mapping[str, Any] | None = None,
        seed: int = 0,
        start: Date | None = None,
        horizon: Span | None = None,
        asset_events: Iterable[Any] = (),
        keep: str | Path | None = None,
        others: Iterable[DAG] = (),
        alone: bool = False,
        from_ledger: str | Path | None = None,
        run_id: str | None = None,
        memory: bool = False,
        start_from: str | None = None,
    ) -> RunResult:
        """Simulate one run of a Dag in virtual time, through Airflow's own task runner, in this process.

        Args:
            dag: a dag_id of the project, or a ``DAG`` object, also one made in the test.
            logical_date: ISO text, ``datetime`` or ``date``; UTC where no zone is named. None is the first of the
                schedule.
            conf, params: of the run.
            world: in place of the ``world`` fixture: a World, or a world file.
            manual: as a person triggers it, not the schedule.
            only: task ids to run; the others are left out. None for all; no id at all is an error.
            from_task: this task and all downstream of it.
            xcoms: task_id -> return value, as if those tasks had run.
            seed: of ``random`` in task code, and of durations that are drawn.
            start: virtual start of the simulation; default the frozen instant, else when the run is due.
            horizon: virtual seconds, ``"12h"`` or a ``timedelta``, then the simulation gives up; default 30 days.
            asset_events: what the run consumes: assets, their names, or (name, uri, extra).
            keep: folder for the ledger of the run.
            others: further DAG objects that exist, for what the run triggers or waits for.
            alone: leave out the Dags that sensors wait for.
            from_ledger: folder of a ledger whose run of this Dag is run again: its dates, its conf, and the XComs of
                tasks that are left out.
            run_id: of that ledger, where neither ``logical_date`` nor the Dag alone tells which.
            memory: have memory traced, for `peak_bytes` of each task; code that allocates much is slower then.
            start_from: the former name of ``from_task``, for one more release.
        Raises: DagNotFound, DagImportError, LedgerError, OffSchedule, TaskNotFound, NoDagsFolder, ServiceUnavailable,
            UsageError; RunStuck and HorizonReached, the result on their ``result``. A failed task raises nothing: see
            ``state``.
        """
        from harness.simulation.options import HORIZON, RunOptions

        __tracebackhide__ = True
        if start_from is not None:
            from harness.errors import renamed

            renamed("start_from=", "from_task=")
            from_task = start_from if from_task is None else from_task
        options = RunOptions(
            logical_date=moment(logical_date, "logical_date"),
            manual=manual,
            conf=dict(conf or {}),
            params=dict(params or {}),
            only=chosen("only", only),
            from_task=from_task,
            xcoms=dict(xcoms or {}),
            seed=seed,
            start=moment(start, "start"),
            horizon=HORIZON if horizon is None else timedelta(microseconds=microseconds(horizon, "horizon")),
            keep=None if keep is None else Path(keep),
            companions=not alone,
            asset_events=consumed(asset_events),
            on_error=_let_through,
            past=_past(dag, logical_date, from_ledger, run_id),
        )
        with traced(memory):
            return self._run(dag, self._world if world is None else world_of(world), options, others)

    def run_task(
        self,
        dag: DAG | str,
        task_id: str,
        xcoms: Mapping[str, Any] | None = None,
        logical_date: Date | None = None,
        *,
        conf: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        world: World | str | Path | None = None,
        map_index: int | None = None,
        manual: bool = False,
        seed: int = 0,
        start: Date | None = None,
    ) -> TaskResult:
        """Run one task of a Dag, with its retries, its upstream tasks replaced by the XComs given.

        Args:
            xcoms: upstream task_id -> return value.
            map_index: which instance, of a mapped task with several; for all of them
                ``run_dag(dag, only=[task_id], xcoms=…).tasks(task_id)``.
        Returns: its state, XComs, rendered fields, log and attempts. A task that fails raises nothing.
        Raises: as ``run_dag``; TaskNotFound also when a mapped task has several instances and none was picked.
        """
        __tracebackhide__ = True
        options: dict[str, Any] = {"conf": conf, "params": params, "world": world, "manual": manual}
        run = self.run_dag(dag, logical_date, only=(task_id,), xcoms=xcoms, seed=seed, start=start, **options)
        return run.task(task_id, map_index)

    def render_task(
        self,
        dag: DAG | str,
        task_id: str,
        xcoms: Mapping[str, Any] | None = None,
        logical_date: Date | None = None,
        *,
        conf: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        world: World | str | Path | None = None,
        map_index: int | None = None,
        manual: bool = False,
    ) -> dict[str, Any]:
        """The template fields of a task as Airflow renders them; its ``execute`` does not run.

        Args: as ``run_task``.
        Returns: field -> rendered value, in the form that Airflow's user interface shows.
        Raises: as ``run_task``; NotRendered: a template failed.
        """
        __tracebackhide__ = True
        dag_id = dag if isinstance(dag, str) else dag.dag_id
        if isinstance(dag, str):
            dag = self._dag(dag)
            dag_id = dag.dag_id
        stubbed = (self._world if world is None else world_of(world)).copy()
        stubbed.stub(f"{dag_id}.{task_id}", returns=None)
        options: dict[str, Any] = {"conf": conf, "params": params, "world": stubbed, "manual": manual}
        result = self.run_task(dag, task_id, xcoms, logical_date, map_index=map_index, **options)
        if result.state != "success":
            raise _not_rendered(dag_id, result)
        return dict(result.rendered)

    def _run(self, dag: DAG | str, world: World, options: Any, others: Iterable[DAG]) -> RunResult:
        __tracebackhide__ = True
        found = self._dag(dag) if isinstance(dag, str) else dag
        lived_in(self._config, world)
        world = replace(world, env={**self._set_in_the_test(), **world.env})
        rehearsal = self._with(others)
        options = replace(options, keep=kept(self._config, options.keep, found.dag_id))
        try:
            result = rehearsal.run(found, world, options, leases=self._leases)
        except Exception as error:
            unfinished = getattr(error, "result", None)
            if unfinished is not None:
                remember(self._config, unfinished)
            raise
        remember(self._config, result)
        return result

    def simulate(self, options: CalendarOptions, world: World | None, others: Iterable[DAG]) -> CalendarResult:
        """The calendar of the project's Dags; see the fixture ``simulate``."""
        __tracebackhide__ = True
        rehearsal, lived = self._folder(world, others)
        options = replace(options, on_error=_let_through, keep=kept(self._config, options.keep, "simulation"))
        return rehearsal.simulate(options, lived, leases=self._leases)

    def when_ready(self, options: WhenOptions, world: World | None, others: Iterable[DAG]) -> Readiness:
        """When runs are ready; see the fixture ``when_ready``."""
        from harness.simulation.what_if.when import when

        __tracebackhide__ = True
        rehearsal, lived = self._folder(world, others)
        return when(rehearsal, options, lived)

    def replay(self, options: ReplayOptions, world: World | None, others: Iterable[DAG]) -> CalendarResult:
        """A backfill; see the fixture ``replay``."""
        __tracebackhide__ = True
        rehearsal, lived = self._folder(world, others)
        options = replace(options, on_error=_let_through, keep=kept(self._config, options.keep, "replay"))
        return rehearsal.replay(options, lived, leases=self._leases)

    def _folder(self, world: World | None, others: Iterable[DAG]) -> tuple[Rehearsal, World]:
        """The project's Dags and others, and the world that they live in."""
        __tracebackhide__ = True
        rehearsal = self._with(others)
        if not rehearsal.folder.dags:
            raise _no_folder()
        world = self._world if world is None else world
        lived_in(self._config, world)
        return rehearsal, replace(world, env={**self._set_in_the_test(), **world.env})

    def _dag(self, dag_id: str) -> DAG:
        __tracebackhide__ = True
        if not self._rehearsal.folder.roots:
            raise _no_folder()
        return self._rehearsal.folder.dag(dag_id)

    def _with(self, others: Iterable[DAG]) -> Rehearsal:
        from harness.simulation import Rehearsal

        added = {other.dag_id: other for other in others}
        if not added:
            return self._rehearsal
        folder = self._rehearsal.folder
        xcom_bytes, surroundings = self._rehearsal.xcom_bytes, self._rehearsal.surroundings
        return Rehearsal(replace(folder, dags={**folder.dags, **added}), xcom_bytes, surroundings)

    def _set_in_the_test(self) -> dict[str, str]:
        """``AIRFLOW_CONN_*`` and ``AIRFLOW_VAR_*`` set since pytest started: a test means them, unlike its owner's."""
        owners = project_of(self._config).secrets
        now = {name: value for name, value in os.environ.items() if name.startswith(SECRETS)}
        return {name: value for name, value in now.items() if owners.get(name) != value}


@pytest.fixture
def _airflow_runner(
    _airflow_rehearsal: Rehearsal,
    pytestconfig: pytest.Config,
    world: World,
    _airflow_world: World,
    _airflow_leases: Leases,
) -> Runner:
    from harness.world import World

    ours = world if isinstance(world, World) else _airflow_world  # a fixture of that name may be another plugin's
    return Runner(_airflow_rehearsal, pytestconfig, ours, _airflow_leases)


@pytest.fixture
def run_dag(_airflow_runner: Runner) -> Callable[..., RunResult]:
    """Simulate one run: ``run_dag(dag_or_id, logical_date=…, conf=…, world=…, only=…, xcoms=…)`` -> RunResult."""
    return _airflow_runner.run_dag


@pytest.fixture
def run_task(_airflow_runner: Runner) -> Callable[..., TaskResult]:
    """Run one task with given upstream XComs: ``run_task(dag_or_id, task_id, xcoms={…})`` -> TaskResult."""
    return _airflow_runner.run_task


@pytest.fixture
def render_task(_airflow_runner: Runner) -> Callable[..., dict[str, Any]]:
    """Rendered template fields without executing: ``render_task(dag_or_id, task_id, xcoms={…})`` -> dict."""
    return _airflow_runner.render_task


def _past(dag: DAG | str, logical_date: Date | None, ledger: str | Path | None, run_id: str | None) -> PastRun | None:
    """The run of a ledger that is meant. Raises: LedgerError. UsageError: a run of no ledger."""
    from harness.errors import UsageError
    from harness.kernel.instant import iso
    from harness.ledger.past_run import past_run
    from harness.ledger.reading import found

    if ledger is None:
        if run_id is not None:
            raise UsageError(f"run_id={run_id!r} names a run of a ledger", fix="name that too: from_ledger=")
        return None
    at = instant(logical_date, "logical_date")
    dag_id = dag if isinstance(dag, str) else dag.dag_id
    return past_run(found(str(ledger), Path(ledger)), dag_id, None if at is None else iso(at), run_id)


def _let_through(error: BaseException) -> None:
    """``pytest.skip``, ``fail`` and ``exit`` (also quitting the debugger) in task code concern pytest, not Airflow."""
    outcomes = (pytest.skip.Exception, pytest.fail.Exception, pytest.exit.Exception)
    if isinstance(error, (*outcomes, KeyboardInterrupt)):
        raise error


def _not_rendered(dag_id: str, result: TaskResult) -> Exception:
    from harness.errors import NotRendered

    failure = result.error
    reason = f"{failure.kind}: {failure.message}" if failure is not None else result.reason or str(result.state)
    return NotRendered(
        f"the templates of {dag_id}.{result.name} do not render: {reason}",
        where=failure.where if failure is not None else None,
        known=failure.hint if failure is not None else None,
        fix="give what the template needs: xcoms=, params=, conf=, or world.set_variable(…)",
    )
