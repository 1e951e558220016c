"""How `airflow-harness verify` goes about it: two simulations and Airflow itself, each in a world of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.bridge.reference import DagToRun, RunHistory
from harness.bridge.supervisor.store import RunFacts, facts
from harness.errors import RunStuck
from harness.results.verification import Verification
from harness.scheduler.model import DagRun
from harness.simulation import verification
from harness.simulation.options import RunOptions
from harness.simulation.verification import simulated, verify
from harness.world import World
from harness.world.model import Stub
from tests.unit.scheduler.scheduler_builders import NOW, dag, run_of, task, ti

JANUARY = datetime(2025, 1, 1, tzinfo=timezone.utc)


def run(state: str = "success", dag_id: str = "d", **fields: Any) -> DagRun:
    made = run_of(dag(task("a"), task("b")), {"a": "success", "b": None}, state=state, **fields)
    made.extra = RunFacts(SimpleNamespace(dag_id=dag_id))  # type: ignore[arg-type]
    ti(made, "a").try_number, ti(made, "b").reason = 1, "no pool"
    return made


class Rehearsal:
    """In the place of a rehearsal: tells whoever watches of some runs, and returns a result or fails."""

    def __init__(self, *runs: DagRun, fails: Exception | None = None, folder: Any = None) -> None:
        self.runs, self.fails = runs, fails
        self.asked: list[tuple[World, RunOptions]] = []
        self.folder = folder or SimpleNamespace(dags={}, roots=[], files=[])
        self.drivers: dict[str, str] = {}
        self.surroundings = "surroundings"
        self.unfinished: Any = None

    def world_with(self, world: World) -> World:
        return world

    def run(self, dag: Any, world: World, options: RunOptions, watch: Callable[..., None]) -> str:
        self.asked.append((world, options))
        for one in self.runs:
            watch(one, ti(one, "a"))
            watch(one, None)
            watch(one, None)
        if self.fails is not None:
            raise self.fails
        return "result"


def of(dag_id: str = "d", file: str = "/dags/d.py", *tasks: Any) -> Any:
    return SimpleNamespace(dag_id=dag_id, fileloc=file, tasks=list(tasks))


class TestOneSimulation:
    def test_its_end_the_reasons_and_the_result(self) -> None:
        one = run()
        facts(one).xcoms["a", -1, "k"] = 1
        rehearsal: Any = Rehearsal(one)
        found, reasons, result = simulated(rehearsal, of(), World(), RunOptions())
        assert found.final == {("a", -1): ("success", 1), ("b", -1): (None, 0)}
        assert (found.xcoms, found.run_state) == ({("a", -1, "k"): 1}, "success")
        assert (reasons, result) == ({("b", -1): "no pool"}, "result")

    def test_other_dags_runs_are_not_its(self) -> None:
        other, mine = run("failed"), run("success")
        object.__setattr__(other.dag, "dag_id", "other")
        rehearsal: Any = Rehearsal(other, mine)
        assert simulated(rehearsal, of(), World(), RunOptions())[0].run_state == "success"

    def test_of_several_of_its_own_the_first_is_meant(self) -> None:
        rehearsal: Any = Rehearsal(run("failed"), run("success"))
        assert simulated(rehearsal, of(), World(), RunOptions())[0].run_state == "failed"

    @pytest.mark.parametrize("state", ["queued", "running"])
    def test_one_that_is_stuck_runs_for_ever(self, state: str) -> None:
        rehearsal: Any = Rehearsal(run(state), fails=RunStuck("nothing is left to happen"))
        found, _, result = simulated(rehearsal, of(), World(), RunOptions())
        assert (found.run_state, result) == ("running", None)


class TestBothSides:
    @pytest.fixture
    def theirs(self) -> list[Any]:
        """What Airflow was asked to run, and then what it says or raises."""
        return []

    @pytest.fixture(autouse=True)
    def airflow(self, monkeypatch: pytest.MonkeyPatch, theirs: list[Any]) -> None:
        def airflow_run(*asked: Any) -> RunHistory:
            theirs.append(asked)
            if isinstance(theirs[0], BaseException):
                raise theirs[0]
            return RunHistory({("a", -1): ("success", 1), ("b", -1): (None, 0)}, {("a", -1, "k"): 2}, "success")

        @contextmanager
        def served(world: World, drivers: Any) -> Iterator[Any]:
            yield SimpleNamespace(world=("served", world))

        monkeypatch.setattr(verification, "airflow_run", airflow_run)
        monkeypatch.setattr(verification, "served", served)
        monkeypatch.setattr(verification, "check_world", lambda *_: [])
        monkeypatch.setattr(verification, "default_date", lambda _: NOW)
        monkeypatch.setattr(verification, "version", lambda _: "3.9")
        monkeypatch.setattr(verification, "needed", lambda dag, dags: [one for one in dags.values() if one is not dag])

    def verified(self, rehearsal: Any, world: World | None = None, date: int | None = None) -> Verification:
        return verify(rehearsal, of(), world or World(), date, {"c": 1}, 9.0)  # type: ignore[arg-type]

    def test_two_simulations_a_second_and_a_seed_apart_and_airflow(self, theirs: list[Any]) -> None:
        rehearsal = Rehearsal(run())
        found = self.verified(rehearsal)
        (_, first), (_, second) = rehearsal.asked
        assert (first.logical_date, first.manual, first.companions, first.one_by_one) == (JANUARY, True, False, True)
        assert (first.conf, first.seed, first.start) == ({"c": 1}, 0, None)
        assert (second.seed, second.start) == (1, JANUARY + timedelta(seconds=1))
        assert second.logical_date == JANUARY
        ((_, asked, date, conf, world, limit_s, surroundings),) = theirs
        assert (asked.dag_id, date, conf, world[0], limit_s, surroundings) == (
            "d",
            NOW,
            {"c": 1},
            "served",
            9.0,
            "surroundings",
        )
        assert (found.dag_id, found.logical_date, found.airflow_version, found.volatile) == ("d", JANUARY, "3.9", ())
        assert [row.name for row in found.differences] == ["a.k"]

    def test_of_the_date_that_is_asked_for(self, theirs: list[Any]) -> None:
        found = self.verified(Rehearsal(run()), date=NOW + 1)
        assert (found.logical_date, theirs[0][2]) == (JANUARY + timedelta(microseconds=1), NOW + 1)

    def test_each_has_a_world_of_its_own_with_its_stubs_and_without_durations(self, theirs: list[Any]) -> None:
        given = World(variables={"v": 1}, stubs={"d.a": Stub()}, durations={"d.a": 5})
        rehearsal = Rehearsal(run())
        self.verified(rehearsal, given)
        worlds = [world for world, _ in rehearsal.asked] + [theirs[0][4][1]]
        assert [(w.stubs, w.durations, w.variables) for w in worlds] == [({"d.a": Stub()}, {}, {"v": 1})] * 3
        assert len({id(world.variables) for world in [*worlds, given]}) == 4

    def test_what_differs_from_one_simulation_to_the_next_is_not_compared(self) -> None:
        class Changes(Rehearsal):
            def run(self, *asked: Any) -> str:
                self.runs = (run(),)
                facts(self.runs[0]).xcoms["a", -1, "k"] = len(self.asked)
                facts(self.runs[0]).xcoms["a", -1, "same"] = 1
                return super().run(*asked)

        found = self.verified(Changes())
        assert found.volatile == ("a.k",)
        assert [row.name for row in found.rows if row.what == "xcom"] == ["a.same"]

    def test_where_airflow_is_interrupted_our_side_is_whole(self, theirs: list[Any]) -> None:
        theirs.append(KeyboardInterrupt())
        rehearsal = Rehearsal(run())
        with pytest.raises(KeyboardInterrupt):
            self.verified(rehearsal)
        assert rehearsal.unfinished == "result"


class TestWhatAirflowParses:
    def dag_to_run(self, tmp_path: Path, folder: Any, *others: Any) -> DagToRun:
        tasks = [SimpleNamespace(task_id=name, _is_sensor=name == "wait") for name in ("wait", "go")]
        mine = of("d", str(tmp_path / "dags" / "d.py"), *tasks)
        rehearsal: Any = Rehearsal(folder=folder)
        folder.dags = {one.dag_id: one for one in (mine, *others)}
        return verification._dag_to_run(rehearsal, mine)

    @pytest.fixture(autouse=True)
    def all_needed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verification, "needed", lambda dag, dags: [one for one in dags.values() if one is not dag])

    def test_its_file_and_those_of_dags_it_names_in_the_same_folder(self, tmp_path: Path) -> None:
        dags = (tmp_path / "dags").resolve()
        folder = SimpleNamespace(roots=[tmp_path / "dags"], files=[])
        beside, elsewhere = of("e", str(dags / "sub" / "e.py")), of("f", str(tmp_path / "f.py"))
        same = of("g", str(dags / "d.py"))
        found = self.dag_to_run(tmp_path, folder, beside, elsewhere, same)
        assert found == DagToRun("d", [str(dags / "d.py"), str(dags / "sub" / "e.py")], ["e", "g"], ["wait"])

    def test_a_dag_of_an_archive_is_that_archive(self, tmp_path: Path) -> None:
        archive = (tmp_path / "dags" / "all.zip").resolve()
        folder = SimpleNamespace(roots=[tmp_path / "dags"], files=[archive])
        found = self.dag_to_run(tmp_path, folder, of("e", str(archive / "e.py")))
        assert found.files == [str(archive.parent / "d.py"), str(archive)]

    def test_outside_of_all_loaded_folders_it_is_the_files_own(self, tmp_path: Path) -> None:
        rehearsal: Any = Rehearsal(folder=SimpleNamespace(roots=[tmp_path / "other"], files=[]))
        assert verification._folder(rehearsal, of("d", str(tmp_path / "d.py"))) == tmp_path.resolve()

    def test_of_folders_within_one_another_it_is_the_one_that_was_named_first(self, tmp_path: Path) -> None:
        for roots in ([tmp_path / "dags", tmp_path], [tmp_path, tmp_path / "dags"]):
            rehearsal: Any = Rehearsal(folder=SimpleNamespace(roots=roots, files=[]))
            assert verification._folder(rehearsal, of("d", str(tmp_path / "dags" / "d.py"))) == roots[0].resolve()
