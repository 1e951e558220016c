"""A rehearsal: Dags loaded once, run as often as asked, each time in a simulation of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from harness.bridge.answers_xcom import RETURN_KEY, encoded, keep
from harness.bridge.loader import Folder, load
from harness.bridge.snapshot import snapshot
from harness.bridge.store import AssetEvent, RunFacts, Store
from harness.bridge.supervisor import supervisor_comms
from harness.bridge.timetables import RunPlan, manual, scheduled
from harness.errors import TaskNotFound, known_names
from harness.kernel import SECOND, Instant
from harness.kernel.frozen import frozen_instant
from harness.replay.journal import FileJournal, Journal, NoJournal
from harness.report.result import RunResult
from harness.scheduler.mapping import create_instances
from harness.scheduler.model import DagRun
from harness.scheduler.queueing import Limits, Pool
from harness.session.companions import awaited_runs
from harness.session.driver import Driver
from harness.session.environment import simulation_environment
from harness.session.record import Recorder, Watcher
from harness.session.results import run_result
from harness.session.services import served
from harness.session.waiting import unfinished_error
from harness.world import World

if TYPE_CHECKING:
    from airflow.sdk import DAG

HORIZON: int = 30 * 24 * 3600 * SECOND
"""Virtual time after its start at which a simulation stops, unless told otherwise: 30 days."""


@dataclass(frozen=True)
class RunOptions:
    """How one run is made.

    Attributes:
        logical_date: None takes the first run of the schedule.
        manual: a run as a person triggers it, instead of the schedule's own.
        conf, params: of the run; params are merged into conf, as the trigger form does.
        only: task ids to run, all others left out.
        start_from: this task and what lies downstream of it.
        xcoms: task_id -> return value (or key -> value when wrapped in `Keyed`), as if those tasks had run.
        seed: of ``random`` in task code.
        start: virtual start of the simulation; default the run's ``run_after``.
        horizon: virtual end at the latest, after the start, microseconds.
        keep: folder for the ledger, None for none.
        companions: also run the Dags that sensors of this one wait for.
        asset_events: (name, uri, extra) consumed by the run.
        debug: leave ``stdout`` alone, for a debugger.
        on_error: called in the task's own process with what its code raised, before anything else is done about it.
    """

    logical_date: Instant | None = None
    manual: bool = False
    conf: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    start_from: str | None = None
    xcoms: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    start: Instant | None = None
    horizon: int = HORIZON
    keep: Path | None = None
    companions: bool = True
    asset_events: tuple[tuple[str, str, Mapping[str, Any]], ...] = ()
    debug: bool = False
    on_error: Callable[[BaseException], None] | None = None


class Rehearsal:
    """Dags and a world; `run` simulates.

    Args:
        folder: loaded Dags; `Rehearsal.of_paths` loads them.
    """

    def __init__(self, folder: Folder | None = None) -> None:
        self.folder = folder if folder is not None else Folder()

    @classmethod
    def of_paths(cls, paths: Iterable[Path]) -> Rehearsal:
        """Load the Dags below these paths.

        Raises: NoDagsFolder: a path that does not exist, or no Dag file at all.
        """
        return cls(load(list(paths)))

    def plan(self, dag: DAG, options: RunOptions) -> RunPlan:
        """Which run the options mean.

        Raises: OffSchedule.
        """
        date = options.logical_date
        if date is None:
            frozen = frozen_instant()
            date = None if frozen is None or not options.manual else frozen
        return manual(dag, date) if options.manual else scheduled(dag, date)

    def run(
        self,
        dag: DAG | str,
        world: World | None = None,
        options: RunOptions | None = None,
        watcher: Watcher | None = None,
    ) -> RunResult:
        """Simulate one run of a Dag, and whatever it triggers or waits for.

        Raises: DagNotFound, OffSchedule, TaskNotFound, ServiceUnavailable; RunStuck and HorizonReached, with the
            result as their ``result``.
        """
        found = self.folder.dag(dag) if isinstance(dag, str) else dag
        chosen = options if options is not None else RunOptions()
        plan = self.plan(found, chosen)
        began = perf_counter()
        journal: Journal = NoJournal()
        with ExitStack() as stack:
            if chosen.keep is not None:
                journal = stack.enter_context(FileJournal(chosen.keep))
            live = stack.enter_context(served(world or World()))
            result = _Simulated(self.folder, found, plan, live, chosen, journal, watcher).result()
        result.real_seconds = perf_counter() - began
        result.ledger = chosen.keep
        return result


class _Simulated:
    """One simulation around one run."""

    def __init__(
        self,
        folder: Folder,
        dag: DAG,
        plan: RunPlan,
        world: World,
        options: RunOptions,
        journal: Journal,
        watcher: Watcher | None,
    ) -> None:
        self.dag, self.plan, self.world, self.options = dag, plan, world, options
        self.store = Store(world, {**folder.dags, dag.dag_id: dag})
        self.recorder = Recorder(journal, watcher)

    def result(self) -> RunResult:
        """Simulate, and tell what became of the run."""
        start = self._start()
        horizon = start + self.options.horizon
        pools = {name: Pool(name, pool.slots, pool.include_deferred) for name, pool in self.world.pools.items()}
        limits = Limits(self.world.executor.parallelism, pools)
        durations = self.world
        with simulation_environment(
            start,
            self.world,
            self.options.seed,
            self.recorder.log,
            lambda ti: durations.duration_of(ti.run.dag.dag_id, ti.task_id),
            not self.options.debug,
        ) as (simulation, interruption):
            self.recorder.simulation = simulation
            driver = Driver(simulation, self.store, limits, self.recorder, interruption)
            driver.on_error = self.options.on_error
            self.store.trigger = lambda *asked: self._triggered(driver, *asked)
            self.store.reset = driver.reset
            with supervisor_comms(driver.supervisor):
                run = self._begin(driver)
                simulation.run_until(horizon)
                problem = unfinished_error(driver, run, horizon)
                simulation.close()
            result = run_result(run, self.recorder)  # here still: a naive date in an XCom means UTC
            result.companions = [run_result(r, self.recorder) for r in self.store.runs.values() if r is not run]
        if interruption.happened:
            interruption.go_on()
        if problem is not None:
            problem.result = result  # type: ignore[attr-defined]
            raise problem
        return result

    def _start(self) -> Instant:
        if self.options.start is not None:
            return self.options.start
        frozen = frozen_instant()
        return self.plan.run_after if frozen is None else frozen

    def _begin(self, driver: Driver) -> DagRun:
        run = self._create(self.dag, self.plan, {**self.options.conf, **self.options.params}, self._kept())
        for name, uri, extra in self.options.asset_events:
            event = AssetEvent(len(self.store.events) + 1, name, uri, "asset", dict(extra), driver.simulation.now)
            self.store.events.append(event)
            run.extra.consumed.append(event)
        for task_id, value in self.options.xcoms.items():
            self._give_xcom(run, task_id, value)
        if self.options.companions and not self.options.only:
            for dag, plan in awaited_runs(self.dag, self.plan, self.store.dags):
                driver.add(self._create(dag, plan, {}, None))
        driver.add(run)
        return run

    def _kept(self) -> set[str] | None:
        """Task ids to run, None for all."""
        chosen = self.options
        for task_id in (*chosen.only, *([chosen.start_from] if chosen.start_from else [])):
            if task_id not in self.dag.task_dict:
                raise TaskNotFound(
                    f"no task {task_id!r} in Dag {self.dag.dag_id!r}",
                    where=str(self.dag.fileloc),
                    known=known_names(task_id, self.dag.task_dict),
                )
        if chosen.only:
            return set(chosen.only)
        if chosen.start_from:
            task = self.dag.task_dict[chosen.start_from]
            return {chosen.start_from, *task.get_flat_relative_ids(upstream=False)}
        return None

    def _create(self, dag: DAG, plan: RunPlan, conf: Mapping[str, Any], kept: set[str] | None) -> DagRun:
        run = DagRun(
            dag=snapshot(dag, kept),
            run_id=plan.run_id,
            run_type=plan.run_type,
            logical_date=plan.logical_date,
            data_interval_start=plan.data_interval_start,
            data_interval_end=plan.data_interval_end,
            run_after=plan.run_after,
            conf=conf,
        )
        run.extra = RunFacts(dag)
        create_instances(run)
        return run

    def _give_xcom(self, run: DagRun, task_id: str, value: Any) -> None:
        """A return value as if its task had pushed it; also what mapping looks at."""
        if task_id not in self.dag.task_dict:
            raise TaskNotFound(
                f"xcoms name {task_id!r}, which is no task of {self.dag.dag_id!r}",
                known=known_names(task_id, self.dag.task_dict),
            )
        task = self.dag.task_dict[task_id]
        if isinstance(value, (list, tuple)) and (task.is_mapped or task.get_closest_mapped_task_group() is not None):
            for index, item in enumerate(value):  # one value an instance
                keep(run, task_id, index, RETURN_KEY, encoded(item))
            return
        keep(run, task_id, -1, RETURN_KEY, encoded(value))
        if isinstance(value, (list, dict, tuple)):
            run.lengths[task_id] = len(value)

    def _triggered(
        self,
        driver: Driver,
        dag_id: str,
        run_id: str,
        logical_date: Instant | None,
        run_after: Instant | None,
        conf: Mapping[str, Any],
    ) -> DagRun:
        """Source: ``trigger_dag`` (3.3.2): an operator-triggered run, its interval inferred from its logical date."""
        dag = self.store.dags[dag_id]
        now = driver.simulation.now
        interval = manual(dag, logical_date) if logical_date is not None else None
        plan = RunPlan(
            run_id,
            "operator_triggered",
            logical_date,
            interval.data_interval_start if interval else None,
            interval.data_interval_end if interval else None,
            run_after if run_after is not None else (logical_date if logical_date is not None else now),
        )
        run = self._create(dag, plan, conf, None)
        driver.add(run)
        return run
