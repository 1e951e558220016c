"""How many slots of each pool scheduled runs would ask for at one moment, if nothing made them wait.

No rule of the scheduler is played: a task begins when all before it have ended, and takes the time that ``durations:``
of the world give it (of a distribution the median), or none. Branches, retries, sensors and limits of runs change that,
and so does a pool that is full: what really happens then is what ``simulate`` is for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from harness.kernel.instant import Instant, Microseconds, iso, later, to_datetime
from harness.results.schedule import PoolMoment
from harness.scheduler.lengths import parse_time_mapped_count
from harness.scheduler.model import Dag
from harness.world import World
from harness.world.distribution import typical


@dataclass(frozen=True, slots=True)
class Demand:
    """What a run of a Dag asks of a pool, by one of its tasks.

    Attributes:
        begins, lasts: after the run's beginning.
        depth: how many tasks come before it: of those that take no time, only one depth is at work at once.
    """

    pool: str
    slots: int
    begins: Microseconds
    lasts: Microseconds
    depth: int


def demands(dag: Dag, world: World, classes: Mapping[str, tuple[str, ...]], date: str) -> list[Demand]:
    """What a run of a Dag would ask for.

    Args:
        classes: task_id -> import paths of its operator's class, for patterns of durations.
        date: of the run, for the same.
    """
    ends: dict[str, tuple[Microseconds, int]] = {}
    found = []
    for task_id, task in dag.tasks.items():  # each after all its upstreams
        before = [ends[name] for name in task.upstream if name in ends]
        begins = max((end for end, _ in before), default=0)
        depth = max((depth for _, depth in before), default=-1) + 1
        number = parse_time_mapped_count(task, dag)
        mapped = number is not None or task.length is not None or bool(task.groups)
        declared = world.duration_of(dag.dag_id, task_id, 0 if mapped else -1, date, classes.get(task_id, ()))
        lasts = typical(declared) or 0
        ends[task_id] = (begins + lasts, depth)
        slots = task.pool_slots * (1 if number is None else number)
        if slots:
            found.append(Demand(task.pool, slots, begins, lasts, depth))
    return found


Classes = Mapping[str, Mapping[str, tuple[str, ...]]]
"""dag_id -> task_id -> import paths of its operator's class."""

Shares = dict[str, int]
"""dag_id -> slots."""


def _by_depth() -> dict[Instant, dict[int, Shares]]:
    return defaultdict(lambda: defaultdict(lambda: defaultdict(int)))


@dataclass(slots=True)
class _Pool:
    """What is asked of one pool.

    Attributes:
        begins: instant -> depth -> slots that are held from then on.
        ends: instant -> slots that are given back.
        passing: instant -> depth -> slots that are asked for at that instant alone.
    """

    begins: dict[Instant, dict[int, Shares]] = field(default_factory=_by_depth)
    ends: dict[Instant, Shares] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    passing: dict[Instant, dict[int, Shares]] = field(default_factory=_by_depth)

    def add(self, dag_id: str, at: Instant, demand: Demand) -> None:
        """What a task of a run made at an instant asks for."""
        begins = later(at, demand.begins)
        place = self.begins if demand.lasts else self.passing
        place[begins][demand.depth][dag_id] += demand.slots
        if demand.lasts:
            self.ends[later(begins, demand.lasts)][dag_id] += demand.slots

    def busiest(self, name: str, slots: int | None) -> PoolMoment:
        """The first moment at which most is asked for."""
        held: Shares = defaultdict(int)
        most, when, by = 0, Instant(0), dict(held)
        above, since, busy = 0, Instant(0), 0
        for at in sorted({*self.begins, *self.ends, *self.passing}):
            if slots is not None and 0 <= slots < busy:
                above += at - since
            for dag_id, fewer in self.ends.get(at, {}).items():
                held[dag_id] -= fewer
            begins, passing = self.begins.get(at, {}), self.passing.get(at, {})
            for depth in sorted({*begins, *passing}):
                for dag_id, more in begins.get(depth, {}).items():
                    held[dag_id] += more
                asked = Counter(held) + Counter(passing.get(depth, {}))
                if sum(asked.values()) > most:
                    most, when, by = sum(asked.values()), at, dict(sorted(asked.items()))
            since, busy = at, sum(held.values())
        return PoolMoment(name, slots, to_datetime(when), most, by, timedelta(microseconds=above))


def busiest_moments(
    runs: Iterable[tuple[Dag, Instant, Instant | None]], world: World, classes: Classes
) -> list[PoolMoment]:
    """The busiest moment of each pool that scheduled runs ask for, the most pressed first.

    Args:
        runs: each run's Dag, when it is made, and its logical date.
    """
    pools: dict[str, _Pool] = defaultdict(_Pool)
    known: dict[tuple[str, str], list[Demand]] = {}
    dated = any("@" in pattern for pattern in world.durations)
    for dag, at, date in runs:
        text = iso(at if date is None else date) if dated else ""
        key = (dag.dag_id, text)
        if key not in known:
            known[key] = demands(dag, world, classes.get(dag.dag_id, {}), text)
        for demand in known[key]:
            pools[demand.pool].add(dag.dag_id, at, demand)
    found = []
    for name, pool in sorted(pools.items()):
        declared = world.pools.get(name)
        found.append(pool.busiest(name, None if declared is None else declared.slots))
    return sorted(found, key=lambda moment: (not moment.is_above, -moment.asked, moment.pool))
