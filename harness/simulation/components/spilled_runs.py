"""Runs that have ended, out of memory: of a replay of a hundred thousand task instances, some thousands are there.

The ledger could not bring them back: what is masked there, a task that pulls it from an earlier run finds as it was
pushed. So they go to a file without a name, which nobody else can open and which ends with the process. Whoever asks
for them, a rule, the supervisor or somebody who clears them, finds them as they were: see `DagRun.fetch`.
"""

from __future__ import annotations

import math
import os
import pickle
import tempfile
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from io import FileIO
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar
from zlib import crc32

from harness.bridge.explain import Explanation
from harness.bridge.supervisor.store import facts
from harness.errors import MachineError
from harness.kernel import Instant, Simulation
from harness.ledger.journal import inode_of
from harness.scheduler.dag_runs.backfill import BACKFILL
from harness.scheduler.mapping import create_instances
from harness.scheduler.model import DETAILS, DagRun, TaskInstance
from harness.simulation.history import AttemptSlice, History
from harness.simulation.tally import Tally

IN_MEMORY = 2_000
"""Task instances of ended runs that stay in memory: those that ended last, at which most look that look back."""

T = TypeVar("T")

RunEvent = tuple[Instant, str, "str | None"]
"""(instant, task name, state)"""


class RunRecords(Protocol):
    """What was told of runs; of `harness.simulation.record.Recorder`."""

    simulation: Simulation | None
    tally: Tally
    events: dict[DagRun, list[RunEvent]]


class RunsInMemory:
    """What the runs of a simulation came to, all of it in memory.

    Attributes:
        spills: details of a run may be elsewhere, and results read them when they are asked for.
    """

    spills = False

    def __init__(self, recorder: RunRecords) -> None:
        self._recorder = recorder

    def begin(self, run: DagRun) -> None:
        """Give a new run its task instances."""
        create_instances(run)

    def ended(self, run: DagRun) -> None:
        """A run has ended."""

    def instances(self, run: DagRun) -> Collection[TaskInstance]:
        """Its task instances, to be looked at and not to be changed."""
        return run.task_instances.values()

    def events(self, run: DagRun) -> Sequence[RunEvent]:
        """Its changes of states, in order."""
        return self._recorder.events.get(run, ())

    @contextmanager
    def staying(self) -> Iterator[None]:
        """No run is put aside during the block: a task instance that was found once is the same whenever it is."""
        yield


class Extent(NamedTuple):
    """Where something stands in a `SpillFile`.

    Attributes:
        offset, size: bytes. check: CRC-32 of them.
    """

    offset: int
    size: int
    check: int


class SpillFile:
    """A file without a name, made when something is written.

    Args:
        folder: on whose disk; None: that of the temporary folder, which may be memory.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder, self._owner = folder, os.getpid()
        self._file: FileIO | None = None
        self._inode = (0, 0)
        self._size = 0

    def append(self, texts: Sequence[bytes]) -> tuple[Extent, ...] | None:
        """Write some. Returns: where each of them is; None where they cannot be written, as on a full disk."""
        if os.getpid() != self._owner:  # forked by a task: the file is its parent's
            return None
        whole, done = b"".join(texts), 0
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0, dir=self._folder)  # noqa: SIM115
                self._inode = inode_of(self._file)
            if inode_of(self._file) != self._inode:  # closed by a task, whose own file has its number now
                return None
            while done < len(whole):
                done += os.pwrite(self._file.fileno(), whole[done:], self._size + done)
        except (OSError, ValueError):
            return None
        return tuple(self._placed(texts))

    def _placed(self, texts: Sequence[bytes]) -> Iterator[Extent]:
        for text in texts:
            yield Extent(self._size, len(text), crc32(text))
            self._size += len(text)

    def read(self, place: Extent) -> bytes:
        """What stands there. Raises: MachineError: it does not any more."""
        try:
            found = b"" if self._file is None else os.pread(self._file.fileno(), place.size, place.offset)
        except (OSError, ValueError):  # closed by a task, by its number or as an object
            found = b""
        if len(found) != place.size or crc32(found) != place.check:
            raise MachineError(
                "what became of runs that have ended cannot be read back from the file it was put aside into",
                fix="look for a task that closes descriptors which are not its own: os.close, os.closerange",
            )
        return found


class _Spilled(NamedTuple):
    """A run that was put aside.

    Attributes:
        places: of the states of its task instances, of its events, and of what no result tells.
        instances, events: how many.
    """

    places: tuple[Extent, ...]
    instances: int
    events: int


class SpilledRuns(RunsInMemory):
    """As `RunsInMemory`, but details of runs that ended are in a file, and those of a backfill's begin with their run.

    Args:
        folder: as of `SpillFile`.
    """

    spills = True

    def __init__(self, recorder: RunRecords, folder: Path | None) -> None:
        super().__init__(recorder)
        self._file, self._most = SpillFile(folder), float(IN_MEMORY)
        self._here: deque[tuple[DagRun, int]] = deque()
        self._instances_here = 0
        self._spilled: dict[DagRun, _Spilled] = {}
        self._alike: dict[frozenset[Any], frozenset[Any]] = {}

    def begin(self, run: DagRun) -> None:
        """Of a backfill all runs are made at once: theirs are made as soon as anybody asks for them."""
        if run.run_type != BACKFILL:
            create_instances(run)
            return
        del run.task_instances
        run.fetch = partial(self._make, run)

    def _make(self, run: DagRun) -> None:
        run.fetch, run.task_instances = None, {}
        create_instances(run)

    def ended(self, run: DagRun) -> None:
        """Put those aside that ended longest ago, as long as there are too many."""
        self._here.append((run, len(run.task_instances)))
        self._instances_here += len(run.task_instances)
        self._put_aside()

    def _put_aside(self) -> None:
        """All but the last one, which somebody has asked for: those that something still goes on in come behind it."""
        asked_for, _ = self._here[-1]
        for _ in range(len(self._here) - 1):
            if self._instances_here <= self._most:
                return
            run, instances = self._here.popleft()
            ended = run is not asked_for and run.fetch is None and run.state in ("success", "failed")
            if ended and self._goes_on(run):
                self._here.append((run, instances))
                continue
            self._instances_here -= instances
            if ended:
                self._spill(run)

    def _goes_on(self, run: DagRun) -> bool:
        """Whether something of a run is left: a Dag's callback, or code that was told to end and takes its time."""
        simulation = self._recorder.simulation
        assert simulation is not None
        of_it = (one for process in simulation.processes for one in process.args)
        return any(one is run or (isinstance(one, TaskInstance) and one.run is run) for one in of_it)

    def _spill(self, run: DagRun) -> None:
        """Put a run aside; it stays where that cannot be, and all do where nothing can be written."""
        recorder, own, former = self._recorder, facts(run), self._spilled.get(run)
        instances, events = list(run.task_instances.values()), recorder.events.get(run, [])
        held_by = recorder.tally.held_by
        rest = [getattr(run, name) for name in DETAILS[1:]]
        try:
            states = [_state(ti, held_by.get(ti)) for ti in instances]
            parts = (states, events, (rest, own.xcoms, [_past(ti) for ti in instances]))
            texts = [pickle.dumps(part, pickle.HIGHEST_PROTOCOL) for part in parts]
        except Exception:  # user code: pickle asks the values' own classes
            return
        if former is None or any(
            self._file.read(place) != text for place, text in zip(former.places, texts, strict=True)
        ):
            places = self._file.append(texts)
            if places is None:
                self._most = math.inf
                return
            self._spilled[run] = _Spilled(places, len(instances), len(events))
        own.elsewhere = self._one_of(frozenset((task_id, key) for task_id, _, key in own.xcoms))
        own.ended_in, own.model = self._one_of(frozenset(ti.state for ti in instances)), None
        run.fetch = own.fetch = partial(self._fetch, run)
        for ti in instances:
            held_by.pop(ti, None)
        recorder.events.pop(run, None)
        del own.xcoms
        for name in DETAILS:
            delattr(run, name)

    def _one_of(self, alike: frozenset[T]) -> frozenset[T]:
        """The first of those that are alike: most runs come to the same."""
        return self._alike.setdefault(alike, alike)

    def _fetch(self, run: DagRun) -> None:
        """Bring a run back, to where it ended last."""
        spilled, own, held_by = self._spilled[run], facts(run), self._recorder.tally.held_by
        states, events, (rest, xcoms, pasts) = (pickle.loads(self._file.read(place)) for place in spilled.places)
        instances = {}
        for state, past in zip(states, pasts, strict=True):
            ti = _instance(run, state, past)
            instances[ti.key] = ti
            if state[1] is not None:
                held_by[ti] = state[1]
        own.xcoms, self._recorder.events[run] = xcoms, events
        run.task_instances = instances
        run.lengths, run.returned, run.skipmixin, run.past_depends_met = rest
        run.fetch = own.fetch = own.elsewhere = own.ended_in = None  # last: until then Ctrl-C leaves it all to the file
        self._here.append((run, spilled.instances))
        self._instances_here += spilled.instances
        self._put_aside()

    def instances(self, run: DagRun) -> Collection[TaskInstance]:
        """As of `RunsInMemory`; a run that is elsewhere stays there, and its histories have no more than attempts."""
        if run.fetch is None:
            return run.task_instances.values()
        if run in self._spilled:
            return [_instance(run, state) for state in pickle.loads(self._file.read(self._spilled[run].places[0]))]
        made = list(run.task_instances.values())
        self.begin(run)
        return made

    def events(self, run: DagRun) -> Sequence[RunEvent]:
        """As of `RunsInMemory`."""
        if run.fetch is None or run not in self._spilled:
            return super().events(run)
        found: list[RunEvent] = pickle.loads(self._file.read(self._spilled[run].places[1]))
        return found

    @contextmanager
    def staying(self) -> Iterator[None]:
        """As of `RunsInMemory`."""
        most, self._most = self._most, math.inf
        try:
            yield
        finally:
            self._most = most

    def counts(self, run: DagRun) -> tuple[int, int]:
        """How many task instances and events a run has."""
        if run.fetch is None or run not in self._spilled:
            return len(self.instances(run)), len(self.events(run))
        return self._spilled[run].instances, self._spilled[run].events


_OF_INSTANCE = tuple(one.name for one in fields(TaskInstance) if one.name not in ("task", "run", "extra"))
_OF_ATTEMPT = tuple(one.name for one in fields(AttemptSlice))
_OF_ERROR = tuple(one.name for one in fields(Explanation))
_IN_STATE = ("attempts", "error", "stood_in")
_OF_PAST = tuple(one.name for one in fields(History) if one.name not in ("process", "workload", *_IN_STATE))
_of_instance, _of_attempt, _of_error, _of_past = (
    attrgetter(*names) for names in (_OF_INSTANCE, _OF_ATTEMPT, _OF_ERROR, _OF_PAST)
)


def _state(ti: TaskInstance, held_by: str | None) -> tuple[Any, ...]:
    """What a task instance came to, as plain data: a third of the time that its classes take."""
    past = ti.extra
    told = None
    if past is not None:
        if not isinstance(past, History) or past.process is not None:
            raise TypeError(f"{ti.name} goes on")
        error = None if past.error is None else _of_error(past.error)
        told = ([_of_attempt(one) for one in past.attempts], error, past.stood_in)
    return (ti.task_id, held_by, told, *_of_instance(ti))


def _instance(run: DagRun, state: tuple[Any, ...], rest: tuple[Any, ...] | None = None) -> TaskInstance:
    """The task instance again.

    Args:
        rest: of its history; None: no more than results tell.
    """
    task_id, _, past, *values = state
    ti = TaskInstance(run.dag.tasks[task_id], run, **dict(zip(_OF_INSTANCE, values, strict=True)))
    if past is not None:
        attempts, error, stood_in = past
        ti.extra = History(
            [AttemptSlice(*one) for one in attempts],
            error=None if error is None else Explanation(*error),
            stood_in=stood_in,
            **({} if rest is None else dict(zip(_OF_PAST, rest, strict=True))),
        )
    return ti


def _past(ti: TaskInstance) -> tuple[Any, ...] | None:
    found: tuple[Any, ...] | None = None if ti.extra is None else _of_past(ti.extra)
    return found
