"""Which faults of a world strike a simulation, and the book of those that did.

Services that are made to fail are made well again at the end, whatever happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, cast

from harness.bridge.operators import subject_of
from harness.bridge.patches.network import NetworkGuard
from harness.errors import WorldError, known_names
from harness.kernel import Instant
from harness.kernel.instant import Microseconds, later, to_datetime
from harness.kernel.simulation import URGENT
from harness.results.finding import Finding
from harness.results.world import WorldEventResult
from harness.scheduler.model import TaskInstance
from harness.simulation.agenda import Agenda
from harness.simulation.components.scheduler_loop import Driver
from harness.world import World
from harness.world.around import TASK_KINDS, Chaos, Draw, ServiceFault, TaskFault

if TYPE_CHECKING:
    from harness.services.base import Lease
    from harness.services.binding import Leases
    from harness.simulation.components.workers import Attempts


class Faults:
    """Those of one simulation.

    Args:
        services: has those of services strike.
    Attributes:
        driver: set when the simulation begins.
    """

    def __init__(self, world: World, services: ServiceFaults) -> None:
        self.world, self.services = world, services
        self.driver: Driver | None = None
        self._tasks = [fault for fault in world.faults if isinstance(fault, TaskFault)]
        self._struck: set[tuple[TaskFault, tuple[str, str, str, int, int]]] = set()
        self._happened: set[int] = set()
        self._not_reached: dict[tuple[TaskFault, str], Finding] = {}
        self._drawn: dict[tuple[str, str, str, int, int], Draw | None] = {}

    @property
    def fills_disks(self) -> bool:
        """Whether any may find a full disk."""
        drawn = self.world.drawn_faults
        return any(one.kind == "disk-full" for one in self._tasks) or (drawn is not None and "disk-full" in drawn.kinds)

    def begin(self, driver: Driver, agenda: Agenda) -> None:
        """A simulation begins: faults of services are planned. Raises: WorldError: one that cannot be."""
        self.driver = driver
        start = driver.simulation.start
        for fault in self.world.faults:
            if isinstance(fault, ServiceFault):
                strike = self._striking(fault.connection, fault.kind, fault.lasts, fault.where)
                what = f"{fault.connection} {_WORDS[fault.kind]}"
                agenda.plan(fault.at.of(start), strike, "fault", what, fault.where)

    def _striking(self, conn_id: str, kind: str, lasts: Microseconds | None, where: str | None) -> Callable[[], object]:
        """What has a service fail, for so long."""
        begin, end = self.services.of(conn_id, kind, where)

        def lift() -> None:
            self._tell(f"{conn_id} is well again" if end() else f"{conn_id}: its {kind!r} is over", where)

        def strike() -> None:
            begin()
            if lasts is not None and self.driver is not None:
                simulation = self.driver.simulation
                simulation.schedule(later(simulation.now, lasts), lift, priority=URGENT)

        return strike

    def due(self, ti: TaskInstance) -> Sequence[TaskFault]:
        """Those of this try of a task instance that have not struck it yet."""
        drawn = self.world.drawn_faults
        if not self._tasks and drawn is None:
            return ()
        subject, key = subject_of(ti), _key(ti)
        found = [one for one in self._tasks if one.strikes(subject, ti.try_number) and (one, key) not in self._struck]
        if drawn is not None and key not in self._drawn:
            draw = self._drawn[key] = drawn.draw(ti.run.run_id, subject, ti.try_number, self.services.conn_ids)
            if draw is not None:
                found += self._begun(draw, drawn, ti)
        return found

    def _begun(self, draw: Draw, chaos: Chaos, ti: TaskInstance) -> list[TaskFault]:
        """What was drawn, where it is a task's; what is a service's begins now, as the try does."""
        if draw.connection is None:
            lasts = draw.lasts if draw.kind == "slow" else 0
            return [TaskFault(f"{ti.run.dag.dag_id}.{ti.task_id}", draw.kind, (), draw.when, lasts, chaos.where)]
        self._tell(f"{draw.connection} {_WORDS[draw.kind]}", chaos.where)
        self._striking(draw.connection, draw.kind, draw.lasts, chaos.where)()
        return []

    def struck(self, ti: TaskInstance, fault: TaskFault) -> None:
        """One strikes now."""
        self._struck.add((fault, _key(ti)))
        self._happened.add(id(fault))
        name = f"{ti.run.dag.dag_id}.{ti.name}"
        self._tell(f"{name}, try {ti.try_number} of {ti.run.run_id}: {TASK_KINDS[fault.kind]}", fault.where)

    def lost(self, ti: TaskInstance) -> None:
        """The worker of a task instance is gone."""
        assert self.driver is not None
        cast("Attempts", self.driver.attempts).lost_workers.lose(ti)

    def not_reached(self, ti: TaskInstance, fault: TaskFault, files: Sequence[tuple[str, int]]) -> None:
        """Files were written on a task's disk that was full."""
        name = f"{ti.run.dag.dag_id}.{ti.task_id}"
        shown = ", ".join(f"{path} ({size:,} bytes)" for path, size in files[:_SHOWN])
        more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
        fact = f"the fault 'disk-full' of {name} did not reach {shown}{more}: C code or a program wrote there"
        fix = "have the try fail where it writes: kind: fails, when: end"
        self._not_reached.setdefault((fault, name), _finding(fault, fact, fix))

    def left(self, at: Instant) -> list[WorldEventResult]:
        """Faults of tasks that struck none until the end."""
        return [
            WorldEventResult(to_datetime(at), "fault", f"{one.kind} of {one.task}", one.where, happened=False)
            for one in self._tasks
            if not one.may_miss and id(one) not in self._happened
        ]

    def findings(self) -> list[Finding]:
        """One for each fault of tasks that struck none until the end, or did not reach what it should."""
        fix = "correct task:, on_try: or when: of the fault, or take it out"
        found = [
            _finding(one, f"the fault {one.kind!r} of {one.task} struck no try", fix)
            for one in self._tasks
            if not one.may_miss and id(one) not in self._happened
        ]
        return [*found, *self._not_reached.values()]

    def _tell(self, what: str, where: str | None) -> None:
        assert self.driver is not None
        now = to_datetime(self.driver.simulation.now)
        self.driver.recorder.happened(WorldEventResult(now, "fault", what, where))


def _finding(fault: TaskFault, fact: str, fix: str) -> Finding:
    path, _, line = (fault.where or "").rpartition(":")
    return Finding("world-event", "warning", fact, path or None, int(line) if line else None, fix=fix)


_SHOWN = 3
_WORDS = {
    "down": "goes down",
    "resets": "resets connections",
    "errors": "answers with errors",
    "throttles": "throttles",
}


def _key(ti: TaskInstance) -> tuple[str, str, str, int, int]:
    return ti.run.dag.dag_id, ti.run.run_id, ti.task_id, ti.map_index, ti.try_number


class ServiceFaults:
    """Those of one simulation.

    Args:
        leases: of the world's connections; None where none names a service.
        guard: refuses connections to those that are down.
    """

    def __init__(self, leases: Leases | None, guard: NetworkGuard) -> None:
        self._leases = {} if leases is None else leases.all()
        self._guard = guard
        self._ill: dict[Lease, list[str]] = {}  # by what, in the order in which it began

    @property
    def conn_ids(self) -> tuple[str, ...]:
        """Of services that can go down, sorted."""
        return tuple(sorted(conn_id for conn_id, lease in self._leases.items() if lease.peer is not None))

    def of(self, conn_id: str, kind: str, where: str | None) -> tuple[Callable[[], object], Callable[[], bool]]:
        """What has a fault begin, and what ends it and says whether the service is well again.

        Raises: WorldError: no service of that connection, or one that cannot fail so.
        """
        lease = self._leases.get(conn_id)
        if lease is None:
            fact = f"a fault: connection {conn_id!r} asks for no service"
            raise WorldError(
                fact, where=where, known=known_names(conn_id, self._leases), fix="connection: of the fault"
            )
        kinds = (*(("down",) if lease.peer is not None else ()), *lease.faults)
        if kind not in kinds:
            fact = f"a fault: the service of connection {conn_id!r} knows no {kind!r}"
            raise WorldError(fact, where=where, known=", ".join(kinds) or "(none)", fix="kind: of the fault")
        return partial(self._begin, lease, kind), partial(self._end, lease, kind)

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """Every service is well again after the block."""
        try:
            yield
        finally:
            for lease, kinds in list(self._ill.items()):
                for kind in list(kinds):
                    self._end(lease, kind)

    def _begin(self, lease: Lease, kind: str) -> None:
        kinds = self._ill.setdefault(lease, [])
        kinds.append(kind)
        if kind == "down" and kinds.count("down") == 1:
            lease.refuse()  # before the guard does: a server may have to call itself
            self._guard.down.add(_refused_at(lease))
        elif kind != "down":
            lease.fails(kind)

    def _end(self, lease: Lease, kind: str) -> bool:
        """One is over; of several at a time the others go on, of ways to answer the one that began last."""
        kinds = self._ill.get(lease, [])
        if kind in kinds:
            kinds.remove(kind)
            if kind == "down" and "down" not in kinds:
                still = {_refused_at(one) for one, its in self._ill.items() if "down" in its}
                if _refused_at(lease) not in still:  # another connection's, to the same server
                    self._guard.down.discard(_refused_at(lease))
                lease.accept()
            lease.fails(next((one for one in reversed(kinds) if one != "down"), None))
        if not kinds:
            self._ill.pop(lease, None)
        return not kinds


def _refused_at(lease: Lease) -> str:
    """As the network's guard has it: other databases of its server are up."""
    assert lease.peer is not None
    return lease.peer if lease.part is None else f"{lease.peer}/{lease.part}"
