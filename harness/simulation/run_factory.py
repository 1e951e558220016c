"""What every simulation stands on: a store, a recorder, a driver in its environment, and the making of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.bridge.executors import executors_of, refusals, workers_of
from harness.bridge.operators import subject_of, try_of
from harness.bridge.patches.network import NetworkGuard
from harness.bridge.patches.warned import lost_writes_told
from harness.bridge.snapshot import snapshot
from harness.bridge.stored import unscheduled
from harness.bridge.supervisor.conversation import supervisor_comms
from harness.bridge.supervisor.store import RunFacts, Store
from harness.bridge.timetables import RunPlan, manual
from harness.errors import HarnessError
from harness.kernel import Instant, Simulation
from harness.kernel.instant import Microseconds
from harness.ledger.journal import Journal
from harness.results.calendar import CalendarResult
from harness.results.finding import Finding
from harness.results.run import RunResult
from harness.results.services import Heard, ServiceUse
from harness.results.world import Need, WorldEventResult, not_happened
from harness.scheduler.model import Dag, DagRun, TaskInstance
from harness.scheduler.queueing import Limits, PoolSlots
from harness.simulation.agenda import Agenda, plan_world_events
from harness.simulation.components.ports import Workers, WorkersLoop
from harness.simulation.components.scheduler_loop import Driver
from harness.simulation.components.workers import Attempts
from harness.simulation.environment import Interruption, simulation_environment
from harness.simulation.faults import Faults, ServiceFaults
from harness.simulation.record import Recorder
from harness.simulation.stuck import WaitReasons
from harness.simulation.watchers import HearsOfStops, Watcher, WatchesWaits
from harness.world import World
from harness.world.distribution import drawn
from harness.world.secrets import Mask, secrets_of

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from harness.services.binding import Leases

MakeRun = Callable[["DAG", RunPlan, Mapping[str, Any]], DagRun]
"""Makes a run of a plan, with a conf; it is not in the simulation yet. `RunFactory.create` is one."""

_READ_AHEAD = 10_000
"""Microseconds by which the clock of an operator may be ahead (`harness.bridge.patches.around_tasks`)."""


class RunFactory:
    """Dags and a world, ready to be simulated once.

    Args:
        xcom_bytes: see `Recorder`.
        unstorable: dag_id -> why Airflow cannot store the Dag, of those that are known not to be.

    Attributes:
        interruption: whether Ctrl-C struck; see `interrupted`.
        patient: the first Ctrl-C waits for the end of a run, where the watcher says so to whoever pressed it.
        leases: what the world's connections have of services; None where none names one.
        refused: dag_id -> why Airflow would not import the Dag into such a world.
        unfinished: the result of what ran until Ctrl-C or SIGTERM struck.
    """

    def __init__(
        self,
        dags: Mapping[str, DAG],
        world: World,
        journal: Journal,
        watcher: Watcher | None,
        xcom_bytes: float | None,
        unstorable: Mapping[str, HarnessError] | None = None,
    ) -> None:
        self.world = world
        where = world.where("executor", "executors")
        self.refused: dict[str, HarnessError] = {dag.dag_id: error for dag, error in unscheduled(dags.values())}
        self.refused |= {dag.dag_id: error for dag, error in refusals(dags.values(), world.executor, where)}
        self.refused |= {} if unstorable is None else unstorable
        self.store = Store(world, {dag_id: dag for dag_id, dag in dags.items() if dag_id not in self.refused})
        self.recorder, self._watcher = Recorder(journal, watcher, xcom_bytes), watcher
        self.leases: Leases | None = None
        self.recorder.needs.elsewhere = world.elsewhere
        self.interruption: Interruption | None = None
        self.patient = False
        self.unfinished: RunResult | CalendarResult | None = None
        self._snapshots: dict[str, Dag] = {}
        self._asked: list[str] = []

    @contextmanager
    def opened(
        self, start: Instant, seed: int, debug: bool, on_error: Callable[[BaseException], None] | None = None
    ) -> Iterator[Driver]:
        """Virtual time, from ``start``; after the block the process is what it was."""
        guard = NetworkGuard(self.world.network.reached(), self.recorder.refused)
        self.recorder.gather = guard.gather
        services = ServiceFaults(self.leases, guard)
        self.faults = Faults(self.world, services)
        with (
            services.lifted(),
            self._cassette(guard),
            lost_writes_told(self.recorder.lost_write),
            simulation_environment(
                start,
                self.world,
                seed,
                self.recorder.log,
                partial(self._lasts, seed),
                not debug,
                guard,
                self.faults,
                self._watcher.stops_later if self.patient and isinstance(self._watcher, HearsOfStops) else None,
            ) as (simulation, self.interruption),
        ):
            driver = self._driver(simulation, seed, self.interruption)
            assert isinstance(driver.attempts, Attempts)
            driver.attempts.on_error = on_error
            self.faults.begin(driver, self.agenda)
            with supervisor_comms(driver.attempts.supervisor):
                yield driver

    def _driver(
        self,
        simulation: Simulation,
        seed: int,
        interruption: Interruption,
        workers: Callable[[WorkersLoop], Workers] | None = None,
    ) -> Driver:
        """The driver of a simulation that begins, with what its world plans."""
        self.recorder.simulation = simulation
        driver = Driver(simulation, self.store, self._limits(), self.recorder, interruption, workers)
        self.recorder.begins(seed, driver.limits)
        if isinstance(self._watcher, WatchesWaits):
            self._watcher.waits_of(lambda: WaitReasons(driver))
        self.store.trigger = lambda *asked: self._triggered(driver, *asked)
        self.store.reset = driver.reset
        self.agenda = Agenda(driver)
        plan_world_events(self.agenda, self.store, self.leases)
        return driver

    @contextmanager
    def _cassette(self, guard: NetworkGuard) -> Iterator[None]:
        """Answer HTTP from the world's cassette, where it has one."""
        cassette = self.world.network.cassette
        if cassette is None:
            yield
            return
        from harness.bridge.patches.cassettes import cassette_played

        refuse = partial(guard.refuse_request, str(cassette.file))
        with cassette_played(cassette, Mask(secrets_of(self.world)), refuse) as self._asked:
            yield

    def played(self) -> tuple[ServiceUse, ...]:
        """What the world's cassette was asked for."""
        cassette = self.world.network.cassette
        if cassette is None:
            return ()
        heard = tuple(Heard("request", line.partition("?")[0]) for line in self._asked)
        return (ServiceUse(str(cassette.file), "cassette", heard=heard),)

    def world_events(self) -> tuple[WorldEventResult, ...]:
        """What happened around the Dags, and then what did not."""
        return (*self.recorder.world_events, *self._left())

    def not_happened(self) -> list[Finding]:
        """A finding for each event and fault that did not happen until now."""
        return [*not_happened(self.agenda.left(), self.agenda.why_not), *self.faults.findings()]

    def _left(self) -> list[WorldEventResult]:
        return [*self.agenda.left(), *self.faults.left(self.agenda.driver.simulation.now)]

    def _limits(self) -> Limits:
        declared = self.world.executor
        pools = {name: PoolSlots(name, pool.slots, pool.include_deferred) for name, pool in self.world.pools.items()}
        return Limits(
            declared.parallelism,
            pools,
            executors=executors_of(declared),
            workers=workers_of(declared),
            task_queued_timeout=declared.task_queued_timeout,
            num_stuck_in_queued_retries=declared.num_stuck_in_queued_retries,
        )

    def needs(self) -> list[Need]:
        """What was asked for and is not in the world; pools that tasks of its runs name too."""
        dags = [run.dag for run in self.store.runs.values()]
        pools = ((task.pool, dag.dag_id) for dag in dags for task in dag.tasks.values())
        return self.recorder.needs.all(pool for pool in pools if pool[0] not in self.world.pools)

    @property
    def was_interrupted(self) -> bool:
        """Whether Ctrl-C or SIGTERM struck."""
        return self.interruption is not None and self.interruption.happened

    def run_until(self, driver: Driver, until: Instant) -> None:
        """Simulate; also until Ctrl-C or SIGTERM, so that there is a result of what ran until then."""
        try:
            driver.simulation.run_until(until)
        except KeyboardInterrupt:
            if not self.was_interrupted:  # raised by the user's own code
                raise

    def _lasts(self, seed: int, ti: TaskInstance) -> Microseconds | None:
        """How long the present try of a task instance takes, where the world says it, or has it drawn."""
        world = self.world
        if not (world.durations or world.tries_last):
            return None
        subject = subject_of(ti)
        own = world.tries_last.get((subject.dag_id, subject.task_id, subject.map_index))
        if own is not None:
            return own.get(ti.try_number, own[max(own)])
        return drawn(world.duration_of(*subject), seed, try_of(ti))

    def interrupted(self, result: RunResult | CalendarResult) -> None:
        """After everything was put back: let Ctrl-C or SIGTERM, when it struck, do what it does.

        Args:
            result: of what ran until then; kept as `unfinished`.
        """
        if self.interruption is None or not self.interruption.happened:
            return
        self.unfinished = result
        self.interruption.go_on()

    def create(self, dag: DAG, plan: RunPlan, conf: Mapping[str, Any], kept: set[str] | None = None) -> DagRun:
        """A queued run with its task instances.

        Args:
            kept: task ids it is made of, None for all.
        """
        run = DagRun(
            dag=snapshot(dag, kept) if kept is not None else self.known(dag),
            run_id=plan.run_id,
            run_type=plan.run_type,
            logical_date=plan.logical_date,
            data_interval_start=plan.data_interval_start,
            data_interval_end=plan.data_interval_end,
            run_after=plan.run_after,
            conf=conf,
        )
        run.extra = RunFacts(dag)
        if not self.recorder.resumes:  # most of them are another process's: the loop makes those of the others
            self.recorder.runs.begin(run)
        return run

    def known(self, dag: DAG) -> Dag:
        """What the scheduler knows of a Dag, one for all its runs: what the rules derive from it is derived once."""
        if dag.dag_id not in self._snapshots:
            found, least = snapshot(dag), self.world.least_retries
            tasks = {name: replace(task, retries=max(task.retries, least)) for name, task in found.tasks.items()}
            self._snapshots[dag.dag_id] = replace(found, tasks=tasks) if least else found
        return self._snapshots[dag.dag_id]

    def _triggered(
        self,
        driver: Driver,
        dag_id: str,
        run_id: str,
        logical_date: Instant | None,
        run_after: Instant | None,
        conf: Mapping[str, Any],
    ) -> DagRun:
        """A run that a task asks for: due at once, whatever its date, with the interval of the instant it is due.

        Source: ``trigger_dag`` (3.1.8 and 3.3.2).
        """
        dag = self.store.dags[dag_id]
        due = driver.simulation.now if run_after is None else run_after
        interval = manual(dag, due) if logical_date is not None else None
        plan = RunPlan(
            run_id,
            "operator_triggered",
            logical_date,
            interval.data_interval_start if interval else None,
            interval.data_interval_end if interval else None,
            due,
        )
        run = self.create(dag, plan, conf)
        if logical_date is not None and 0 < logical_date - due < _READ_AHEAD:
            run.date_ahead = logical_date - due
        driver.add(run)
        return run
