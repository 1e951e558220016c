"""When is the report ready? A calendar simulated again and again by the rules alone, each time with other draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from harness.bridge.masking import masked_finding
from harness.engines.gathering import gather
from harness.engines.local import LocalWorkers
from harness.errors import TaskNotFound, UsageError, known_names
from harness.kernel.instant import iso
from harness.ledger.past_tries import PastTries
from harness.results.calendar import CalendarResult
from harness.results.finding import Finding
from harness.results.run import RunResult, TaskResult
from harness.results.when import MOST_SAMPLES, QUANTILE, SAMPLES, Readiness, ReadyRun, ReadySample, see_quantile
from harness.simulation.options import CalendarOptions, as_datetimes
from harness.simulation.rules_only.past import kept_past, past_of
from harness.world import World
from harness.world.distribution import Distribution

if TYPE_CHECKING:
    from harness.simulation.rehearsal import Rehearsal

GRACE = timedelta(days=1)
"""How long runs that are due until the end of the stretch may take to end."""

_NO_DURATIONS_FIX = (
    "say it under durations: of the world file, have airflow-harness import --percentiles 50,90,99 write it, or take a "
    "past ledger: --from-ledger (from_ledger=)"
)


@dataclass(frozen=True)
class WhenOptions:
    """What is asked.

    Attributes:
        since, until: of runs that are due from one until the other.
        dag_id: the Dag whose runs are told. The others of the folder run beside it.
        task_id: of it, whose end is asked for in place of the run's.
        quantile: 0 to 1.
        samples: how many simulations.
        seed: sample n of N has the seed ``seed * N + n``.
        from_ledger: folder of a ledger: what the world does not say is drawn from how long tasks took there.
        grace: how long after ``until`` is simulated; a run that has not ended then is unfinished.
    """

    since: datetime
    until: datetime
    dag_id: str
    task_id: str | None = None
    quantile: float = QUANTILE
    samples: int = SAMPLES
    seed: int = 0
    from_ledger: Path | None = None
    grace: timedelta = GRACE

    def __post_init__(self) -> None:
        as_datetimes(self, "since", "until")
        see_quantile(self.quantile)
        if isinstance(self.samples, bool) or not isinstance(self.samples, int) or not 1 <= self.samples <= MOST_SAMPLES:
            fact = f"samples is a number from 1 to {MOST_SAMPLES:,}, and {self.samples!r} is none"
            raise UsageError(fact, fix=f"leave it out for {SAMPLES}")


def when(
    rehearsal: Rehearsal,
    options: WhenOptions,
    world: World | None,
    told: Callable[[int, int], None] = lambda done, of: None,  # noqa: ARG005 - nobody listens
    jobs: int = 1,
) -> Readiness:
    """Simulate the folder's calendar as often as asked, and see when the runs of one Dag are ready.

    Args:
        told: how many simulations of how many are done.
        jobs: processes that share them.
    Raises: DagNotFound, TaskNotFound, LedgerError. UsageError: nobody says how long any task takes. Else as
        `Rehearsal.simulate`; what `harness.engines.gathering.gather` raises.
    """
    began = perf_counter()
    dag = rehearsal.folder.dag(options.dag_id)
    if options.task_id is not None and options.task_id not in dag.task_dict:
        known = known_names(options.task_id, dag.task_dict)
        raise TaskNotFound(f"no task {options.task_id!r} in {options.dag_id!r}", known=known)
    with kept_past(options.from_ledger):
        varies = _varies(world or World(), past_of(options.from_ledger))
        number = options.samples if varies else 1
        first = options.seed * options.samples
        seeds, done = range(first, first + number), dict[int, _DrawnCalendar]()
        work = partial(_drawn_calendar, rehearsal, options, world)
        told(0, number)
        if min(jobs, number) == 1:
            for place, seed in enumerate(seeds):
                done[place] = work(seed)
                told(len(done), number)
        else:
            with LocalWorkers(min(jobs, number), work).open() as workers:
                gather(workers, seeds, done, told, "sample")
    found: dict[_Name, list[ReadySample]] = {}
    findings: dict[tuple[str | None, ...], Finding] = {}
    for one in (done[place] for place in range(number)):
        for name, sample in one.runs:
            found.setdefault(name, []).append(sample)
        for key, finding in one.findings:
            findings.setdefault(key, finding)
    runs = [ReadyRun(name.text, name.logical_date, tuple(samples)) for name, samples in found.items()]
    return Readiness(
        options.dag_id,
        options.task_id,
        options.since,
        options.until,
        float(options.quantile),
        number,
        options.seed,
        tuple(sorted(runs, key=lambda run: (run.due, run.name))),
        (*findings.values(), *_doubts(options, varies, runs, done[0].idle)),
        perf_counter() - began,
    )


class _Name(NamedTuple):
    """What a run is called in every sample."""

    text: str
    logical_date: datetime | None


@dataclass(frozen=True, slots=True)
class _DrawnCalendar:
    """What one simulation tells.

    Attributes:
        findings: by what makes them the same in several samples: of runs also where they say another time. Masked, for
            its process alone knows all the secrets that it met.
        idle: why the Dag made no run, where it made none.
    """

    runs: tuple[tuple[_Name, ReadySample], ...]
    findings: tuple[tuple[tuple[str | None, ...], Finding], ...]
    idle: str | None


def _drawn_calendar(rehearsal: Rehearsal, options: WhenOptions, world: World | None, seed: int) -> _DrawnCalendar:
    until, past = options.until + options.grace, options.from_ledger
    asked = CalendarOptions(options.since, until, seed=seed, code=False, from_ledger=past, draws_past=past is not None)
    result = rehearsal.simulate(asked, world)
    runs = list(_runs_of(result, options))
    of_dags = [((one.check, one.dag_id, one.task_id, one.message), masked_finding(one)) for one in result.findings]
    of_runs = [((one.check, one.dag_id, one.task_id), masked_finding(one)) for _, run in runs for one in run.findings]
    return _DrawnCalendar(
        tuple((name, _sample(run, options.task_id, seed)) for name, run in runs),
        (*of_dags, *of_runs),
        dict(result.idle).get(options.dag_id),
    )


def _varies(world: World, past: PastTries | None) -> bool:
    """Whether anything is drawn. Raises: UsageError: nobody says how long any task takes."""
    of_stubs = (one.takes for stub in world.stubs.values() for one in (stub, *stub.tries))
    spans = [*world.durations.values(), *(takes for takes in of_stubs if takes is not None)]
    seen = [] if past is None else [set(each) for each in past.lasted.values()]
    if not any(spans) and not any(any(each) for each in seen):
        fact = "nobody says how long any task takes: all of them would take no time"
        raise UsageError(fact, fix=_NO_DURATIONS_FIX)
    return any(isinstance(one, Distribution) for one in spans) or any(len(each) > 1 for each in seen)


def _runs_of(result: CalendarResult, options: WhenOptions) -> Iterator[tuple[_Name, RunResult]]:
    """The Dag's runs that are asked for.

    A run that has a date of its own by the schedule has the same id in each sample. When others are made depends on
    what was drawn, and their ids on that: they are told by their type, in their order.
    """
    numbers: Counter[str] = Counter()
    for run in result.runs_of(options.dag_id):
        assert run.run_after is not None
        if not options.since <= run.run_after <= options.until:
            continue
        if run.run_type == "scheduled":
            yield _Name(run.run_id, run.logical_date), run
        else:
            numbers[run.run_type] += 1
            yield _Name(f"{run.run_type} {numbers[run.run_type]}", None), run


def _sample(run: RunResult, task_id: str | None, seed: int) -> ReadySample:
    assert run.run_after is not None
    missed = sum(deadline.missed for deadline in run.deadlines)
    if task_id is None:
        state = str(run.state) if run.state in ("success", "failed") else "unfinished"
        return ReadySample(seed, run.run_after, state, run.end_date if state == "success" else None, missed)
    instances = run.tasks(task_id)
    state = _state(instances)
    ends = [one.end_date for one in instances if one.state == "success" and one.end_date is not None]
    return ReadySample(seed, run.run_after, state, max(ends) if state == "success" else None, missed)


def _state(instances: Iterable[TaskResult]) -> str:
    """What all instances of a task together came to."""
    states = {one.state for one in instances}
    for worst in ("failed", "upstream_failed"):
        if worst in states:
            return worst
    if states - {"success", "skipped"}:
        return "unfinished"
    return "success" if "success" in states else "skipped"


def _doubts(options: WhenOptions, varies: bool, runs: list[ReadyRun], idle: str | None) -> Iterator[Finding]:
    """What the answer says less of than it may seem."""
    if not runs:
        between = f"between {iso(options.since)} and {iso(options.until)}"
        fact = f"{options.dag_id}: no run is due {between}: {idle or 'its runs are due at other times'}"
        fix = "take a stretch that holds a due date: --since, --until"
        yield Finding("nothing-ran", "error", fact, dag_id=options.dag_id, fix=fix)
    if not varies:
        fact = "no duration is a distribution, so that all samples would be alike: one was simulated"
        fix = "say how durations vary, as {p50: 5m, p95: 9m} under durations: of the world file"
        yield Finding("when", "warning", fact, fix=fix)
