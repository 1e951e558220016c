"""What checks are called with: a file, a Dag with its edges to be walked, or the notes that were taken of all Dags."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.world.model import World

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from harness.bridge.environment.plugins import PluginFailure
    from harness.bridge.parsing.import_errors import LoadFailure
    from harness.bridge.parsing.leftovers.pollution import Change
    from harness.bridge.parsing.parse import Parsed, Warned
    from harness.bridge.parsing.watching import Users
    from harness.bridge.parsing.watching.watch import ActivityWatch, ObservedEvent
    from harness.bridge.stored import Unserializable
    from harness.checks.callables import Definitions


LIMITS: dict[str, float] = {
    "parse-time-s": 2.0,
    "catchup-runs": 50,
    "mapping-length": 1024,
    "retry-delay-s": 60,
    "sensor-timeout-s": 6 * 3600,
    "xcom-bytes": 48 * 1024,
}
"""Thresholds and their defaults: ``[tool.airflow-harness.limits]``."""

OPTIONS: dict[str, str] = {
    "dag-id-pattern": "[a-z][a-z0-9_]*",
}
"""Texts and their defaults: ``[tool.airflow-harness.options]``; a name in ``-pattern`` is a regular expression."""


@dataclass(frozen=True)
class Declared:
    """What the world file says exists.

    Attributes:
        file: the world file; None when there is none, and nothing can be missing.
        pools: name -> slots, -1 for no limit.
        queues, executors: None when the file does not say which there are.
    """

    file: str | None = None
    pools: Mapping[str, int] = field(default_factory=dict)
    connections: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()
    queues: frozenset[str] | None = None
    executors: frozenset[str] | None = None


@dataclass(frozen=True)
class CheckSelection:
    """Which checks are on, and how they judge.

    Attributes:
        severities: the checks that are on: id -> ``error`` or ``warning``.
        limits: see `LIMITS`.
        options: texts that some checks take, such as a pattern for Dag ids.
    """

    severities: Mapping[str, str]
    limits: Mapping[str, float] = field(default_factory=lambda: dict(LIMITS))
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Note:
    """What a repository's check noted of one Dag, or of a file (its ``dag_id`` is empty); it crosses processes as JSON.

    Attributes:
        path: the file that was parsed.
    """

    path: str
    dag_id: str
    line: int | None
    value: Any


@dataclass(frozen=True)
class Judgement:
    """What a check of the whole repository knows when it judges its notes.

    Attributes:
        dag_ids: all Dags of the repository.
        partial: some files did not import or were not asked for, so what is not seen may still exist.
        failed: paths of the files that did not import.
        seconds: path -> real seconds that its import took; only of files that came to an end.
        imported: path -> files of the repository that it imported.
        requirements: the file that names the repository's packages.
        world: stubs, durations and answers of the world file among them.
    """

    dag_ids: frozenset[str]
    declared: Declared
    selection: CheckSelection
    partial: bool = False
    failed: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    imported: Mapping[str, Sequence[str]] = field(default_factory=dict)
    requirements: str | None = None
    world: World = field(default_factory=World)


class FileContext:
    """A file that was parsed.

    Attributes:
        path, root: absolute.
        users: tells which files are the repository's own.
        watch: what watched the import and can watch again; None where nothing did.
        failures: (Dag id or None, what it raised).
        found: how many Dags Airflow would take from it. lost: Dags with tasks that it makes and Airflow does not find.
        seconds: time that the import took.
        events: what the file did meanwhile. warned: warnings that it raised. pollution: what it left changed.
        failed_plugins: those that did not load in this process.
        imported: files of the repository that it imported. brought: other packages -> seconds that their import took.
    """

    def __init__(self, parsed: Parsed, declared: Declared, selection: CheckSelection) -> None:
        self.path, self.root = str(parsed.path), str(parsed.root)
        self.declared, self.selection = declared, selection
        self.users: Users = parsed.users
        self.watch: ActivityWatch | None = parsed.watch
        self.failures: list[tuple[str | None, LoadFailure]] = parsed.failures
        self.found, self.lost = parsed.found, parsed.lost
        self.seconds = parsed.seconds
        self.events: list[ObservedEvent] = parsed.events
        self.warned: list[Warned] = parsed.warned
        self.pollution: list[Change] = parsed.pollution
        self.failed_plugins: list[PluginFailure] = parsed.failed_plugins
        self.imported: list[str] = parsed.imported
        self.brought: dict[str, float] = parsed.brought
        self.dags = [DagContext(dag, self, parsed) for dag in parsed.dags]

    @cached_property
    def source(self) -> str:
        """The file's text; empty for what is no text (an archive)."""
        import tokenize

        try:
            with tokenize.open(self.path) as file:
                return file.read()
        except (OSError, SyntaxError, UnicodeDecodeError):
            return ""

    @cached_property
    def tree(self) -> ast.Module:
        """The file's syntax tree; an empty module when it has none."""
        try:
            return ast.parse(self.source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return ast.Module([], [])

    @cached_property
    def definitions(self) -> Definitions:
        """The source of functions of this file and of the repository's modules."""
        from harness.checks.callables import Definitions

        return Definitions(self.users.own, {self.path: self.tree})

    def limit(self, name: str) -> float:
        """A threshold."""
        return self.selection.limits.get(name, LIMITS[name])


class DagContext:
    """A Dag that was loaded.

    Attributes:
        dag: Airflow's own object.
        file: the file it came from.
    """

    def __init__(self, dag: DAG, file: FileContext, parsed: Parsed) -> None:
        self.dag, self.file, self._places = dag, file, parsed.places
        self.dag_id: str = dag.dag_id
        self.declared, self.selection = file.declared, file.selection

    @property
    def tasks(self) -> list[Any]:
        """Operators, mapped ones too, in order of definition."""
        return list(self.dag.task_dict.values())

    @property
    def made(self) -> tuple[str, int] | None:
        """File and line of the call that made the Dag; None when it is not known, or no code of the repository's."""
        place = self._places.of_dag(self.dag)
        return place if place is not None and place[1] else None

    @property
    def line(self) -> int | None:
        """Line of the call that made the Dag, where that stands in its file."""
        return _line(self.made, self.file.path)

    @cached_property
    def serialized(self) -> dict[str, Any] | Unserializable:
        """The Dag as Airflow stores it, or why it cannot be."""
        from harness.bridge.stored import serialized

        return serialized(self.dag)

    def place(self, task_id: str) -> tuple[str, int] | None:
        """File and line of the call that made a task; a helper module's when it stands there."""
        return self._places.of_task(self.dag, task_id)

    def edge(self, upstream: str, downstream: str) -> tuple[str, int] | None:
        """File and line that put one task before the other."""
        return self._places.of_edge(self.dag, upstream, downstream)

    @property
    def has_naive_start(self) -> bool:
        """Whether its ``start_date`` was given without a time zone."""
        return self._places.has_naive_start(self.dag)

    def limit(self, name: str) -> float:
        """A threshold."""
        return self.file.limit(name)

    @cached_property
    def timetable(self) -> Any:
        """The scheduler's own timetable of the Dag; None when it cannot be made (another check tells that)."""
        from harness.bridge.timetables import timetable_of

        try:
            return timetable_of(self.dag)
        except Exception:
            return None

    @property
    def is_periodic(self) -> bool:
        """Whether time makes runs of it: not a Dag without schedule, on assets alone, or run once."""
        timetable = self.dag.timetable
        if type(timetable).__name__ in _PERIODIC and type(timetable).__module__.startswith("airflow."):
            return True  # the usual ones, without making the scheduler's
        return bool(getattr(self.timetable, "can_be_scheduled", False) and getattr(self.timetable, "periodic", False))

    @cached_property
    def shape(self) -> Shape:
        """The tasks and edges, to be walked."""
        tasks = self.dag.task_dict
        return Shape(
            {task_id: task.upstream_task_ids for task_id, task in tasks.items()},
            {task_id: task.downstream_task_ids for task_id, task in tasks.items()},
        )

    @cached_property
    def cycle(self) -> list[str]:
        """Task ids of a cycle, the first again at the end; empty when there is none."""
        return _cycle({task_id: sorted(task.downstream_task_ids) for task_id, task in self.dag.task_dict.items()})


_PERIODIC = {"CronTriggerTimetable", "CronDataIntervalTimetable", "DeltaTriggerTimetable", "DeltaDataIntervalTimetable"}


def _line(place: tuple[str, int] | None, path: str) -> int | None:
    return place[1] if place is not None and place[0] == path else None


def _cycle(downstream: Mapping[str, list[str]]) -> list[str]:
    """Depth first, without recursion: Dags of 900 tasks exist."""
    done: set[str] = set()
    for start in downstream:
        path: list[str] = []
        rest: list[Iterator[str]] = [iter([start])]
        while rest:
            following = next(rest[-1], None)
            if following is None:
                rest.pop()
                if path and len(rest) == len(path):
                    done.add(path.pop())
            elif following in path:
                return [*path[path.index(following) :], following]
            elif following not in done and following in downstream:
                path.append(following)
                rest.append(iter(downstream[following]))
    return []


class Shape:
    """Who comes before whom.

    Args:
        upstream, downstream: task ids next to each task, by task id.
    """

    def __init__(self, upstream: Mapping[str, Set[str]], downstream: Mapping[str, Set[str]]) -> None:
        self.upstream, self.downstream = upstream, downstream
        self._above: dict[str, frozenset[str]] = {}
        self._below: dict[str, frozenset[str]] = {}

    def above(self, task_id: str) -> frozenset[str]:
        """All tasks upstream of a task, direct and indirect."""
        if task_id not in self._above:
            self._above[task_id] = _reach(self.upstream, task_id)
        return self._above[task_id]

    def below(self, task_id: str) -> frozenset[str]:
        """All tasks downstream of a task, direct and indirect."""
        if task_id not in self._below:
            self._below[task_id] = _reach(self.downstream, task_id)
        return self._below[task_id]

    @cached_property
    def order(self) -> list[str]:
        """Task ids, each after all its upstreams; what is on or behind a cycle is left out."""
        waits = {task_id: len(above) for task_id, above in self.upstream.items()}
        order = [task_id for task_id, number in waits.items() if not number]
        for task_id in order:  # grows
            for other in sorted(self.downstream[task_id] & waits.keys()):
                waits[other] -= 1
                if not waits[other]:
                    order.append(other)
        return order


def _reach(edges: Mapping[str, Set[str]], start: str) -> frozenset[str]:
    seen: set[str] = set()
    rest = list(edges.get(start, ()))
    while rest:
        task_id = rest.pop()
        if task_id not in seen:
            seen.add(task_id)
            rest += edges.get(task_id, ())
    return frozenset(seen)
