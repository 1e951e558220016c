"""What a calendar says of Dags that it cannot simulate, and of those that made no run."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import UsageError
from harness.results.finding import Finding
from harness.scheduler.dag_runs.calendar import AllOf, AnyOf, Condition, OfAlias, OfAsset
from harness.simulation import simulated
from harness.simulation.options import Action, CalendarOptions
from harness.simulation.schedules import idle
from tests.unit.scheduler.scheduler_builders import DAY, NOW

JANUARY, FEBRUARY = (datetime(2025, month, 1, tzinfo=timezone.utc) for month in (1, 2))
A, B = OfAsset("a", "s3://a"), OfAsset(None, "s3://b")


@pytest.fixture(autouse=True)
def airflow(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """What the bridge says of Dags, by what it is asked and the Dag's id."""
    says: dict[str, dict[str, Any]] = {
        name: {} for name in ("is_partitioned", "watched_assets", "unknown_schedule", "loops", "timetable_of")
    }
    for name, answers in says.items():
        for module in (simulated, idle):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, lambda dag, answers=answers: answers.get(dag.dag_id))
    return says


def entry(
    dag_id: str, paused: bool = False, due: int | None = None, condition: Condition | None = None
) -> SimpleNamespace:
    return SimpleNamespace(
        dag=SimpleNamespace(dag_id=dag_id, fileloc=f"dags/{dag_id}.py"),
        calendar=SimpleNamespace(paused=paused, condition=condition),
        plan=None if due is None else SimpleNamespace(run_after=due),
    )


def calendar(*entries: SimpleNamespace, ran: tuple[str, ...] = (), findings: tuple[Finding, ...] = ()) -> Any:
    runs = {(name, "r"): SimpleNamespace(dag=SimpleNamespace(dag_id=name)) for name in ran}
    return SimpleNamespace(
        entries={one.dag.dag_id: one for one in entries},
        driver=SimpleNamespace(store=SimpleNamespace(runs=runs)),
        findings=list(findings),
        backfills=SimpleNamespace(requested=[]),
    )


def options(*dag_ids: str, actions: tuple[Action, ...] = ()) -> CalendarOptions:
    return CalendarOptions(JANUARY, FEBRUARY, dag_ids=dag_ids, actions=actions)


def told(findings: Any) -> list[tuple[str, str, str | None, str]]:
    return [(one.check, one.severity, one.dag_id, one.message) for one in findings]


class TestWhatIsNotSimulated:
    @pytest.mark.parametrize(
        ("asked", "answer", "fact"),
        [
            ("is_partitioned", True, "is not simulated: its timetable (list) makes runs of partitions"),
            ("watched_assets", ["x", "y"], "is not simulated where a watcher of 'x', 'y' starts it"),
            ("unknown_schedule", "it has moods", "is not simulated as Airflow runs it: it has moods"),
            ("loops", ["g", "h"], "is not simulated as Airflow runs it: the tasks of the loop 'g', 'h' run once here"),
        ],
    )
    def test_it_is_an_error_with_the_reason_and_a_way_out(
        self, airflow: dict[str, dict[str, Any]], asked: str, answer: Any, fact: str
    ) -> None:
        airflow[asked]["d"] = answer
        airflow["timetable_of"]["d"] = []
        (alone,) = simulated.not_simulated(calendar(entry("d")))
        assert (alone.check, alone.severity, alone.dag_id, alone.path) == ("not-simulated", "error", "d", "dags/d.py")
        assert alone.message.startswith(f"d: {fact}")
        assert "'ISO trigger d'" in (alone.fix or "")
        assert "--dag" not in (alone.fix or "")
        (beside,) = simulated.not_simulated(calendar(entry("d"), entry("e"), entry("f")))
        assert (beside.fix or "").endswith("; --dag e names those to simulate")

    def test_what_cannot_be_simulated_either_is_not_named_in_its_place(
        self, airflow: dict[str, dict[str, Any]]
    ) -> None:
        airflow["is_partitioned"] |= {"d": True, "e": True}
        found = list(simulated.not_simulated(calendar(entry("d"), entry("e"))))
        assert [one.dag_id for one in found] == ["d", "e"]
        assert "--dag" not in (found[0].fix or "")

    def test_of_others_nothing_is_said(self) -> None:
        assert list(simulated.not_simulated(calendar(entry("d")))) == []

    def test_a_run_of_a_loop_is_told_as_well(self, airflow: dict[str, dict[str, Any]]) -> None:
        dag: Any = entry("d").dag
        assert list(simulated.runs_otherwise(dag)) == []
        airflow["loops"]["d"] = ["g"]
        (finding,) = simulated.runs_otherwise(dag)
        assert (finding.check, finding.severity, finding.dag_id) == ("not-simulated", "error", "d")
        assert "the tasks of the loop 'g' run once here, whatever its gate decides" in finding.message


@pytest.mark.parametrize(
    ("where", "path"), [("dags/d.py:7  dag_id=d", "dags/d.py:7"), ("dags/d.py", "dags/d.py"), (None, "")]
)
def test_a_dag_that_is_left_out_is_an_error_where_it_stands(where: str | None, path: str) -> None:
    found = simulated.refusal(UsageError("asks for what there is not", where=where, fix="mend it"), "d")
    assert told([found]) == [(UsageError.id, "error", "d", "d: asks for what there is not")]
    assert (found.path, found.fix) == (path, "mend it")


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (entry("d", paused=True, due=NOW), "is paused"),
        (entry("d", due=NOW + DAY, condition=A), "next due 2025-01-02T00:00:00Z"),
        (entry("d", condition=A), "waits for asset 'a'"),
        (entry("d", condition=AllOf((A, B))), "waits for asset 'a' and asset 's3://b'"),
        (entry("d", condition=AnyOf((OfAlias("x"), B))), "waits for alias 'x' or asset 's3://b'"),
    ],
)
def test_why_a_dag_made_no_run(one: SimpleNamespace, why: str) -> None:
    assert simulated.idle(calendar(one, entry("ran"), ran=("ran",))) == [("d", why)]


@pytest.mark.parametrize(
    ("partitioned", "schedulable", "why"),
    [
        (True, True, "is not simulated"),
        (False, True, "its schedule names no run"),
        (False, False, "has no schedule"),
    ],
)
def test_why_one_is_never_due(
    airflow: dict[str, dict[str, Any]], partitioned: bool, schedulable: bool, why: str
) -> None:
    airflow["is_partitioned"]["d"] = partitioned
    airflow["timetable_of"]["d"] = SimpleNamespace(can_be_scheduled=schedulable)
    assert simulated.idle(calendar(entry("d"))) == [("d", why)]


SPAN = "between 2025-01-01T00:00:00Z and 2025-02-01T00:00:00Z"


class TestNothingRan:
    def test_a_warning_names_all_with_their_reasons(self) -> None:
        found = simulated.nothing_ran(calendar(entry("d", due=NOW), entry("e", condition=A)), options())
        reasons = "d: next due 2025-01-01T00:00:00Z; e: waits for asset 'a'"
        assert told(found) == [("nothing-ran", "warning", None, f"no run {SPAN}: {reasons}")]

    @pytest.mark.parametrize(("number", "end"), [(8, "d7: waits for asset 'a'"), (10, "; and 2 more")])
    def test_of_many_eight_are_named(self, number: int, end: str) -> None:
        (found,) = simulated.nothing_ran(calendar(*(entry(f"d{n}", condition=A) for n in range(number))), options())
        assert found.message.endswith(end)
        assert found.message.count("waits for") == 8

    def test_without_any_dag_it_says_so(self) -> None:
        (found,) = simulated.nothing_ran(calendar(), options())
        assert found.message.endswith(": no Dag is left to simulate")
        assert found.fix == "take a stretch that holds a due date, or trigger it: --action 'ISO trigger DAG'"

    def test_where_something_ran_or_was_backfilled_nobody_is_told(self) -> None:
        assert list(simulated.nothing_ran(calendar(entry("d", due=NOW), entry("e"), ran=("e",)), options())) == []
        backfilled = calendar(entry("d", due=NOW))
        backfilled.backfills.requested.append(SimpleNamespace(dag_id="d", wanted=SimpleNamespace(dry_run=True)))
        assert list(simulated.nothing_ran(backfilled, options("d"))) == []

    def test_one_that_was_asked_for_is_an_error_and_told_once(self) -> None:
        found = simulated.nothing_ran(calendar(entry("d", due=NOW), entry("e", due=NOW)), options("d"))
        assert told(found) == [("nothing-ran", "error", "d", f"d: no run {SPAN}: next due 2025-01-01T00:00:00Z")]

    def test_one_that_is_told_already_is_not_told_again(self) -> None:
        broken = Finding("not-simulated", "error", "d: …", dag_id="d")
        assert list(simulated.nothing_ran(calendar(entry("d", due=NOW), findings=(broken,)), options("d"))) == []
        doubt = Finding("backfill", "warning", "d: …", dag_id="d")
        found = simulated.nothing_ran(calendar(entry("d", due=NOW), findings=(doubt,)), options("d"))
        assert [(one.check, one.severity) for one in found] == [("nothing-ran", "error")]

    @pytest.mark.parametrize(("asked", "severity"), [((), "warning"), (("d",), "error")])
    def test_one_that_is_paused_is_told_how_to_wake_it(self, asked: tuple[str, ...], severity: str) -> None:
        (found,) = simulated.nothing_ran(calendar(entry("d", paused=True)), options(*asked))
        assert told([found]) == [
            ("dag-paused", severity, "d", "d: is paused upon creation, so its schedule made no run")
        ]
        assert found.fix == "--action '2025-01-01T00:00:00Z unpause d' (in a test actions=[…])"

    def test_who_acts_on_a_paused_dag_knows(self) -> None:
        acted = (Action(JANUARY, "unpause", "d"),)
        paused = calendar(entry("d", paused=True), entry("e"), ran=("e",))
        assert list(simulated.nothing_ran(paused, options(actions=acted))) == []
        elsewhere = (Action(JANUARY, "unpause", "e"),)
        assert [one.check for one in simulated.nothing_ran(paused, options(actions=elsewhere))] == ["dag-paused"]
