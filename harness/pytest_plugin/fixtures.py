"""The further fixtures: ``simulate``, ``when_ready``, ``explore``, ``frozen_time``; then all fixtures once more.

``airflow_run_dag`` and so on are for suites where another plugin owns the short names. They do not need those, least of
all ``world``: who overrides ``airflow_world`` changes what these see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.pytest_plugin.project import DagBag, _no_folder, bag_of
from harness.pytest_plugin.runs import (
    Date,
    Runner,
    Span,
    after,
    chosen,
    instant,
    microseconds,
    moment,
    traced,
    world_of,
)

if TYPE_CHECKING:
    import time_machine
    from airflow.sdk import DAG

    from harness.exploration.result import Exploration
    from harness.results.calendar import CalendarResult
    from harness.results.run import RunResult, TaskResult
    from harness.results.when import Readiness
    from harness.services.binding import Leases
    from harness.simulation import Rehearsal
    from harness.simulation.options import Action
    from harness.world import World


class FrozenTime:
    """The test's clock, standing still. A simulation begins at its instant and leaves it where it was."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller

    @property
    def now(self) -> datetime:
        """The instant at which the clock stands, UTC."""
        return datetime.now(timezone.utc)

    def tick(self, by: float | timedelta = 1) -> datetime:
        """Move the clock by seconds or a ``timedelta``; returns the new instant."""
        self._traveller.shift(by)
        return self.now

    def move_to(self, moment: Date) -> datetime:
        """Move the clock to ISO text, a ``datetime`` or a ``date``, UTC where no zone is named; returns the instant.

        Raises: UsageError: no date.
        """
        from harness.kernel.instant import to_datetime

        __tracebackhide__ = True
        at: Any = instant(moment, "move_to")
        self._traveller.move_to(to_datetime(at), tick=False)
        return self.now


@pytest.fixture
def frozen_time() -> Iterator[FrozenTime]:
    """Time stands still in the test: ``frozen_time.move_to("2025-01-01")``, ``.tick(60)``, ``.now``."""
    with standing_still() as frozen:
        yield frozen


@contextmanager
def standing_still() -> Iterator[FrozenTime]:
    """The clock stopped for the block, at the present instant."""
    import time_machine

    with time_machine.travel(datetime.now(timezone.utc), tick=False) as traveller:
        yield FrozenTime(traveller)


@pytest.fixture
def explore(_airflow_rehearsal: Rehearsal) -> Callable[..., Exploration]:
    """Play the combinations of a Dag's outcomes, without task code: ``explore(dag_or_id)`` -> Exploration.

    ``assert explore("sales").runs_always("cleanup")``, ``not explore("sales").never_run``; arguments as of
    ``harness.explore``.
    """
    return explorer_of(_airflow_rehearsal)


def explorer_of(rehearsal: Rehearsal) -> Callable[..., Exploration]:
    """The function that the fixture gives."""

    def explore(
        dag: DAG | str, *, outcomes: Mapping[str, Iterable[Any]] | None = None, limit: int | None = None, seed: int = 0
    ) -> Exploration:
        from harness.exploration.result import LIMIT
        from harness.simulation.exploring import explore

        __tracebackhide__ = True
        if isinstance(dag, str):
            if not rehearsal.folder.roots:
                raise _no_folder()
            dag = rehearsal.folder.dag(dag)
        return explore(dag, outcomes=outcomes, limit=LIMIT if limit is None else limit, seed=seed)

    return explore


@pytest.fixture
def simulate(_airflow_runner: Runner) -> Callable[..., CalendarResult]:
    """Simulate what schedules ask for: ``simulate("2025-01-01", timedelta(days=7), …)`` -> CalendarResult."""
    return calendar_of(_airflow_runner)


def calendar_of(runner: Runner) -> Callable[..., CalendarResult]:
    """The function that the fixture gives."""

    def calendar(
        since: Date,
        until: Date | Span,
        dags: Iterable[DAG | str] | None = None,
        *,
        fresh: bool = False,
        actions: Iterable[str | Mapping[str, Any]] = (),
        conf: Mapping[str, Any] | None = None,
        world: World | str | Path | None = None,
        seed: int = 0,
        keep: str | Path | None = None,
        code: bool = True,
        from_ledger: str | Path | None = None,
        memory: bool = False,
    ) -> CalendarResult:
        """Simulate the calendar of the project's Dags, or of some, in virtual time.

        Args:
            since, until: ISO text, ``datetime`` or ``date``; ``until`` also a span after ``since``: seconds, ``"7d"``
                or a ``timedelta``. What happens at ``until`` itself still counts.
            dags: dag_ids or DAG objects whose schedules are kept; None for all of the project's. Triggers and
                sensors find the others too.
            fresh: the Dags are deployed for the first time at ``since``; catchup makes up for all the past.
            actions: what a person does meanwhile: ``"2025-01-01T05:00Z trigger sales"``, or the same as a mapping with
                the keys ``at``, ``verb``, ``dag_id``, ``task_id``, ``conf``, ``run_id`` and ``backfill``: a mapping
                with ``from``, ``to``, ``reverse``, ``max_active_runs``, ``reprocess``, ``conf`` and ``dry_run``.
            conf: of the runs that schedules make.
            world, seed, keep, memory: as in ``run_dag``.
            code: False: no task code runs; what tries come to is told by the world, and by a past ledger.
            from_ledger: that ledger's folder.
        Raises: DagNotFound, TaskNotFound, NoDagsFolder, ServiceUnavailable, UsageError, LedgerError. A failed run
            raises nothing: see ``states`` and ``ok``.
        """
        from harness.kernel.instant import to_datetime
        from harness.simulation.options import CalendarOptions

        __tracebackhide__ = True
        start, chosen_dags = instant(since, "since"), [] if dags is None else list(dags)
        assert start is not None
        if dags is not None:
            chosen("dags", [dag if isinstance(dag, str) else dag.dag_id for dag in chosen_dags])
        options = CalendarOptions(
            to_datetime(start),
            to_datetime(after(until, start, "until")),
            fresh,
            tuple(dag if isinstance(dag, str) else dag.dag_id for dag in chosen_dags),
            tuple(_action(one) for one in actions),
            dict(conf or {}),
            seed,
            None if keep is None else Path(keep),
            code=code,
            from_ledger=None if from_ledger is None else Path(from_ledger),
        )
        others = [dag for dag in chosen_dags if not isinstance(dag, str)]
        with traced(memory):
            return runner.simulate(options, None if world is None else world_of(world), others)

    return calendar


@pytest.fixture
def when_ready(_airflow_runner: Runner) -> Callable[..., Readiness]:
    """When runs are ready, by many draws: ``when_ready("report", "2025-01-01", "7d").quantile(0.95)``."""
    return readiness_of(_airflow_runner)


def readiness_of(runner: Runner) -> Callable[..., Readiness]:
    """The function that the fixture gives."""

    def when_ready(
        dag: DAG | str,
        since: Date,
        until: Date | Span = "1d",
        *,
        task: str | None = None,
        samples: int = 200,
        world: World | str | Path | None = None,
        seed: int = 0,
        from_ledger: str | Path | None = None,
        others: Iterable[DAG] = (),
    ) -> Readiness:
        """Simulate the project's calendar again and again without task code, each time with other durations.

        Args:
            dag: whose runs are asked for, those that are due from ``since`` until ``until``; all other Dags run beside.
            since, until: as in ``simulate``.
            task: of it, whose end is asked for in place of the run's.
            samples: how many simulations.
            world: as in ``run_dag``; the durations that it has as distributions are drawn.
            seed: of the draws: the same one gives the same answer.
            from_ledger: folder of a ledger: what the world does not say is drawn from how long tasks took there.
            others: further DAG objects that exist.
        Returns: ``quantile(0.95)``: so long after it is due the slowest of the runs is ready in 95 of 100 samples;
            ``runs`` has each, with ``quantile(…)``, ``at(…)`` as an instant, ``states`` and ``missed_deadlines``.
        Raises: DagNotFound, TaskNotFound, NoDagsFolder, LedgerError, UsageError.
        """
        from harness.kernel.instant import to_datetime
        from harness.simulation.what_if.when import WhenOptions

        __tracebackhide__ = True
        start = instant(since, "since")
        assert start is not None
        options = WhenOptions(
            to_datetime(start),
            to_datetime(after(until, start, "until")),
            dag if isinstance(dag, str) else dag.dag_id,
            task,
            samples=samples,
            seed=seed,
            from_ledger=None if from_ledger is None else Path(from_ledger),
        )
        others = [*others, *([] if isinstance(dag, str) else [dag])]
        return runner.when_ready(options, None if world is None else world_of(world), others)

    return when_ready


@pytest.fixture
def replay(_airflow_runner: Runner, tmp_path: Path) -> Callable[..., CalendarResult]:
    """Replay a backfill: ``replay("sales", since="2025-01-01", until="2025-01-31", …)`` -> CalendarResult."""
    return replay_of(_airflow_runner, tmp_path)


def replay_of(runner: Runner, folder: Path) -> Callable[..., CalendarResult]:
    """The function that the fixture gives.

    Args:
        folder: in which ledgers are kept that the test does not keep elsewhere.
    """

    def replay(
        dags: str | DAG | Iterable[DAG | str],
        *,
        since: Date,
        until: Date | Span,
        reverse: bool = False,
        max_active_runs: int = 10,
        reprocess: str = "none",
        run_on_latest: bool | None = None,
        conf: Mapping[str, Any] | None = None,
        fail_fast: bool = False,
        idempotent: bool = False,
        dry_run: bool = False,
        start: Date | None = None,
        horizon: Span | None = None,
        world: World | str | Path | None = None,
        seed: int = 0,
        keep: str | Path | None = None,
        jobs: int = 1,
        engine: str | None = None,
    ) -> CalendarResult:
        """Replay a backfill of a Dag, or of several on one clock, as Airflow makes it.

        Args:
            dags: dag_ids or DAG objects. Of a Dag that waits for assets, those runs that the others' assets make.
            since, until: the first and the last logical date; ``until`` also a span: ``"7d"`` are seven days.
            reverse, max_active_runs, reprocess: as of ``airflow backfill create``; ``run_on_latest`` is its
                ``run_on_latest_version``.
            fail_fast: no further run begins once one has failed.
            idempotent: also replay it again, in reverse and with failures: what comes out otherwise is an error among
                ``findings``, with the task, and ``ok`` is False.
            dry_run: only ``backfills``: which runs there would be, and why others are left out.
            start: virtual instant at which it is asked for; None for when the last run's interval is over.
            conf, horizon, world, seed, keep: as in ``run_dag``. A ledger is kept in any case: see ``result.sql``.
            jobs, engine: processes, or the workers of an engine (``dask://HOST:PORT``), that share the runs where runs
                are independent; the result is the same, and its ``notes`` say where this process simulated all of it.
        Raises: DagNotFound, NoDagsFolder, ServiceUnavailable, UsageError. A failed run raises nothing: see ``ok``.
        """
        from harness.simulation.replays.replaying import LONGEST, ReplayOptions

        __tracebackhide__ = True
        several = [dags] if isinstance(dags, str) or hasattr(dags, "dag_id") else list(dags)
        options = ReplayOptions(
            tuple(dag if isinstance(dag, str) else dag.dag_id for dag in several),
            *_dates(since, until),
            reverse,
            max_active_runs,
            reprocess,
            run_on_latest,
            dict(conf or {}),
            fail_fast,
            dry_run,
            idempotent,
            moment(start, "start"),
            LONGEST if horizon is None else timedelta(microseconds=microseconds(horizon, "horizon")),
            seed,
            _ledger(folder) if keep is None else Path(keep),
            jobs=jobs,
            engine=engine,
        )
        others = [dag for dag in several if not isinstance(dag, str)]
        return runner.replay(options, None if world is None else world_of(world), others)

    return replay


def _dates(since: Date, until: Date | Span) -> tuple[datetime, datetime]:
    """The first and the last logical date that are meant; seven days end before the eighth begins."""
    from harness.kernel.instant import later, to_datetime
    from harness.world.duration import is_duration

    first = instant(since, "since")
    assert first is not None
    last = after(until, first, "until")
    spans = isinstance(until, (timedelta, int, float)) or (isinstance(until, str) and is_duration(until))
    return to_datetime(first), to_datetime(later(last, -1) if spans else last)


def _ledger(folder: Path) -> Path:
    """A folder for a ledger that is not there yet."""
    return next(place for number in count(1) if not (place := folder / f"replay-{number}").exists())


def _action(action: str | Mapping[str, Any]) -> Action:
    from harness.simulation.actions import backfill_of, parse_action
    from harness.simulation.options import Action

    if isinstance(action, str):
        return parse_action(action)
    backfill_fields = action.get("backfill")
    backfill = {"backfill": backfill_of(backfill_fields)} if isinstance(backfill_fields, Mapping) else {}
    return Action(**{**action, **backfill, "at": moment(action["at"], "at")})


@pytest.fixture
def _airflow_prefixed_runner(
    _airflow_rehearsal: Rehearsal,
    pytestconfig: pytest.Config,
    airflow_world: World,
    _airflow_leases: Leases,
) -> Runner:
    return Runner(_airflow_rehearsal, pytestconfig, airflow_world, _airflow_leases)


@pytest.fixture
def airflow_run_dag(_airflow_prefixed_runner: Runner) -> Callable[..., RunResult]:
    """The fixture ``run_dag``: simulate one run."""
    return _airflow_prefixed_runner.run_dag


@pytest.fixture
def airflow_run_task(_airflow_prefixed_runner: Runner) -> Callable[..., TaskResult]:
    """The fixture ``run_task``: run one task with given upstream XComs."""
    return _airflow_prefixed_runner.run_task


@pytest.fixture
def airflow_render_task(_airflow_prefixed_runner: Runner) -> Callable[..., dict[str, Any]]:
    """The fixture ``render_task``: rendered template fields without executing."""
    return _airflow_prefixed_runner.render_task


@pytest.fixture
def airflow_simulate(_airflow_prefixed_runner: Runner) -> Callable[..., CalendarResult]:
    """The fixture ``simulate``: what schedules ask for over a stretch of virtual time."""
    return calendar_of(_airflow_prefixed_runner)


@pytest.fixture
def airflow_when_ready(_airflow_prefixed_runner: Runner) -> Callable[..., Readiness]:
    """The fixture ``when_ready``: when runs are ready, by many draws."""
    return readiness_of(_airflow_prefixed_runner)


@pytest.fixture
def airflow_replay(_airflow_prefixed_runner: Runner, tmp_path: Path) -> Callable[..., CalendarResult]:
    """The fixture ``replay``: a backfill."""
    return replay_of(_airflow_prefixed_runner, tmp_path)


@pytest.fixture
def airflow_explore(_airflow_rehearsal: Rehearsal) -> Callable[..., Exploration]:
    """The fixture ``explore``: the combinations of a Dag's outcomes."""
    return explorer_of(_airflow_rehearsal)


@pytest.fixture(scope="session")
def airflow_dag_bag(_airflow_rehearsal: Rehearsal) -> DagBag:
    """The fixture ``dag_bag``: the project's Dags by id."""
    return bag_of(_airflow_rehearsal)


@pytest.fixture
def airflow_frozen_time() -> Iterator[FrozenTime]:
    """The fixture ``frozen_time``: time stands still in the test."""
    with standing_still() as frozen:
        yield frozen
