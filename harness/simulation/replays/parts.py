"""A replay whose runs are shared out among processes, and put together in the order in which one would have made them.

The first runs are simulated here, as far as to the first moment at which none goes on. From what they leave it is
guessed what later runs find (`harness.simulation.replays.shards.Handover`), and parts are simulated ahead by an
executor's workers. A part is taken only where what it began with is what the one before it left; else it is simulated
again. So the ledger is that of one process, byte for byte, whatever was guessed: a wrong guess costs time.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, cast

from harness.engines.local import Engine
from harness.errors import NoVerdict
from harness.kernel import Instant
from harness.kernel.instant import to_instant
from harness.ledger.shards import ShardJournal, ShardRecords
from harness.results.calendar import CalendarResult
from harness.results.run import RunResult
from harness.results.world import WORDS
from harness.scheduler.model import RunState, TaskState
from harness.simulation.environment import Interruption, interruptible
from harness.simulation.options import CalendarOptions
from harness.simulation.replays.joined_capacity import joined
from harness.simulation.replays.shards import Handover, Shard
from harness.simulation.results import run_result
from harness.simulation.run_factory import RunFactory
from harness.simulation.simulated import SimulatedCalendar, simulated_calendar
from harness.simulation.watchers import Watcher

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from harness.ledger.journal import Journal
    from harness.world import World

PARTS = 4
"""For each worker: the more there are, the less is lost with one that was guessed wrong, killed or interrupted."""
LOSSES = 3
"""Workers that may be lost before a replay gives up: code that ends its process ends every one that runs it."""


NEVER_STILL = (
    "there was no moment at which some of its runs were over and no other went on; with max_active_runs=1 there is one "
    "behind every run"
)


@dataclass(frozen=True, slots=True)
class ReplayPart:
    """What a worker is asked for; see `Shard`."""

    begin: Handover
    most: int | None


@dataclass(frozen=True, slots=True)
class PartResult:
    """What came of it.

    Attributes:
        end, coupled: see `Shard`.
        told: the `CalendarResult` and the calls of what the world has in tasks' places, pickled: where that fails, they
            hold something that no other process can be given, and ``coupled`` says so.
    """

    end: Handover | None
    coupled: str | None
    records: ShardRecords
    told: bytes


class Coupled(Exception):
    """Runs that were simulated apart concern one another."""


class Simulate(Protocol):
    """Simulates on the Dags of a rehearsal; `harness.simulation.rehearsal.Rehearsal.simulate`."""

    def __call__(
        self, options: CalendarOptions, world: World | None, *, simulated: SimulatedCalendar, journal: Journal
    ) -> CalendarResult: ...


def simulated_part(simulate: Simulate, options: CalendarOptions, world: World | None, part: ReplayPart) -> PartResult:
    """Simulate a part; what a worker does."""
    journal = ShardJournal()
    shard = Shard(part.begin, part.most, journal)
    found: list[tuple[CalendarResult, list[Any]]] = []

    def simulated(run_factory: RunFactory, dags: Iterable[DAG], options: CalendarOptions) -> CalendarResult:
        former = len(run_factory.world.calls_made)
        result = simulated_calendar(run_factory, dags, options, shard)
        journal.mute = True  # what is told of Dags and of the world, is told once, by whoever puts the parts together
        found.append((result, run_factory.world.calls_made[former:]))
        return result

    simulate(replace(options, keep=None, resume=False), world, simulated=simulated, journal=journal)
    coupled = shard.coupled
    try:
        told = pickle.dumps(found[0])
    except Exception as error:  # user code: pickle asks the values' own classes
        told, coupled = b"", coupled or f"a result cannot leave its process ({type(error).__name__}: {error})"
    return PartResult(shard.end, coupled, journal.records, told)


class PartedReplay:
    """Simulates a replay in parts; in the place of `harness.simulation.simulated.simulated_calendar`.

    Args:
        cohort: runs that go on at once at the most: fewer are no part.
        watcher: told of the runs of other processes when they are there.
    Attributes:
        notes: what is to be said of how it went.
    """

    def __init__(self, engine: Engine, cohort: int, watcher: Watcher | None) -> None:
        self._engine, self._cohort, self._watcher = engine, cohort, watcher
        self.notes: list[str] = []
        self._ahead: deque[tuple[ReplayPart, Future[Any]]] = deque()
        self._again = self._lost = 0

    def __call__(self, run_factory: RunFactory, dags: Iterable[DAG], options: CalendarOptions) -> CalendarResult:
        """Simulate the first runs, and have the others simulated.

        Raises: Coupled: runs concern one another, which a later part met. NoVerdict: workers are lost again and again.
        """
        pilot = Shard(None, self._cohort)
        first = simulated_calendar(run_factory, dags, options, pilot)
        if pilot.end is None:
            why = pilot.coupled or NEVER_STILL
            self.notes.append(f"replayed in one process: {why}")
            return first
        merged = Merged(run_factory, first, self._watcher)
        with _ending(run_factory, merged):
            self._rest(pilot, merged, to_rate(run_factory, pilot.end))
        if self._again:
            self.notes.append(
                f"{self._again} parts were simulated again: the runs before them did not leave what was foreseen"
            )
        return merged.result()

    def _rest(self, pilot: Shard, merged: Merged, rate: float) -> None:
        done = pilot.end
        while done is not None:
            if not self._ahead:
                self._guess(done, pilot.total, rate)
            part, future = self._ahead[0]
            if part.begin != done:
                self._again += len(self._ahead)
                self._forget()
                continue
            found = self._found(part, future)
            if found is None:
                continue
            if found.coupled is not None:
                self._forget()
                raise Coupled(found.coupled)
            self._ahead.popleft()
            merged.take(found)
            if found.end is not None:
                rate = (found.end.at - done.at) / (found.end.runs - done.runs)
            done = found.end

    def _guess(self, done: Handover, total: int, rate: float) -> None:
        """Have all that is left simulated, in parts, each as if the ones before had left what was left so far.

        Args:
            rate: virtual microseconds a run.
        """
        cohorts = -(-(total - done.runs) // self._cohort)
        size = -(-cohorts // (self._engine.workers * PARTS)) * self._cohort
        for first in range(done.runs, total, size):
            at = Instant(done.at + round((first - done.runs) * rate))
            last = first + size
            part = ReplayPart(replace(done, runs=first, at=at), last if last < total else None)
            self._ahead.append((part, self._engine.submit(part)))

    def _found(self, part: ReplayPart, future: Future[Any]) -> PartResult | None:
        """What came of the next part; None where its worker was lost, and it is to be simulated again."""
        try:
            found: PartResult = self._engine.result(future)
        except self._engine.losses as error:
            self._forget()
            self._lost += 1
            if self._lost < LOSSES:
                return None
            raise NoVerdict(
                f"a process that simulates runs from the {part.begin.runs + 1}th on was lost, {LOSSES} times",
                known=f"{part.begin.runs} runs stand in the ledger; {type(error).__name__}",
                why="a task's code ends it (os._exit, a crash in C), or the machine does: it may be short of memory",
                fix="replay without -j and --engine to see which task it is",
            ) from None
        return found

    def _forget(self) -> None:
        for _, future in self._ahead:
            future.cancel()
        self._ahead.clear()
        self._engine.renew()


def to_rate(run_factory: RunFactory, end: Handover) -> float:
    """Virtual microseconds a run of the first ones."""
    start = run_factory.recorder.simulation
    assert start is not None
    return (end.at - start.start) / end.runs


class Merged:
    """What parts came to, together.

    Args:
        first: of the part that was simulated here.
    """

    def __init__(self, run_factory: RunFactory, first: CalendarResult, watcher: Watcher | None) -> None:
        self._run_factory, self._last, self._watcher = run_factory, first, watcher
        self._made = list(run_factory.store.runs.values())
        self.runs: list[RunResult] = list(first.runs)
        self._capacities = [first.capacity]
        self._needs = {(need.section, need.name): need for need in first.not_in_world}

    def take(self, found: PartResult) -> None:
        """Add the next part: its records to the journal, its runs to the result."""
        recorder = self._run_factory.recorder
        found.records.join(recorder.journal)
        result, calls = pickle.loads(found.told)
        self._run_factory.world.calls_made.extend(calls)
        for run in result.runs:
            self._take(run)
        for need in result.not_in_world:
            former = self._needs.setdefault((need.section, need.name), need)
            both = tuple(sorted({*former.dag_ids, *need.dag_ids}))
            self._needs[need.section, need.name] = replace(former, dag_ids=both)
        self._capacities.append(result.capacity)
        self._last = result
        assert recorder.simulation is not None
        recorder.simulation.now = to_instant(result.busy_until)

    def _take(self, result: RunResult) -> None:
        """Add a run, with what was found when it was made, and tell of it."""
        made = self._made[len(self.runs)]
        found = tuple(self._run_factory.recorder.findings.get(made, ()))
        self.runs.append(replace(result, findings=(*found, *result.findings)) if found else result)
        if self._watcher is None:
            return
        if result.state in ("success", "failed"):
            made.state = "running"
            self._watcher(made, None)
            for ti in result.task_instances:
                mine = made.task_instances.get((ti.task_id, ti.map_index))
                if mine is not None:
                    mine.state, mine.reason = cast("TaskState", ti.state), ti.reason
                    self._watcher(made, mine)
        made.state, made.reason = cast("RunState", result.state), result.reason
        self._watcher(made, None)

    def result(self, was_interrupted: bool = False) -> CalendarResult:
        """All of it so far."""
        order = list(WORDS)
        needs = sorted(self._needs.values(), key=lambda need: (order.index(need.section), need.name))
        last, pending = self._last, []
        if was_interrupted:
            pending = [run_result(run, self._run_factory.recorder) for run in self._made[len(self.runs) :]]
        return replace(
            last,
            runs=(*self.runs, *pending),
            not_in_world=tuple(needs),
            capacity=joined(self._capacities, (*self.runs, *pending), last.busy_until),
            was_interrupted=was_interrupted or last.was_interrupted,
        )


@contextmanager
def _ending(run_factory: RunFactory, merged: Merged) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the block between two parts; there is a result of those before."""
    interruption = Interruption()
    try:
        with interruptible(interruption):
            yield
    except KeyboardInterrupt:
        if not interruption.happened:
            raise
        run_factory.interruption = interruption
        run_factory.interrupted(merged.result(was_interrupted=True))
