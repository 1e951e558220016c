"""Which faults of a world strike which tries, once each; those of services begin and end; what never struck is told."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from harness.kernel import SECOND, Simulation
from harness.kernel.instant import to_datetime
from harness.results.world import WorldEventResult
from harness.scheduler.model import TaskInstance
from harness.simulation import faults as module
from harness.simulation.agenda import Agenda
from harness.simulation.faults import Faults
from harness.world.around import Draw, ServiceFault, TaskFault, read_when
from harness.world.pattern import Subject
from tests.unit.scheduler.scheduler_builders import NOW, dag, run_of, task, ti


class World:
    """What a simulation of faults is told and tells."""

    def __init__(self) -> None:
        self.simulation = Simulation(NOW)
        self.told: list[WorldEventResult] = []
        self.services: list[str] = []
        self.lost: list[TaskInstance] = []
        self.driver: Any = SimpleNamespace(
            simulation=self.simulation,
            calendar=object(),
            recorder=SimpleNamespace(happened=self.told.append),
            attempts=SimpleNamespace(lost_workers=SimpleNamespace(lose=self.lost.append)),
        )

    def faults(self, *given: Any, drawn: Any = None) -> Faults:
        """Those of a simulation that has begun."""

        def of(conn_id: str, kind: str, where: str | None) -> tuple[Callable[[], object], Callable[[], bool]]:
            def end() -> bool:
                self.services.append(f"{conn_id} well")
                return True

            return (lambda: self.services.append(f"{conn_id} {kind}")), end

        services: Any = SimpleNamespace(of=of, conn_ids=("api", "db"))
        made = Faults(SimpleNamespace(faults=given, drawn_faults=drawn), services)  # type: ignore[arg-type]
        made.begin(self.driver, Agenda(self.driver))
        return made

    def sentences(self) -> list[str]:
        return [f"{(one.at.timestamp() * SECOND - NOW) / SECOND:g}: {one.what}" for one in self.told]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(
        module, "subject_of", lambda one: Subject("d", one.task_id, one.map_index, "2025-01-01", ("x.Operator",))
    )
    return World()


@pytest.fixture
def one() -> TaskInstance:
    return ti(run_of(dag(task("load"), task("other"))), "load")


FAILS = TaskFault("d.load", "fails", (2,), where="world.yaml:3")


def test_a_fault_is_due_at_its_try_until_it_has_struck(world: World, one: TaskInstance) -> None:
    faults = world.faults(FAILS)
    one.try_number = 1
    assert list(faults.due(one)) == []
    one.try_number = 2
    assert list(faults.due(one)) == [FAILS]
    assert list(faults.due(ti(one.run, "other"))) == []
    faults.struck(one, FAILS)
    assert list(faults.due(one)) == []
    assert world.sentences() == ["0: d.load, try 2 of r: its code raises"]
    assert (world.told[0].kind, world.told[0].where, world.told[0].happened) == ("fault", "world.yaml:3", True)
    one.map_index = 0
    assert list(faults.due(one)) == [FAILS], "of another instance it is another try"


def test_one_that_struck_none_is_told_at_the_end(world: World, one: TaskInstance) -> None:
    late = TaskFault("d.load", "lost", (9,))
    faults = world.faults(FAILS, late, ServiceFault("db", "down", read_when("+1h")))
    assert [told.what for told in faults.left(NOW + SECOND)] == ["fails of d.load", "lost of d.load"]
    faults.struck(one, FAILS)
    (left,) = faults.left(NOW + SECOND)
    assert left == WorldEventResult(to_datetime(NOW + SECOND), "fault", "lost of d.load", None, happened=False)
    (finding,) = faults.findings()
    assert (finding.check, finding.severity, finding.message) == (
        "world-event",
        "warning",
        "the fault 'lost' of d.load struck no try",
    )
    assert (finding.path, finding.line) == (None, None)
    faults = world.faults(FAILS)
    assert [(one.path, one.line) for one in faults.findings()] == [("world.yaml", 3)]


@pytest.mark.parametrize(("lasts", "services"), [(None, ["db down"]), (300 * SECOND, ["db down", "db well"])])
def test_a_service_fails_for_its_time(world: World, lasts: int | None, services: list[str]) -> None:
    world.faults(ServiceFault("db", "down", read_when("+1h"), lasts, "world.yaml:5"))
    world.simulation.run_until(NOW + 3599 * SECOND)
    assert world.services == []
    world.simulation.run_until(NOW + 3899 * SECOND)
    assert world.services == ["db down"]
    world.simulation.run_until()
    assert world.services == services
    assert world.sentences() == ["3600: db goes down", "3900: db is well again"][: len(services)]
    assert {one.where for one in world.told} == {"world.yaml:5"}


def test_a_service_is_well_again_before_what_tasks_do_at_that_instant(world: World) -> None:
    world.simulation.schedule(NOW + 2 * SECOND, world.services.append, "a task asks")
    world.faults(ServiceFault("db", "down", read_when("+1s"), SECOND))
    world.simulation.run_until()
    assert world.services == ["db down", "db well", "a task asks"]


class Drawn:
    """In the place of chance."""

    where = "world.yaml:9"

    def __init__(self, *draws: Draw | None, kinds: tuple[str, ...] = ()) -> None:
        self.draws, self.kinds, self.asked = list(draws), kinds, []

    def draw(self, run_id: str, subject: Subject, try_number: int, conn_ids: tuple[str, ...]) -> Draw | None:
        self.asked.append((run_id, subject.task_id, try_number, conn_ids))
        return self.draws.pop(0)


def test_what_is_drawn_is_drawn_once_a_try(world: World, one: TaskInstance) -> None:
    drawn = Drawn(Draw("fails", "end", 60, None), None)
    faults = world.faults(drawn=drawn)
    (found,) = faults.due(one)
    assert found == TaskFault("d.load", "fails", (), "end", 0)
    assert found.where == "world.yaml:9"
    assert list(faults.due(one)) == []
    one.try_number += 1
    assert list(faults.due(one)) == []
    assert drawn.asked == [("r", "load", number, ("api", "db")) for number in (one.try_number - 1, one.try_number)]


def test_only_what_is_slow_lasts(world: World, one: TaskInstance) -> None:
    (found,) = world.faults(drawn=Drawn(Draw("slow", "start", 60, None))).due(one)
    assert found.lasts == 60


def test_a_drawn_fault_of_a_service_begins_with_the_try(world: World, one: TaskInstance) -> None:
    faults = world.faults(drawn=Drawn(Draw("down", "start", 60 * SECOND, "db")))
    assert list(faults.due(one)) == []
    assert world.services == ["db down"]
    world.simulation.run_until()
    assert world.services == ["db down", "db well"]
    assert world.sentences() == ["0: db goes down", "60: db is well again"]


def test_where_nothing_is_asked_for_nobody_is_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "subject_of", None)
    run = run_of(dag(task("load")))
    assert list(world.faults().due(ti(run, "load"))) == []


@pytest.mark.parametrize(
    ("given", "kinds", "fills"),
    [
        ((), None, False),
        ((FAILS,), ("fails",), False),
        ((TaskFault("a", "disk-full"),), None, True),
        ((), ("disk-full",), True),
    ],
)
def test_whether_a_disk_may_be_full(world: World, given: Any, kinds: tuple[str, ...] | None, fills: bool) -> None:
    drawn = None if kinds is None else Drawn(kinds=kinds)
    assert world.faults(*given, drawn=drawn).fills_disks is fills


def test_a_worker_that_is_lost_is_lost(world: World, one: TaskInstance) -> None:
    world.faults().lost(one)
    assert world.lost == [one]
