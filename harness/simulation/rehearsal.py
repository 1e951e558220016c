"""A rehearsal: Dags loaded once, run as often as asked, each time in a simulation of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from harness.bridge.environment.surroundings import Surroundings
from harness.bridge.loader import Folder, answered_from, load, load_file
from harness.bridge.stored import unscheduled, unstorable
from harness.bridge.supervisor.store import AssetEvent, facts
from harness.bridge.timetables import RunPlan, manual, scheduled
from harness.checks.context import LIMITS
from harness.errors import HarnessError, MachineError, Unserialisable, UsageError
from harness.kernel import Instant
from harness.kernel.clock import frozen_instant
from harness.kernel.instant import later, span, to_instant
from harness.kernel.present import see_unclaimed
from harness.ledger.journal import FileJournal, Journal, NoJournal
from harness.ledger.resuming import ResumedJournal
from harness.project import exports
from harness.project.declarations import VARIABLE, told
from harness.project.discovery import dag_files
from harness.project.drivers import DriverOptions
from harness.project.importers import refuse_hidden
from harness.project.repository import Repository, by_settings, repository_of, root_of
from harness.results.calendar import CalendarResult
from harness.results.finding import Finding
from harness.results.run import RunResult
from harness.results.services import ServiceUse
from harness.scheduler.model import DagRun
from harness.simulation.awaited_dags import awaited_runs, failed_unawaited
from harness.simulation.components.scheduler_loop import Driver
from harness.simulation.components.spilled_runs import SpilledRuns
from harness.simulation.ledger_facts import facts_of_calendar, facts_of_run
from harness.simulation.options import CalendarOptions, RunOptions
from harness.simulation.past_runs import give_past, plan_of
from harness.simulation.preset_xcoms import give_xcom
from harness.simulation.replays.couplings import coupling_seen
from harness.simulation.replays.elsewhere import opened
from harness.simulation.replays.idempotence import checked
from harness.simulation.replays.parts import Coupled, PartedReplay
from harness.simulation.replays.replaying import Replay, ReplayOptions, replay_of
from harness.simulation.results import run_result
from harness.simulation.rules_only.factory import factory_for
from harness.simulation.run_factory import RunFactory
from harness.simulation.simulated import SimulatedCalendar, refusal, runs_otherwise, simulated_calendar
from harness.simulation.stuck import unfinished_error, unfinished_findings
from harness.simulation.unmatched import check_options, check_world, unmatched_instances
from harness.simulation.watchers import CountsRuns, Watcher, watched_by
from harness.simulation.worlds import ServedWorld, served, with_declared
from harness.world import World
from harness.world.file import shown_path
from harness.world.sources import variable_of

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from harness.services.binding import Leases


class Rehearsal:
    """Dags and a world; `run` simulates.

    Args:
        folder: loaded Dags; `Rehearsal.of_paths` loads them.
        xcom_bytes: of JSON, above which an XCom is a finding; None: no XCom is one.
    Attributes:
        set_aside: what is said of connections and variables in ``.env`` that the world does not name.
        unfinished: what the last simulation came to that ended with an error, Ctrl-C or SIGTERM, where it came to that.
        drivers: of services, asked for outside the world.
        spills: runs that have ended are put aside, so that memory does not grow with their number, and calendars have
            outlines of them: see `harness.simulation.components.spilled_runs`.
    """

    def __init__(
        self,
        folder: Folder | None = None,
        xcom_bytes: float | None = LIMITS["xcom-bytes"],
        surroundings: Surroundings | None = None,
    ) -> None:
        self.folder = folder if folder is not None else Folder()
        self.xcom_bytes = xcom_bytes
        self.surroundings = surroundings or Surroundings()
        self.unfinished: RunResult | CalendarResult | None = None
        self.set_aside: list[str] = []
        self.drivers = DriverOptions()
        self.spills = False
        self._stored: dict[str, Unserialisable | None] = {}

    @classmethod
    def of_paths(
        cls,
        paths: Iterable[Path],
        xcom_bytes: float | None = LIMITS["xcom-bytes"],
        world: World | None = None,
        owners: Mapping[str, str] | None = None,
    ) -> Rehearsal:
        """Load the Dags below these paths, in the surroundings of their project.

        Args:
            world: answers what the files ask for at their top level.
            owners: connections and variables of whoever runs us, which are not for them; None: those of now.
        Raises: NoDagsFolder: a path that does not exist, or no Dag file at all. UsageError: a file of the project,
            as ``.env``, that cannot be read as what it is.
        """
        roots = list(paths)
        surroundings = surroundings_of(roots, world, owners)
        repository = surroundings.repository
        aside = [  # before the world's variables have those of the project among them
            *told(repository.places, _names(world)),
            *exports.told(repository.exports, _taken(world, repository)),
        ]
        with surroundings.entered():
            declared = with_declared(world, repository, surroundings.secrets)
            folder = load(roots, declared, surroundings.hidden)
        rehearsal = cls(folder, xcom_bytes, surroundings)
        rehearsal.set_aside = aside
        folder.notes += [*repository.unread, *aside]
        return rehearsal

    def load_file(self, file: Path, world: World | None = None) -> None:
        """Load one file more, which the project's ignore files leave out."""
        with self.surroundings.entered(), self._answered(world):
            self.folder.files.append(file)
            load_file(file, root_of(file, self.surroundings.repository), self.folder)

    def _answered(self, world: World | None) -> AbstractContextManager[None]:
        return answered_from(self.world_with(world), self.surroundings.hidden)

    def world_with(self, world: World | None) -> World:
        """The world, and what the project's own files set and it does not.

        Raises: WorldError: something of it is no text.
        """
        found = with_declared(world, self.surroundings.repository, self.surroundings.secrets, required=True)
        found.check_text()
        return found

    def plan(self, dag: DAG, options: RunOptions) -> RunPlan:
        """Which run the options mean.

        Raises: OffSchedule, Unserialisable.
        """
        for _, error in unscheduled([dag]):
            raise error
        if options.past is not None:
            return plan_of(options.past)
        date = None if options.logical_date is None else to_instant(options.logical_date)
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
        leases: Leases | None = None,
    ) -> RunResult:
        """Simulate one run of a Dag, and whatever it triggers or waits for.

        Args:
            leases: what the world's connections have of services, kept by a test; None to start and end them here.
        Raises: DagNotFound, ExecutorMissing, OffSchedule, TaskNotFound, UnmatchedEntry, UsageError,
            ServiceUnavailable; RunStuck and HorizonReached, with the result as their ``result``.
        """
        see_unclaimed()
        found = self.folder.dag(dag) if isinstance(dag, str) else dag
        chosen = options if options is not None else RunOptions()
        check_options(found, chosen)
        with self.surroundings.entered():  # once for both: to enter them takes a millisecond
            return self._run(found, self.plan(found, chosen), world, chosen, watcher, leases)

    def _run(
        self,
        found: DAG,
        plan: RunPlan,
        world: World | None,
        chosen: RunOptions,
        watcher: Watcher | None,
        leases: Leases | None,
    ) -> RunResult:
        dags = {**self.folder.dags, found.dag_id: found}
        doubts = [
            *failed_plugins(self.surroundings),
            *runs_otherwise(found),
            *check_world(world or World(), dags, self.folder),
        ]
        began = perf_counter()
        journal: Journal = NoJournal()
        with self._unfinished_kept(began, chosen.keep) as ending, ExitStack() as stack:
            if chosen.keep is not None:
                journal = stack.enter_context(FileJournal(chosen.keep, facts_of_run(found.dag_id, plan, chosen)))
            services = stack.enter_context(served(self.world_with(world), self.drivers, leases))
            live = services.world
            run_factory = ending.run_factory = RunFactory(dags, live, journal, watcher, self.xcom_bytes)
            run_factory.leases = services.leases
            result = _Simulated(run_factory, found, plan, chosen).result()
            doubts += [refusal(error, found.dag_id) for error in self._unstorable([found]).values()]
            left = unmatched_instances(live, run_factory.store.runs.values())
            run_factory.recorder.around((*doubts, *left))
            uses = _uses(services, run_factory)
            result = replace(result, findings=(*doubts, *result.findings, *left), services=uses)
            ending.result = result
        return replace(result, real_seconds=perf_counter() - began, ledger=chosen.keep)

    def simulate(
        self,
        options: CalendarOptions,
        world: World | None = None,
        watcher: Watcher | None = None,
        leases: Leases | None = None,
        simulated: SimulatedCalendar = simulated_calendar,
        journal: Journal | None = None,
    ) -> CalendarResult:
        """Simulate what the schedules of all Dags ask for over a stretch of virtual time.

        Args:
            leases: as in `run`.
            simulated: simulates it; another one for parts of it.
            journal: for its records, in place of one in ``options.keep``.
        Raises: DagNotFound, UnmatchedEntry, ServiceUnavailable.
        """
        see_unclaimed()
        with self.surroundings.entered():  # stubs may name functions of the project
            doubts = check_world(world or World(), self.folder.dags, self.folder)
        chosen = {dag_id: self.folder.dag(dag_id) for dag_id in options.dag_ids} or self.folder.dags
        began = perf_counter()
        with self._unfinished_kept(began, options.keep) as ending, ExitStack() as stack:
            journal = NoJournal() if journal is None else journal
            if options.keep is not None:
                kind = ResumedJournal if options.resume else FileJournal
                journal = stack.enter_context(kind(options.keep, facts_of_calendar(options)))
            stack.enter_context(self.surroundings.entered())
            lived = self.world_with(world)
            services = stack.enter_context(served(lived, self.drivers, leases)) if options.code else ServedWorld(lived)
            live = services.world
            unstorable = self._unstorable(chosen.values())
            given = (self.folder.dags, live, journal, watcher, self.xcom_bytes, unstorable)
            run_factory = ending.run_factory = factory_for(options)(*given)
            run_factory.leases = services.leases
            if self.spills and options.code:
                run_factory.recorder.runs = SpilledRuns(run_factory.recorder, options.keep)
            result = simulated(run_factory, chosen.values(), options)
            left = unmatched_instances(live, run_factory.store.runs.values())
            findings = (*failed_plugins(self.surroundings), *result.findings, *doubts, *left)
            run_factory.recorder.around(findings)
            result = replace(result, findings=findings, services=_uses(services, run_factory))
            ending.result = result
        return replace(result, real_seconds=perf_counter() - began, ledger=options.keep)

    def replay(
        self,
        options: ReplayOptions,
        world: World | None = None,
        watcher: Watcher | None = None,
        leases: Leases | None = None,
    ) -> CalendarResult:
        """Simulate backfills, as Airflow makes them.

        Args:
            leases: as in `run`.
        Raises: as `simulate`; UsageError: Dags or dates of which Airflow makes no backfill.
        """
        if options.dry_run:  # nothing runs, so no service is needed, and that no Dag has a run is no news
            return replace(self.simulate(self.replay_of(options).options, None, watcher), idle=())
        if options.jobs > 1 or options.engine is not None:
            return self._shared(options, world, watcher, leases)
        if not options.idempotent:
            return self.simulate(self.replay_of(options).options, world, watcher, leases)
        dags = {dag_id: self.folder.dag(dag_id) for dag_id in options.dag_ids}
        live = world or World()
        with self.surroundings.entered(), served(self.world_with(live), self.drivers, leases) as services:

            def again(options: ReplayOptions, world: World, writers: Watcher | None) -> CalendarResult:
                watchers = [one for one in (writers, watcher) if one is not None]
                return self.simulate(self.replay_of(options).options, world, watched_by(watchers), services.leases)

            return checked(dags, options, live, services.leases, again)

    def _shared(
        self, options: ReplayOptions, world: World | None, watcher: Watcher | None, leases: Leases | None
    ) -> CalendarResult:
        """Replay with other processes, where runs are independent; else in this one, and ``notes`` say why."""
        planned = self.replay_of(options).options
        with self.surroundings.entered():
            dags = {dag_id: self.folder.dag(dag_id) for dag_id in options.dag_ids}
            why = coupling_seen(dags, options, self.world_with(world))
        with opened(self.simulate, self.folder, self.xcom_bytes, options, planned, world) as engine:
            if why is None:
                parts = PartedReplay(engine, options.max_active_runs, watcher)
                try:
                    result = self.simulate(planned, world, watcher, leases, parts)
                    return replace(result, notes=tuple(parts.notes))
                except Coupled as error:
                    why = str(error)
                    if isinstance(watcher, CountsRuns):
                        watcher.begins_anew()
        alone = self.replay(replace(options, jobs=1, engine=None), world, watcher, leases)
        return replace(alone, notes=(f"replayed in one process: {why}",))

    def replay_of(self, options: ReplayOptions) -> Replay:
        """The simulation that a replay is. Raises: DagNotFound, UsageError."""
        dags = {dag_id: self.folder.dag(dag_id) for dag_id in options.dag_ids}
        with self.surroundings.entered():
            return replay_of(dags, options)

    @contextmanager
    def _unfinished_kept(self, began: float, ledger: Path | None) -> Iterator[_Ending]:
        """An unfinished result is told how long it took and where its ledger is; see `unfinished`."""
        self.unfinished, ending = None, _Ending()
        try:
            yield ending
        except BaseException as error:
            unfinished = ending.shown_with(error)
            if isinstance(unfinished, (RunResult, CalendarResult)):
                self.unfinished = replace(unfinished, real_seconds=perf_counter() - began, ledger=ledger)
                if isinstance(error, HarnessError):
                    error.result = self.unfinished
            raise

    def _unstorable(self, dags: Iterable[DAG]) -> dict[str, Unserialisable]:
        """Why Airflow cannot store Dags that were loaded from files, by dag_id; asked once a Dag."""
        for dag in dags:
            from_file = self.folder.files and id(self.folder.dags.get(dag.dag_id)) == id(dag)
            if from_file and dag.dag_id not in self._stored:
                self._stored[dag.dag_id] = unstorable(dag)
        found = {dag.dag_id: self._stored.get(dag.dag_id) for dag in dags}
        return {dag_id: error for dag_id, error in found.items() if error is not None}


class _Ending:
    """What there is to show of a simulation that ends with an error, or is ended.

    Attributes:
        run_factory: once there is one.
        result: once it is whole.
    """

    run_factory: RunFactory | None = None
    result: RunResult | CalendarResult | None = None

    def shown_with(self, error: BaseException) -> object | None:
        """The result that goes with an error; where the ledger cannot be written to its end, it is whole."""
        if isinstance(error, MachineError) and self.result is not None:
            error.result = self.result
        if isinstance(error, HarnessError):
            return error.result
        return None if self.run_factory is None else self.run_factory.unfinished


def _names(world: World | None) -> set[str]:
    """Variables of the environment that stand for what a world has."""
    if world is None:
        return set()
    names = {("connections", name) for name in world.connections} | {("variables", name) for name in world.variables}
    return {variable_of(section, name) for section, name in names | world.from_environment}


def _taken(world: World | None, repository: Repository) -> set[tuple[str, str]]:
    """Variables and pools that the project's exports give a world, as `with_declared` does: (section, name)."""
    own, in_env = world or World(), {name for name in repository.places if name.startswith(VARIABLE)}
    variables = {name for name in repository.values if variable_of("variables", name) not in in_env}
    pools = repository.exports.names("pools")
    known = {name for section, name in own.from_environment if section == "variables"} | set(own.variables)
    return {("variables", name) for name in variables - known} | {
        ("pools", name) for name in set(pools) - set(own.pools)
    }


def failed_plugins(surroundings: Surroundings) -> list[Finding]:
    """Plugins of the project that do not load: Airflow goes on without them, and so does a run."""
    failed = surroundings.failed_plugins
    return [Finding("plugin-error", "warning", one.message, one.path, one.line, fix=one.fix) for one in failed]


def surroundings_of(paths: list[Path], world: World | None, shell: Mapping[str, str] | None = None) -> Surroundings:
    """What the Dags below some paths find around them: the project of the first of these decides.

    Args:
        shell: see `harness.bridge.environment.surroundings.Surroundings`.
    Raises: UsageError: as `harness.project.repository.repository_of`.
    """
    there = [path.resolve() for path in paths if path.exists()]
    if not there:
        return Surroundings(env=world.env if world else None, shell=shell)
    repository = repository_of(there[0])
    files = dag_files(there)
    refuse_hidden(files, repository)
    roots = list(dict.fromkeys(file.root for file in files))
    _refuse_several(roots)
    return Surroundings(repository, roots, world.env if world else None, shell)


def _refuse_several(roots: list[Path]) -> None:
    """One process has one project's plugins, policies and settings.

    Raises: UsageError: Dag folders of projects that have others.
    """
    projects = by_settings(roots)
    if len(projects) > 1:
        first, other = (shown_path(repository.project or folders[0]) for repository, folders in projects[:2])
        raise UsageError(
            f"{other} is another project than {first}: its settings, plugins or declarations differ",
            why="Dags of the one would run with what the other sets",
            fix="name the Dag folders of one project with --dags",
        )


class _Simulated:
    """One simulation around one run."""

    def __init__(self, run_factory: RunFactory, dag: DAG, plan: RunPlan, options: RunOptions) -> None:
        self.run_factory, self.dag, self.plan, self.options = run_factory, dag, plan, options

    def result(self) -> RunResult:
        """Simulate, and tell what became of the run."""
        start = self._start()
        horizon = later(start, span(self.options.horizon))
        run_factory, options = self.run_factory, self.options
        if self.dag.dag_id in run_factory.refused:
            raise run_factory.refused[self.dag.dag_id]
        with run_factory.opened(start, options.seed, options.debug, options.on_error) as driver:
            if options.one_by_one:
                driver.run_one_by_one()
            run = self._begin(driver)
            run_factory.run_until(driver, horizon)
            driver.deadlines.forget()
            problem = None
            if not run_factory.was_interrupted:
                problem = unfinished_error(driver, run, horizon)
                for other, finding in unfinished_findings(driver, run, horizon):
                    run_factory.recorder.finding(other, finding)
                for finding in run_factory.not_happened():
                    run_factory.recorder.finding(run, finding)
            for other, finding in failed_unawaited(run_factory.recorder.triggered, run_factory.store.dags):
                run_factory.recorder.finding(other, finding)
            driver.simulation.close()
            run_factory.recorder.at_the_end(run)
            # here still: a naive date in an XCom means UTC
            others = [run_result(r, run_factory.recorder) for r in run_factory.store.runs.values() if r is not run]
            result = run_result(run, run_factory.recorder, others, run_factory.needs())
            result = replace(result, world_events=run_factory.world_events())
        run_factory.interrupted(result)
        if problem is not None:
            problem.result = result
            raise problem
        return result

    def _start(self) -> Instant:
        if self.options.start is not None:
            return to_instant(self.options.start)
        frozen = frozen_instant()
        return self.plan.run_after if frozen is None else frozen

    def _begin(self, driver: Driver) -> DagRun:
        past, kept = self.options.past, self._kept()
        store, conf = self.run_factory.store, {**self.options.conf, **self.options.params}
        conf = conf if past is None else {**past.conf, **conf}
        run = self.run_factory.create(self.dag, self.plan, conf, kept)
        if past is not None:
            give_past(run, past, kept)
        for name, uri, extra in self.options.asset_events:
            event = AssetEvent(len(store.events) + 1, name, uri, "asset", dict(extra), driver.simulation.now)
            store.events.append(event)
            facts(run).consumed.append(event)
        for task_id, value in self.options.xcoms.items():
            give_xcom(run, self.dag, task_id, value)
        if self.options.companions and not self.options.only:
            for dag, plan in awaited_runs(self.dag, self.plan, store.dags):
                driver.add(self.run_factory.create(dag, plan, {}))
        driver.add(run)
        return run

    def _kept(self) -> set[str] | None:
        """Task ids to run, None for all."""
        chosen = self.options
        if chosen.only:
            return set(chosen.only)
        if chosen.from_task:
            task = self.dag.task_dict[chosen.from_task]
            return {chosen.from_task, *task.get_flat_relative_ids(upstream=False)}
        return None


def _uses(services: ServedWorld, run_factory: RunFactory) -> tuple[ServiceUse, ...]:
    """What the services and the cassette of a world came to hold and heard; the ledger has it then."""
    uses = (*services.uses(), *run_factory.played())
    run_factory.recorder.services(uses)
    run_factory.recorder.contents(services.leases)
    return uses
