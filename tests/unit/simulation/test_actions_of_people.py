"""What people do while a calendar goes on, as they write it; a backfill; and the agenda of all that is to happen."""

from __future__ import annotations

from datetime import date, datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from calendar_builders import plan

from harness.errors import DagNotFound, TaskNotFound, UsageError, WorldError
from harness.kernel import SECOND, Simulation, to_instant
from harness.kernel.instant import to_datetime
from harness.results.world import WorldEventResult
from harness.simulation import actions
from harness.simulation.actions import Actor, backfill_of, parse_action
from harness.simulation.agenda import Agenda, plan_world_events
from harness.simulation.ledger_facts import facts_of_calendar
from harness.simulation.options import Action, CalendarOptions
from harness.world.around import AssetUpdated, VariablesChange, WorldEvent, read_when
from tests.unit.scheduler.scheduler_builders import DAY, NOW, dag, task

FIVE = NOW + 5 * 3600 * SECOND


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("2025-01-01T05:00Z pause sales", Action(FIVE, "pause", "sales")),
        ("2025-01-01T05:00Z   unpause   sales", Action(FIVE, "unpause", "sales")),
        ("2025-01-01T05:00Z clear sales", Action(FIVE, "clear", "sales")),
        ("2025-01-01T05:00Z clear sales.load.big", Action(FIVE, "clear", "sales", "load.big")),
        ("2025-01-01T05:00Z trigger sales.v2", Action(FIVE, "trigger", "sales.v2")),
        ('2025-01-01T05:00Z trigger sales {"full": true}', Action(FIVE, "trigger", "sales", conf={"full": True})),
    ],
)
def test_how_it_is_written(text: str, action: Action) -> None:
    assert parse_action(text) == action


def test_a_backfill_says_of_which_dates() -> None:
    found = parse_action('2025-01-01T05:00Z backfill sales {"from": "2025-01-01", "to": "2025-01-02"}')
    assert (to_instant(found.at), found.verb, found.dag_id, found.task_id) == (FIVE, "backfill", "sales", None)
    assert found.backfill == backfill_of({"from": "2025-01-01", "to": "2025-01-02"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2025-01-01T05:00Z pause", "is not TIME VERB DAG"),
        ("2025-01-01T05:00Z stop sales", "is not TIME VERB DAG"),
        ("soon pause sales", "soon"),
        ("2025-01-01T05:00Z trigger sales {full}", "trigger sales {full}"),
        ("2025-01-01T05:00Z trigger sales [1]", "only trigger and backfill take a JSON object"),
        ('2025-01-01T05:00Z pause sales {"full": true}', "only trigger and backfill take a JSON object"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_action(text)
    assert told in str(caught.value)
    assert "--action" in str(caught.value)


class TestBackfills:
    @pytest.mark.parametrize(
        ("begin", "end"),
        [
            ("2025-01-01", "2025-01-02T00:00:00Z"),
            (date(2025, 1, 1), datetime(2025, 1, 2, tzinfo=timezone.utc)),
        ],
    )
    def test_dates_as_people_have_them(self, begin: Any, end: Any) -> None:
        found = backfill_of({"from": begin, "to": end, "max_active_runs": 3, "reverse": True})
        assert (found.from_date, found.to_date, found.max_active_runs, found.reverse) == (NOW, NOW + DAY, 3, True)

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({}, "needs 'from' and 'to'"),
            ({"from": "2025-01-01"}, "needs 'to'"),
            ({"from_date": "2025-01-01"}, "has no 'from_date'"),
            ({"from": "soon", "to": "2025-01-01"}, "'from' of a backfill is 'soon'"),
            ({"from": "2025-01-01", "to": 3}, "'to' of a backfill is 3"),
            ({"reverse": 1}, "not true or false"),
            ({"dry_run": "yes"}, "not true or false"),
            ({"max_active_runs": 0}, "not a whole number from 1 on"),
            ({"max_active_runs": True}, "not a whole number from 1 on"),
            ({"max_active_runs": 1.5}, "not a whole number from 1 on"),
            ({"reprocess": "all"}, "not one of"),
            ({"conf": [1]}, "not an object, or null"),
        ],
    )
    def test_what_means_nothing_is_told(self, given: dict[str, Any], told: str) -> None:
        dates = (
            {} if "from" in given or not given or "from_date" in given else {"from": "2025-01-01", "to": "2025-01-02"}
        )
        with pytest.raises(UsageError) as caught:
            backfill_of({**dates, **given})
        assert told in str(caught.value)


class TestActors:
    """Actions whose time comes, or that cannot mean anything here."""

    @pytest.fixture
    def done(self) -> list[Any]:
        return []

    @pytest.fixture
    def actor(self, done: list[Any]) -> Actor:
        simulation = Simulation(NOW)
        entry = SimpleNamespace(calendar=SimpleNamespace(dag=dag(task("load"))), dag=SimpleNamespace())
        runs = [SimpleNamespace(run_id=f"r{n}", run_after=NOW + n) for n in (1, 3, 2)]
        store = SimpleNamespace(runs_of=lambda dag_id: runs if dag_id == "d" else [], dags={"d": None, "new": None})
        calendar: Any = SimpleNamespace(
            entries={"d": entry, "new": entry},
            pause=lambda dag_id, paused: done.append(("pause", dag_id, paused, simulation.now)),
            complain=lambda dag_id, severity, message, check: done.append((severity, message)),
        )
        recorder = SimpleNamespace(happened=lambda event: None)
        driver: Any = SimpleNamespace(
            simulation=simulation,
            calendar=calendar,
            recorder=recorder,
            clear=lambda run, tasks: done.append(("clear", run.run_id, tasks)),
        )
        factory: Any = SimpleNamespace(store=store, agenda=Agenda(driver))
        return Actor(factory, driver, calendar)

    def performed(self, actor: Actor, *actions: Action) -> None:
        for action in actions:
            actor.plan(action, NOW + DAY)
        actor.driver.simulation.run_until()

    def test_each_happens_at_its_instant_the_bounds_included(self, actor: Actor, done: list[Any]) -> None:
        self.performed(actor, Action(NOW + DAY, "unpause", "d"), Action(NOW, "pause", "d"))
        assert done == [("pause", "d", True, NOW), ("pause", "d", False, NOW + DAY)]

    @pytest.mark.parametrize(
        ("action", "error", "told"),
        [
            (Action(NOW, "pause", "e"), DagNotFound, "no Dag 'e' to pause"),
            (Action(NOW, "clear", "d", "laod"), TaskNotFound, "no task 'laod' in Dag 'd'"),
            (Action(NOW - 1, "pause", "d"), UsageError, "before the calendar begins"),
            (Action(NOW + DAY + 1, "pause", "d"), UsageError, "after the calendar ends"),
            (Action(NOW, "backfill", "d"), UsageError, "does not say of which dates"),
        ],
    )
    def test_one_that_can_mean_nothing_is_told_at_once(
        self, actor: Actor, done: list[Any], action: Action, error: type[Exception], told: str
    ) -> None:
        with pytest.raises(error, match=told):
            self.performed(actor, action)
        assert actor.driver.simulation.peek() is None

    @pytest.mark.parametrize(
        ("taken", "run_id", "date"),
        [((), None, NOW), ((NOW, NOW + 1), None, NOW + 2), ((), "by_hand", NOW)],
        ids=["nobody else", "at the instant of others", "under a name"],
    )
    def test_to_trigger_is_to_make_a_run_of_this_instant(
        self, actor: Actor, done: list[Any], monkeypatch: pytest.MonkeyPatch, taken: Any, run_id: str | None, date: int
    ) -> None:
        monkeypatch.setattr(actions, "manual", lambda _, at: plan(at, "manual"))
        store, made = vars(actor.run_factory.store), SimpleNamespace()
        store["dated_run"] = lambda dag_id, at: at in taken or None
        store["run"] = lambda dag_id, name: None
        vars(actor.run_factory)["create"] = lambda dag, of, conf: done.append((of, conf)) or made
        vars(actor.driver)["add"] = done.append
        self.performed(actor, Action(NOW, "trigger", "d", run_id=run_id, conf={"full": True}))
        (of, conf), added = done
        assert (of.run_id, of.logical_date, of.run_after) == (run_id or f"manual-{date}", date, NOW)
        assert (conf, added is made, made.date_ahead) == ({"full": True}, True, date - NOW)

    def test_to_trigger_a_run_that_there_is_does_nothing_and_says_so(
        self, actor: Actor, done: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(actions, "manual", lambda _, at: plan(at, "manual"))
        vars(actor.run_factory.store).update(dated_run=lambda dag_id, at: None, run=lambda dag_id, name: name)
        self.performed(actor, Action(NOW, "trigger", "d", run_id="r1"))
        assert done == [("warning", "trigger d at 2025-01-01T00:00:00Z did nothing: there is a run r1 already")]

    def test_to_clear_a_task_is_to_clear_what_follows_it(self, actor: Actor, done: list[Any]) -> None:
        load = SimpleNamespace(get_flat_relative_ids=lambda upstream: {"before"} if upstream else {"after"})
        actor.run_factory.store.dags["d"] = SimpleNamespace(task_dict={"load": load})  # type: ignore[assignment]
        self.performed(actor, Action(NOW, "clear", "d", "load"))
        assert done == [("clear", "r3", {"load", "after"})]

    def test_a_backfill_is_handed_on_unless_the_dag_has_partitions(
        self, actor: Actor, done: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = Action(NOW, "backfill", "d", backfill=backfill_of({"from": "2025-01-01", "to": "2025-01-02"}))
        vars(actor.calendar)["backfill"] = lambda dag_id, wanted: done.append((dag_id, wanted))
        monkeypatch.setattr(actions, "is_partitioned", lambda dag: False)
        self.performed(actor, asked)
        assert done == [("d", asked.backfill)]
        monkeypatch.setattr(actions, "is_partitioned", lambda dag: True)
        actor.calendar.entries["d"].dag.fileloc = "dags/d.py"  # type: ignore[misc]
        with pytest.raises(UsageError, match="Dag 'd' has partitions") as caught:
            self.performed(actor, asked)
        assert caught.value.where == "dags/d.py"

    @pytest.mark.parametrize(
        ("action", "what"),
        [(Action(NOW, "clear", "d", "load"), "clear d.load"), (Action(NOW, "pause", "d"), "pause d")],
    )
    def test_it_stands_on_the_agenda_by_its_name(self, actor: Actor, action: Action, what: str) -> None:
        actor.plan(action, NOW)
        assert [(one.kind, one.what) for one in actor.run_factory.agenda.left()] == [("action", what)]

    def test_to_clear_is_to_clear_the_latest_run_or_the_one_that_is_named(self, actor: Actor, done: list[Any]) -> None:
        self.performed(actor, Action(NOW, "clear", "d"), Action(NOW, "clear", "d", run_id="r2"))
        assert done == [("clear", "r3", None), ("clear", "r2", None)]

    def test_to_clear_what_is_not_there_does_nothing_and_says_so(self, actor: Actor, done: list[Any]) -> None:
        self.performed(actor, Action(NOW, "clear", "d", run_id="r9"), Action(NOW, "clear", "new"))
        assert done == [
            ("warning", "clear d at 2025-01-01T00:00:00Z did nothing: there is no such run (latest: r1, r3, r2)"),
            ("warning", "clear new at 2025-01-01T00:00:00Z did nothing: nothing has run yet"),
        ]


class TestAgendas:
    """What is to happen at an instant, whoever planned it; nobody's Dags are near."""

    @pytest.fixture
    def told(self) -> list[WorldEventResult]:
        return []

    @pytest.fixture
    def agenda(self, told: list[WorldEventResult]) -> Agenda:
        driver: Any = SimpleNamespace(
            simulation=Simulation(NOW),
            recorder=SimpleNamespace(happened=told.append),
            calendar=None,
            active={"a run": None},
            waiting_runs=list,
        )
        return Agenda(driver)

    def test_what_is_left_is_what_did_not_happen_yet(self, agenda: Agenda, told: list[WorldEventResult]) -> None:
        agenda.plan(NOW + 60 * SECOND, int, "event", "later", "world.yaml:4")
        agenda.plan(NOW + 30 * SECOND, int, "action", "sooner")
        first = WorldEventResult(to_datetime(NOW + 30 * SECOND), "action", "sooner")
        second = WorldEventResult(to_datetime(NOW + 60 * SECOND), "event", "later", "world.yaml:4", happened=False)
        agenda.driver.simulation.run_until(NOW + 59 * SECOND)
        assert (told, agenda.left()) == ([first], [second])
        agenda.driver.simulation.run_until()
        assert agenda.left() == []
        assert [(one.what, one.happened) for one in told] == [("sooner", True), ("later", True)]

    def test_what_lies_in_the_past_has_happened_at_the_beginning(
        self, agenda: Agenda, told: list[WorldEventResult]
    ) -> None:
        agenda.plan(NOW - DAY, int, "event", "long ago")
        agenda.driver.simulation.run_until()
        assert [one.at for one in told] == [to_datetime(NOW)]

    @pytest.mark.parametrize(
        ("around", "happens"),
        [
            ({}, True),
            ({"active": {}}, False),
            ({"active": {}, "waiting_runs": lambda: ["queued"]}, True),
            ({"active": {}, "calendar": object()}, True),
        ],
        ids=["a run goes on", "all is over", "a run waits", "a calendar goes on"],
    )
    def test_nothing_happens_any_more_where_nobody_sees_it(
        self, agenda: Agenda, around: dict[str, Any], happens: bool
    ) -> None:
        vars(agenda.driver).update(around)
        done: list[str] = []
        agenda.plan(NOW + SECOND, lambda: done.append("it"), "event", "it")
        agenda.driver.simulation.run_until()
        assert (done, [one.what for one in agenda.left()]) == ((["it"], []) if happens else ([], ["it"]))

    def test_it_says_what_had_ended_before(self, agenda: Agenda) -> None:
        assert agenda.why_not == "the run had ended before"
        vars(agenda.driver)["calendar"] = object()
        assert agenda.why_not == "the calendar ended before"

    @pytest.mark.parametrize(
        ("raised", "where"),
        [(WorldError("no such row"), "world.yaml:4"), (WorldError("no such row", where="seed.sql:9"), "seed.sql:9")],
    )
    def test_an_error_of_ours_keeps_its_place_or_has_that_of_the_entry(
        self, agenda: Agenda, raised: WorldError, where: str
    ) -> None:
        def fails() -> None:
            raise raised

        agenda.plan(NOW, fails, "event", "it", "world.yaml:4")
        with pytest.raises(WorldError) as caught:
            agenda.driver.simulation.run_until()
        assert (caught.value.fact, caught.value.where) == ("no such row", where)

    def test_variables_change_and_go(self, agenda: Agenda) -> None:
        effect = VariablesChange({"region": "eu", "gone": None, "never was": None})
        world = SimpleNamespace(
            variables={"gone": "1", "kept": "2"}, events=[WorldEvent(read_when("+1h"), effect, "variables change")]
        )
        plan_world_events(agenda, SimpleNamespace(world=world), None)  # type: ignore[arg-type]
        agenda.driver.simulation.run_until(NOW + 3599 * SECOND)
        assert world.variables == {"gone": "1", "kept": "2"}
        agenda.driver.simulation.run_until(NOW + 3600 * SECOND)
        assert world.variables == {"kept": "2", "region": "eu"}

    @pytest.mark.parametrize(
        ("name", "uri", "found"),
        [
            ("orders", None, "s3://orders"),
            (None, "s3://items", "s3://items"),
            ("orders", "s3://orders", "s3://orders"),
        ],
    )
    def test_an_asset_is_found_by_what_is_said_of_it(
        self, agenda: Agenda, name: str | None, uri: str | None, found: str
    ) -> None:
        events = self.updated(agenda, name, uri)
        agenda.driver.simulation.run_until()
        assert [(event.uri, event.extra) for event in events] == [(found, {"rows": 3, "from_rest_api": True})]

    @pytest.mark.parametrize(
        ("name", "uri", "asset", "known"),
        [
            ("ordrs", None, "ordrs", "items, orders      did you mean 'orders'?"),
            (None, "s3://order", "s3://order", "s3://items, s3://orders      did you mean 's3://orders'?"),
            ("orders", "s3://items", "s3://items", "s3://items, s3://orders      did you mean 's3://items'?"),
        ],
    )
    def test_one_that_no_dag_names_is_told_before_anything_happens(
        self, agenda: Agenda, name: str | None, uri: str | None, asset: str, known: str
    ) -> None:
        with pytest.raises(WorldError) as caught:
            self.updated(agenda, name, uri)
        assert (caught.value.fact, caught.value.where) == (f"no Dag names the asset {asset!r}", "world.yaml:3")
        assert caught.value.known == known

    def updated(self, agenda: Agenda, name: str | None, uri: str | None) -> list[Any]:
        """The events that the driver hears of."""
        events: list[Any] = []
        vars(agenda.driver)["asset_event"] = events.append
        known = {"orders": ("orders", "s3://orders", "asset"), "items": ("items", "s3://items", "asset")}
        effect = AssetUpdated(name, uri, {"rows": 3})
        event = WorldEvent(read_when("+1h"), effect, "an asset is updated", "world.yaml:3")
        store: Any = SimpleNamespace(
            world=SimpleNamespace(events=[event]), events=[], asset_names=lambda: dict(enumerate(known.values()))
        )
        plan_world_events(agenda, store, None)
        return events


def test_a_ledger_begins_with_all_that_was_asked_of_a_backfill() -> None:
    first, second = (datetime(2025, 1, day, tzinfo=timezone.utc) for day in (1, 2))
    asked = backfill_of({"from": "2025-01-01", "to": "2025-01-02", "max_active_runs": 3})
    acted = (Action(first, "pause", "sales"), Action(second, "backfill", "sales", backfill=asked))
    paused, filled = facts_of_calendar(CalendarOptions(first, second, actions=acted))["actions"]
    assert paused == {"at": "2025-01-01T00:00:00Z", "verb": "pause", "dag_id": "sales", "task_id": None}
    told = filled["backfill"]
    assert (told["from"], told["to"], told["max_active_runs"]) == ("2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z", 3)
    assert "from_date" not in told
