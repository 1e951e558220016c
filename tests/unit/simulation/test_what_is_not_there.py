"""Names of a world, of options and of given events that are not there: told, or doubted where nobody can tell."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.bridge.loader import Folder
from harness.errors import TaskNotFound, UnmatchedEntry, UsageError
from harness.kernel import Instant, iso
from harness.results.finding import Finding
from harness.scheduler.dag_runs.calendar import AllOf, AnyOf, Condition, OfAlias, OfAsset
from harness.scheduler.model import DagRun, KnownLength
from harness.simulation import unmatched
from harness.simulation.options import RunOptions
from harness.simulation.unmatched import check_options, check_world, unmatched_error
from harness.world import World
from harness.world.entries import Stub
from harness.world.matching import TaskFacts, Unmatched
from harness.world.pattern import Subject
from tests.unit.scheduler.scheduler_builders import DAY, NOW, dag, run_of, task


def wrong(text: str = "d.x", where: str | None = None, meant: str | None = None, **fields: Any) -> Unmatched:
    return Unmatched("stubs", text, where, f"stub {text!r} matches nothing", fields.pop("known", ()), meant, sure=True)


class TestTheError:
    def test_of_one_entry_says_what_there_is(self) -> None:
        error = unmatched_error([wrong(where="w.yaml:3", meant="d.a", known=("d.a", "d.b"))])
        assert (error.fact, error.where) == ("stub 'd.x' matches nothing", "w.yaml:3")
        assert error.known == "d.a, d.b      did you mean 'd.a'?"
        assert unmatched_error([wrong()]).known == "(none)"

    def test_of_several_is_a_line_each(self) -> None:
        error = unmatched_error([wrong(where="w.yaml:3", meant="d.a"), wrong("e.x")])
        assert error.fact == "2 entries of the world match nothing"
        assert [line.strip() for line in (error.where or "").splitlines()] == [
            "w.yaml:3  stub 'd.x' matches nothing, did you mean 'd.a'?",
            "stub 'e.x' matches nothing",
        ]


class TestWorlds:
    @pytest.fixture(autouse=True)
    def tasks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        plain = TaskFacts(mapped=False, asks=False)
        monkeypatch.setattr(unmatched, "tasks_of", lambda one: dict.fromkeys(one.task_dict, plain))

    def checked(self, tmp_path: Path, *names: str, file: bool = False, failed: int = 0, part: bool = False) -> Any:
        """What comes of stubs of these names, where Dag 'd' has a task 'a'.

        Args:
            file: they stand in a world file. failed: files that did not import. part: only some files were asked for.
        """
        dags: dict[str, Any] = {"d": SimpleNamespace(dag_id="d", task_dict={"a": None})}
        one = tmp_path / "d.py"
        one.touch()
        failures = [SimpleNamespace(path=tmp_path / f"broken{n}.py") for n in range(failed)]
        folder = Folder(dags=dags, roots=[one if part else tmp_path], failures=failures)  # type: ignore[arg-type]
        places = {("stubs", name): f"w.yaml:{n}" for n, name in enumerate(names, 1)} if file else {}
        return check_world(World(stubs={name: Stub() for name in names}, declared_at=places), dags, folder)

    def test_nothing_is_said_of_what_matches(self, tmp_path: Path) -> None:
        assert self.checked(tmp_path) == []
        assert self.checked(tmp_path, "d.a", file=True) == []

    @pytest.mark.parametrize("part", [False, True])
    def test_what_matches_nothing_is_an_error(self, tmp_path: Path, part: bool) -> None:
        with pytest.raises(UnmatchedEntry, match=r"'e\.a'"):
            self.checked(tmp_path, "d.a", "e.a", part=part)

    def test_a_file_may_speak_of_dags_that_were_not_asked_for(self, tmp_path: Path) -> None:
        assert self.checked(tmp_path, "e.a", file=True, part=True) == []
        with pytest.raises(UnmatchedEntry):
            self.checked(tmp_path, "e.a", file=True)
        with pytest.raises(UnmatchedEntry):
            self.checked(tmp_path, "d.x", file=True, part=True)

    @pytest.mark.parametrize(("failed", "which"), [(1, "broken0.py"), (3, "broken0.py and 2 more")])
    def test_where_files_did_not_import_it_is_a_doubt(self, tmp_path: Path, failed: int, which: str) -> None:
        (found,) = self.checked(tmp_path, "e.a", file=True, failed=failed)
        assert (found.check, found.severity, found.path, found.line) == ("unmatched", "warning", "w.yaml", 1)
        assert found.message.endswith(f"of the Dags that were loaded; {which} did not import")
        (made,) = self.checked(tmp_path, "e.a", failed=failed)
        assert (made.path, made.line) == (None, None)
        with pytest.raises(UnmatchedEntry):
            self.checked(tmp_path, "d.x", failed=failed)


class TestInstances:
    def runs(self, *dates: int) -> list[DagRun]:
        made = [
            run_of(dag(task("m", length=KnownLength(2)), task("a")), run_id=f"r{n}", logical_date=Instant(date))
            for n, date in enumerate(dates)
        ]
        for run in made:
            run.extra = SimpleNamespace(dag=SimpleNamespace(dag_id="d", task_dict={}, fileloc="d.py"))
        return made

    def found(self, text: str, *runs: DagRun, where: str | None = None) -> list[Finding]:
        places = {} if where is None else {("stubs", text): where}
        return unmatched.unmatched_instances(World(stubs={text: Stub()}, declared_at=places), runs)

    @pytest.fixture(autouse=True)
    def subjects(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            unmatched, "subject_of", lambda ti: Subject("d", ti.task_id, ti.map_index, iso(ti.run.logical_date))
        )

    @pytest.mark.parametrize(("text", "told"), [("d.m[1]", False), ("d.m[2]", True), ("d.m", False), ("d.a", False)])
    def test_an_index_that_no_instance_had(self, text: str, told: bool) -> None:
        found = self.found(text, *self.runs(NOW))
        assert bool(found) is told
        if told:
            assert found[0].message == "stub 'd.m[2]' matches no task instance: 'd.m' has 2, [0] to [1]"
            assert (found[0].severity, found[0].dag_id, found[0].path, found[0].line) == ("error", "d", None, None)

    def test_it_is_told_where_it_stands(self) -> None:
        (found,) = self.found("d.m[2]", *self.runs(NOW), where="w.yaml:7")
        assert (found.path, found.line) == ("w.yaml", 7)

    def test_nothing_is_said_of_tasks_that_have_not_run_or_are_not_mapped(self) -> None:
        assert self.found("d.m[2]") == []
        assert self.found("d.a[2]", *self.runs(NOW)) == []

    @pytest.mark.parametrize(
        ("day", "of_file", "told"),
        [
            ("2025-01-01", False, False),
            ("2025-01-02", False, True),
            ("2025-01-02", True, True),
            ("2024-12-31", False, True),
            ("2024-12-31", True, False),
            ("2025-01-04", True, False),
        ],
    )
    def test_a_date_without_a_run(self, day: str, of_file: bool, told: bool) -> None:
        runs = self.runs(NOW, NOW + 2 * DAY)
        found = self.found(f"d.a@{day}", *runs, where="w.yaml:1" if of_file else None)
        assert bool(found) is told
        if told:
            assert "'d.a' has runs of 2025-01-01" in found[0].message

    @pytest.mark.parametrize(("number", "more"), [(5, "2025-01-05T00:00:00Z"), (7, "2025-01-05T00:00:00Z and 2 more")])
    def test_of_many_dates_a_few_are_named(self, number: int, more: str) -> None:
        (found,) = self.found("d.a@2026-01-01", *self.runs(*(NOW + n * DAY for n in range(number))))
        assert found.message.count("2025-01-") == 5
        assert found.message.endswith(more)


class TestOptions:
    def one(self, condition: Condition | None = None) -> Any:
        tasks = {"a": SimpleNamespace(params={"of_task": 1}), "b": SimpleNamespace()}
        return SimpleNamespace(
            dag_id="d", fileloc="d.py", task_dict=tasks, tasks=list(tasks.values()), params={"p": 1}, is_for=condition
        )

    @pytest.fixture(autouse=True)
    def airflow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(unmatched, "asset_condition", lambda one: one.is_for)

    def test_tasks_and_params_that_there_are(self) -> None:
        check_options(self.one(), RunOptions(only=("a", "b"), from_task="a", params={"p": 1, "of_task": 2}))

    @pytest.mark.parametrize("options", [{"only": ("a", "c")}, {"from_task": "c"}])
    def test_a_task_that_there_is_not(self, options: dict[str, Any]) -> None:
        with pytest.raises(TaskNotFound, match="no task 'c' in Dag 'd'"):
            check_options(self.one(), RunOptions(**options))

    def test_a_param_that_nobody_declares(self) -> None:
        with pytest.raises(UsageError, match="Dag 'd' has no param 'q'"):
            check_options(self.one(), RunOptions(params={"p": 1, "q": 1}))

    A, B = OfAsset("a", "s3://a"), OfAsset(None, "s3://b")

    @pytest.mark.parametrize(
        ("condition", "name", "told"),
        [
            (None, "x", False),
            (A, "a", False),
            (A, "x", True),
            (AllOf((A, B)), "a", False),
            (AllOf((A, AnyOf((B,)))), "x", True),
            (AnyOf((A, OfAlias("all"))), "x", False),
        ],
    )
    def test_an_event_that_the_schedule_does_not_wait_for(
        self, condition: Condition | None, name: str, told: bool
    ) -> None:
        options = RunOptions(asset_events=((name, f"s3://{name}", {}),))
        if not told:
            check_options(self.one(condition), options)
            return
        with pytest.raises(UsageError, match="Dag 'd' is not scheduled on asset 'x'") as caught:
            check_options(self.one(condition), options)
        assert "a" in (caught.value.known or "")
