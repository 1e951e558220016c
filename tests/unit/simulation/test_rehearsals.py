"""A rehearsal: what it takes of the project, which tasks and XComs it is given, the runs it makes, how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from calendar_builders import plan
from simulation_builders import Play

from harness.bridge.loader import Folder
from harness.bridge.supervisor.store import RunFacts, facts
from harness.errors import HarnessError, MachineError, TaskNotFound, UsageError
from harness.kernel import SECOND
from harness.ledger.journal import NoJournal
from harness.project.exports import ExportedEntry, Exports
from harness.project.repository import Repository
from harness.results.finding import Finding
from harness.scheduler.model import DagRun, KnownLength
from harness.scheduler.queueing import PoolSlots
from harness.simulation import preset_xcoms, run_factory
from harness.simulation import rehearsal as module
from harness.simulation.options import RunOptions
from harness.simulation.preset_xcoms import give_xcom
from harness.simulation.rehearsal import Rehearsal
from harness.simulation.run_factory import RunFactory
from harness.simulation.worlds import with_declared
from harness.world import Pool, World
from harness.world.entries import DEFAULT_POOL, Executor
from tests.unit.scheduler.scheduler_builders import NOW, dag, run_of, task


def exported(**slots: int) -> Exports:
    return Exports(tuple(ExportedEntry("pools", name, "pools.json", {"slots": n}) for name, n in slots.items()))


class TestWhatTheProjectDeclares:
    def test_the_world_goes_before_it(self) -> None:
        world = World(variables={"v": "ours"}, pools={DEFAULT_POOL: Pool(9), "p": Pool(1)}, env={"AIRFLOW_CONN_C": "w"})
        found = with_declared(
            world,
            Repository(
                variables={"v": "theirs", "w": "theirs", "secret": None},
                exports=exported(p=5, q=6),
                environment={"AIRFLOW_CONN_C": "e", "AIRFLOW_CONN_D": "e", "OTHER": "e"},
            ),
        )
        assert found.variables == {"v": "ours", "w": "theirs"}
        assert {name: pool.slots for name, pool in found.pools.items()} == {DEFAULT_POOL: 9, "p": 1, "q": 6}
        assert found.env == {"AIRFLOW_CONN_C": "w"}, "what stands in .env alone is given to no task"
        assert found.variables is world.variables, "so that it shows what tasks set"

    def test_a_connection_of_the_world_is_not_a_variable_too(self) -> None:
        world = World()
        world.connections["c"] = None  # type: ignore[assignment]
        found = with_declared(world, Repository(environment={"AIRFLOW_CONN_C": "e"}))
        assert found.env == {}

    @pytest.mark.parametrize(("chosen", "slots"), [(False, 7), (True, 128)])
    def test_the_default_pool_is_the_projects_unless_the_world_says_how_large_it_is(
        self, chosen: bool, slots: int
    ) -> None:
        world = World(chosen={DEFAULT_POOL} if chosen else set())
        found = with_declared(world, Repository(exports=exported(**{DEFAULT_POOL: 7}), pools={DEFAULT_POOL: 7}))
        assert found.pools[DEFAULT_POOL].slots == slots

    @pytest.mark.parametrize(
        ("chosen", "pools", "slots"), [(set(), {}, 3), ({DEFAULT_POOL}, {}, 128), (set(), {DEFAULT_POOL: 1}, 128)]
    )
    def test_its_setting_of_the_default_pool_is_for_where_nobody_declares_it(
        self, chosen: set[str], pools: dict[str, int], slots: int
    ) -> None:
        limits = {"default_pool_task_slot_count": 3.0}
        found = with_declared(World(chosen=chosen), Repository(limits=limits, pools=pools))
        assert found.pools[DEFAULT_POOL].slots == slots

    def test_its_limits_of_the_executor_are_for_those_the_world_leaves_open(self) -> None:
        limits = {"parallelism": 5.0, "num_stuck_in_queued_retries": 7.0, "task_queued_timeout": 1.5}
        found = with_declared(None, Repository(limits=limits)).executor
        assert (found.parallelism, found.num_stuck_in_queued_retries, found.task_queued_timeout) == (5, 7, 1.5 * SECOND)
        kept = with_declared(World(chosen={"parallelism", "task_queued_timeout"}), Repository(limits=limits)).executor
        assert (kept.parallelism, kept.num_stuck_in_queued_retries, kept.task_queued_timeout) == (32, 7, 600 * SECOND)

    def test_where_it_sets_nothing_airflows_defaults_stand(self) -> None:
        found = with_declared(None, Repository())
        assert (found.executor.parallelism, found.pools[DEFAULT_POOL].slots) == (32, 128)


@pytest.mark.parametrize(
    ("projects", "told"),
    [
        ([("one", "dags"), ("two", "dags")], "two is another project than one: "),
        ([(None, "loose"), (None, "other")], "other is another project than loose: "),
        ([("one", "dags"), (None, "loose"), ("three", "dags")], "loose is another project than one: "),
    ],
)
def test_dags_of_several_projects_are_refused(
    monkeypatch: pytest.MonkeyPatch, projects: list[tuple[str | None, str]], told: str
) -> None:
    """A project is named by its folder, or, where there is none around the Dags, by theirs."""
    found = [(Repository(project=project and Path(project)), [Path(folder)]) for project, folder in projects]  # type: ignore[arg-type]
    monkeypatch.setattr(module, "by_settings", lambda roots: found)
    monkeypatch.setattr(module, "shown_path", str)
    with pytest.raises(UsageError, match=told):
        module._refuse_several([])
    del found[1:]
    module._refuse_several([])


class TestXComsThatAreGiven:
    @pytest.fixture(autouse=True)
    def plain(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(preset_xcoms, "encoded", lambda value: ["encoded", value])

    def given(self, value: Any, task_id: str = "a", mapped: bool = False, group: bool = False) -> DagRun:
        plain = task("a", length=KnownLength(2)) if mapped else task("a")
        run = run_of(dag(plain))
        one = SimpleNamespace(is_mapped=mapped, get_closest_mapped_task_group=lambda: "g" if group else None)
        real: Any = SimpleNamespace(dag_id="d", task_dict={"a": one})
        run.extra = RunFacts(real)
        give_xcom(run, real, task_id, value)
        return run

    @pytest.mark.parametrize("value", [[1, 2, 3], {"k": 1}, (1, 2), "text", 7, None, []])
    def test_a_task_returned_it_and_it_may_be_mapped_over(self, value: Any) -> None:
        run = self.given(value)
        assert dict(facts(run).xcoms) == {("a", -1, "return_value"): ["encoded", value]}
        assert run.lengths == ({"a": len(value)} if isinstance(value, (list, dict, tuple)) else {})
        assert run.returned == {"a": {-1}}

    @pytest.mark.parametrize(("mapped", "group"), [(True, False), (False, True)])
    @pytest.mark.parametrize("value", [[5, None, 6], {2: 6, 0: 5}, (5, None, 6)])
    def test_each_instance_of_a_mapped_task_its_own_and_none_where_it_is_none(
        self, mapped: bool, group: bool, value: Any
    ) -> None:
        run = self.given(value, mapped=mapped, group=group)
        assert list(facts(run).xcoms.items()) == [
            (("a", 0, "return_value"), ["encoded", 5]),
            (("a", 2, "return_value"), ["encoded", 6]),
        ]
        assert (run.returned, run.lengths) == ({"a": {0, 2}}, {})

    def test_where_none_returned_anything_that_is_known(self) -> None:
        assert self.given([None], mapped=True).returned == {"a": set()}

    @pytest.mark.parametrize(
        ("value", "kind"),
        [
            ("ab", "a str"),
            (3, "a int"),
            ({"k": 1}, "a dict whose keys are no map indexes"),
            ({-1: 1}, "a dict whose keys are no map indexes"),
            ({True: 1}, "a dict whose keys are no map indexes"),
        ],
    )
    def test_what_is_not_by_index_is_refused(self, value: Any, kind: str) -> None:
        with pytest.raises(UsageError, match=f"xcoms give {kind} for the mapped task 'a' of 'd'"):
            self.given(value, mapped=True)

    def test_a_task_that_there_is_not(self) -> None:
        with pytest.raises(TaskNotFound, match="xcoms name 'b', which is no task of 'd'"):
            self.given(1, task_id="b")


class TestWhichTasks:
    def kept(self, **options: Any) -> set[str] | None:
        below = SimpleNamespace(get_flat_relative_ids=lambda upstream: {"up"} if upstream else {"b", "c"})
        real: Any = SimpleNamespace(task_dict={"a": below})
        return module._Simulated(None, real, None, RunOptions(**options))._kept()  # type: ignore[arg-type]

    def test_all_but_those_that_are_named_or_lie_below_one(self) -> None:
        assert self.kept() is None
        assert self.kept(only=("x", "y")) == {"x", "y"}
        assert self.kept(from_task="a") == {"a", "b", "c"}


class TestWhatAirflowCannotStore:
    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
        asked: list[str] = []

        def unstorable(one: Any) -> str | None:
            asked.append(one.dag_id)
            return "a lambda" if one.dag_id == "bad" else None

        monkeypatch.setattr(module, "unstorable", unstorable)
        return asked  # type: ignore[return-value]

    def test_each_dag_of_a_file_is_asked_once_and_those_of_tests_never(self, asked: list[str]) -> None:
        good, bad, other = (SimpleNamespace(dag_id=name) for name in ("good", "bad", "bad"))
        loaded = Rehearsal(Folder(dags={"good": good, "bad": bad}, files=[Path("d.py")]))  # type: ignore[dict-item]
        for _ in range(2):
            assert loaded._unstorable([good, bad]) == {"bad": "a lambda"}  # type: ignore[list-item]
        assert asked == ["good", "bad"]
        made = Rehearsal(Folder(dags={"bad": bad}))  # type: ignore[dict-item]
        assert made._unstorable([bad]) == {}  # type: ignore[list-item]
        another = Rehearsal(Folder(dags={"bad": bad}, files=[Path("d.py")]))  # type: ignore[dict-item]
        assert another._unstorable([other]) == {}  # type: ignore[list-item]
        assert asked == ["good", "bad"]


class TestEnds:
    def test_an_error_of_ours_has_its_own_result_and_others_what_ran_until_then(self) -> None:
        ending = module._Ending()
        told = HarnessError("stuck")
        told.result = "stuck"
        assert ending.shown_with(told) == "stuck"
        assert ending.shown_with(KeyboardInterrupt()) is None
        ending.run_factory = SimpleNamespace(unfinished="unfinished")  # type: ignore[assignment]
        assert ending.shown_with(KeyboardInterrupt()) == "unfinished"
        assert ending.shown_with(HarnessError("refused")) is None

    def test_where_only_the_ledger_was_not_written_the_result_is_whole(self) -> None:
        ending = module._Ending()
        full = MachineError("no space is left")
        assert ending.shown_with(full) is None
        ending.result = "whole"  # type: ignore[assignment]
        assert ending.shown_with(full) == full.result == "whole"
        assert ending.shown_with(HarnessError("other")) is None


def test_plugins_that_do_not_load_are_warnings() -> None:
    failed = SimpleNamespace(message="no module", path="plugins/p.py", line=3, fix="install it")
    (found,) = module.failed_plugins(SimpleNamespace(failed_plugins=[failed]))  # type: ignore[arg-type]
    assert found == Finding("plugin-error", "warning", "no module", "plugins/p.py", 3, fix="install it")


class TestWhichRun:
    @pytest.fixture(autouse=True)
    def airflow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "unscheduled", lambda _: [])
        monkeypatch.setattr(module, "manual", lambda _, date: ("manual", date))
        monkeypatch.setattr(module, "scheduled", lambda _, date: ("scheduled", date))

    @pytest.mark.parametrize(
        ("options", "frozen", "plan"),
        [
            ({}, None, ("scheduled", None)),
            ({"manual": True}, None, ("manual", None)),
            ({"logical_date": NOW}, None, ("scheduled", NOW)),
            ({"logical_date": NOW, "manual": True}, 5, ("manual", NOW)),
            ({"manual": True}, 5, ("manual", 5)),
            ({}, 5, ("scheduled", None)),
        ],
    )
    def test_of_the_date_given_or_by_hand_of_the_instant_a_test_froze(
        self, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], frozen: int | None, plan: Any
    ) -> None:
        monkeypatch.setattr(module, "frozen_instant", lambda: frozen)
        assert Rehearsal().plan(None, RunOptions(**options)) == plan  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("options", "frozen", "start"),
        [({}, None, 9), ({}, 5, 5), ({"start": NOW}, 5, NOW), ({"start": NOW}, None, NOW)],
    )
    def test_it_begins_when_it_is_due_unless_told_otherwise(
        self, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], frozen: int | None, start: int
    ) -> None:
        monkeypatch.setattr(module, "frozen_instant", lambda: frozen)
        due: Any = SimpleNamespace(run_after=9)
        assert module._Simulated(None, None, due, RunOptions(**options))._start() == start  # type: ignore[arg-type]


class TestRunsThatAreMade:
    @pytest.fixture(autouse=True)
    def airflow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(run_factory, "unscheduled", lambda dags: [(one, "unscheduled") for one in dags if one.odd])
        monkeypatch.setattr(run_factory, "refusals", lambda *_: [])
        monkeypatch.setattr(run_factory, "snapshot", lambda one, kept=None: dag(*map(task, kept or ("a", "b"))))
        monkeypatch.setattr(run_factory, "manual", lambda _, at: plan(at))

    def factory(self, world: World | None = None, **more: Any) -> RunFactory:
        dags = {name: SimpleNamespace(dag_id=name, odd=name == "odd", task_dict={}) for name in ("d", "odd")}
        watcher = more.pop("watcher", None)
        return RunFactory(dags, world or World(), NoJournal(), watcher, None, **more)  # type: ignore[arg-type]

    def test_dags_that_airflow_would_not_import_are_left_out(self) -> None:
        refused = self.factory(unstorable={"d": HarnessError("a lambda")}).refused
        assert {name: str(error) for name, error in refused.items()}.keys() == {"odd", "d"}
        made = self.factory()
        assert (list(made.refused), list(made.store.dags)) == (["odd"], ["d"])

    def test_a_run_is_of_its_plan_and_conf_and_of_the_tasks_that_are_kept(self) -> None:
        made = self.factory()
        real = made.store.dags["d"]
        one, two = made.create(real, plan(NOW), {"k": 1}), made.create(real, plan(NOW), {})
        assert (one.run_id, one.run_type, one.conf, one.state) == (f"scheduled-{NOW}", "scheduled", {"k": 1}, "queued")
        assert one.dag is two.dag, "what the rules derive from it is derived once"
        assert [name for name, _ in one.task_instances] == ["a", "b"]
        assert facts(one).dag is real
        assert [name for name, _ in made.create(real, plan(NOW), {}, {"b"}).task_instances] == ["b"]
        assert made.create(real, plan(NOW), {}, set()).dag is not one.dag

    @pytest.mark.parametrize(("ahead", "date_ahead"), [(0, 0), (1, 1), (9_999, 9_999), (10_000, 0), (-1, 0), (None, 0)])
    def test_one_that_a_task_starts_is_due_at_once_also_where_its_clock_was_ahead(
        self, play: Play, ahead: int | None, date_ahead: int
    ) -> None:
        made, date = self.factory(), None if ahead is None else NOW + ahead
        run = made._triggered(play.driver, "d", "t", date, None, {"k": 1})  # type: ignore[arg-type]
        assert (run.run_id, run.run_type, run.logical_date, run.run_after) == ("t", "operator_triggered", date, NOW)
        assert (run.conf, run.date_ahead) == ({"k": 1}, date_ahead)
        assert run.data_interval_end == (None if date is None else NOW), "of when it is due"
        assert play.driver.waiting_runs() == [run]

    def test_one_that_is_to_start_later(self, play: Play) -> None:
        run = self.factory()._triggered(play.driver, "d", "t", NOW, NOW + SECOND, {})  # type: ignore[arg-type]
        assert (run.run_after, run.data_interval_end) == (NOW + SECOND, NOW + SECOND)

    def test_pools_and_limits_are_those_of_the_world(self) -> None:
        executor = Executor(parallelism=3, task_queued_timeout=5, num_stuck_in_queued_retries=7)
        limits = self.factory(World(executor=executor, pools={"p": Pool(4, include_deferred=True)}))._limits()
        assert (limits.parallelism, limits.task_queued_timeout, limits.num_stuck_in_queued_retries) == (3, 5, 7)
        assert limits.pools == {"p": PoolSlots("p", 4, include_deferred=True)}
        assert (limits.executors, limits.workers) == ((), ())

    def test_pools_that_its_runs_name_and_the_world_has_not_are_needed(self) -> None:
        made = self.factory(World(pools={"there": Pool(1)}))
        run = run_of(dag(task("a", pool="gone"), task("b", pool="there")))
        made.store.add_run(run)
        assert [(need.section, need.name, need.dag_ids) for need in made.needs()] == [("pools", "gone", ("d",))]

    def test_ctrl_c_keeps_what_ran_until_then(self) -> None:
        made, went_on = self.factory(), []
        result: Any = "result"
        made.interrupted(result)
        assert (made.was_interrupted, made.unfinished) == (False, None)
        made.interruption = SimpleNamespace(happened=False, go_on=lambda: went_on.append(1))  # type: ignore[assignment]
        made.interrupted(result)
        assert (made.was_interrupted, made.unfinished, went_on) == (False, None, [])
        made.interruption.happened = True  # type: ignore[union-attr]
        made.interrupted(result)
        assert (made.was_interrupted, made.unfinished, went_on) == (True, "result", [1])

    @pytest.mark.parametrize("struck", [True, False])
    def test_a_ctrl_c_of_the_users_own_code_is_an_error(self, struck: bool) -> None:
        def raises(until: int) -> None:
            raise KeyboardInterrupt

        made = self.factory()
        made.interruption = SimpleNamespace(happened=struck)  # type: ignore[assignment]
        driver: Any = SimpleNamespace(simulation=SimpleNamespace(run_until=raises))
        with nullcontext() if struck else pytest.raises(KeyboardInterrupt):
            made.run_until(driver, NOW)  # type: ignore[arg-type]
