"""What is written down of a simulation: journal, timeline, findings that are told once, names that are needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from harness.bridge.explain import Explanation
from harness.bridge.supervisor.store import AssetEvent, RunFacts
from harness.bridge.supervisor.task_context import TaskContext
from harness.kernel import Simulation
from harness.ledger.journal import NoJournal
from harness.results.finding import Finding
from harness.scheduler.model import DagRun, TaskInstance
from harness.simulation import record
from harness.simulation.history import AttemptSlice, history
from harness.simulation.missing import Needs
from harness.simulation.record import Recorder
from tests.unit.scheduler.scheduler_builders import DAY, NOW, dag, run_of, task, ti


@dataclass
class Kept:
    """A journal that keeps its records."""

    records: list[dict[str, Any]] = field(default_factory=list)

    logs: list[dict[str, Any]] = field(default_factory=list)
    flushed: list[str | None] = field(default_factory=list)
    differs = False

    def write(self, record: dict[str, Any]) -> None:
        self.records.append(record)

    def keep_log(self, record: dict[str, Any]) -> int | None:
        self.logs.append(record)
        return len(self.logs) - 1

    def flush(self, patience_s: float = 0.0) -> None:
        assert 0 < patience_s < 1
        self.flushed.append(self.records[-1].get("state"))


@pytest.fixture(autouse=True)
def nothing_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "masked", lambda value, *_: value)  # what is masked is asked of Airflow


@pytest.fixture
def journal() -> Kept:
    return Kept()


@pytest.fixture
def watched() -> list[tuple[str, str | None]]:
    return []


@pytest.fixture
def recorder(journal: Kept, watched: list[tuple[str, str | None]]) -> Recorder:
    def watch(run: DagRun, one: TaskInstance | None) -> None:
        watched.append((run.run_id, None if one is None else one.name))

    made = Recorder(journal, watch, 10.0)
    made.simulation = Simulation(NOW)
    return made


def run(*tasks: Any, **fields: Any) -> DagRun:
    real: Any = SimpleNamespace(fileloc="dags/d.py", dag_id="d")
    return run_of(dag(*(tasks or (task("a"),))), extra=RunFacts(real), **fields)


def who(of: DagRun, name: str = "a") -> TaskContext:
    return TaskContext(ti(of, name), name)


class TestTheJournal:
    def test_a_run_that_is_made_tells_its_dates_and_its_conf(self, recorder: Recorder, journal: Kept) -> None:
        recorder.run_created(run(conf={"k": 1}, data_interval_end=NOW + DAY, run_after=NOW + DAY))
        assert journal.records[1:] == [
            {
                "at": "2025-01-01T00:00:00Z",
                "kind": "run-created",
                "dag_id": "d",
                "run_id": "r",
                "run_type": "scheduled",
                "logical_date": "2025-01-01T00:00:00Z",
                "data_interval_start": "2025-01-01T00:00:00Z",
                "data_interval_end": "2025-01-02T00:00:00Z",
                "run_after": "2025-01-02T00:00:00Z",
                "conf": {"k": 1},
            }
        ]

    def test_a_date_that_there_is_not_is_none(self, recorder: Recorder, journal: Kept) -> None:
        recorder.run_created(run(logical_date=None))
        assert journal.records[1]["logical_date"] is None

    def test_a_dag_is_told_once_before_its_first_run(self, recorder: Recorder, journal: Kept) -> None:
        recorder.run_created(run(task("a", pool="etl", pool_slots=2, retries=3), task("b", "a")))
        recorder.run_created(run(task("a"), run_id="r2"))
        assert [made["kind"] for made in journal.records] == ["dag", "run-created", "run-created"]
        a, b = journal.records[0]["tasks"]
        assert (a["task_id"], a["downstream"], a["pool"], a["pool_slots"], a["retries"]) == ("a", ["b"], "etl", 2, 3)
        assert (b["task_id"], b["downstream"]) == ("b", [])

    def test_each_record_has_the_instant_at_which_it_happens(self, recorder: Recorder, journal: Kept) -> None:
        one = run()
        recorder.run_state(one)
        assert recorder.simulation is not None
        for later in (0, DAY, DAY, 2 * DAY):
            recorder.simulation.now = NOW + later  # type: ignore[assignment]
            recorder.run_state(one)
        assert [made["at"] for made in journal.records] == [
            *2 * ["2025-01-01T00:00:00Z"],
            *2 * ["2025-01-02T00:00:00Z"],
            "2025-01-03T00:00:00Z",
        ]

    def test_before_the_simulation_there_is_no_instant(self, journal: Kept) -> None:
        Recorder(journal, None, None).run_created(run())
        assert journal.records[0]["at"] is None

    def test_a_state_of_a_task_is_on_the_timeline_and_in_the_journal(self, recorder: Recorder, journal: Kept) -> None:
        one = run()
        recorder.events[one] = []
        ti(one, "a").state, ti(one, "a").reason, ti(one, "a").due = "up_for_retry", "gone", NOW + DAY
        recorder.ti_state(ti(one, "a"))
        assert recorder.events[one] == [(NOW, "a", "up_for_retry")]
        (told,) = journal.records
        assert (told["kind"], told["task_id"], told["map_index"], told["state"]) == (
            "ti-state",
            "a",
            -1,
            "up_for_retry",
        )
        assert (told["reason"], told["due"], told["try_number"]) == ("gone", "2025-01-02T00:00:00Z", 0)

    def test_what_was_recorded_is_written_soon_where_a_tasks_code_comes_next(
        self, recorder: Recorder, journal: Kept
    ) -> None:
        one = run()
        recorder.events[one] = []
        for state in ("queued", "running", "success"):
            ti(one, "a").state = state
            recorder.ti_state(ti(one, "a"))
        assert journal.flushed == ["running"]

    @pytest.mark.parametrize(
        ("kind", "data", "told"),
        [
            ("xcom", ("a", 3, "k", 5), {"kind": "xcom", "task_id": "a", "map_index": 3, "key": "k", "value": 5}),
            ("rendered", {"f": 1}, {"kind": "rendered", "task_id": "a", "map_index": -1, "fields": {"f": 1}}),
            *(
                (kind, said, {"kind": kind, "task_id": "a", "map_index": -1, "try_number": 0, **said})
                for kind, said in {
                    "variable": {"verb": "set", "key": "k", "value": "v"},
                    "task-store": {"verb": "clear", "key": None, "value": None},
                    "asset-store": {"verb": "delete", "asset": "x", "key": "k", "value": None},
                }.items()
            ),
        ],
    )
    def test_what_a_task_pushed_and_rendered(
        self, recorder: Recorder, journal: Kept, kind: str, data: Any, told: dict[str, Any]
    ) -> None:
        recorder.observe(who(run()), kind, data)
        assert journal.records == [{"at": "2025-01-01T00:00:00Z", "dag_id": "d", "run_id": "r", **told}]

    @pytest.mark.parametrize(("state", "has_log"), [("failed", True), ("success", True), ("deferred", False)])
    def test_an_attempt_and_the_log_of_its_try(
        self, recorder: Recorder, journal: Kept, state: str, has_log: bool
    ) -> None:
        one = ti(run(), "a")
        history(one).log.add("info", "began")
        history(one).error = Explanation("ValueError", "no", "", "/home/me/dags/d.py:7", None)
        recorder.attempt(one, AttemptSlice(2, state, NOW, NOW + DAY, "why"))
        (told,) = journal.records
        assert (told["kind"], told["try_number"], told["state"], told["reason"]) == ("attempt", 2, state, "why")
        assert (told["start"], told["end"]) == ("2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z")
        whose = {"dag_id": "d", "run_id": "r", "task_id": "a", "map_index": -1, "try_number": 2}
        kept = [{**whose, "text": "INFO    began"}]
        assert (told["log"], journal.logs) == ((0, kept) if has_log else (None, []))
        assert told["error"] == (
            {"type": "ValueError", "message": "no", "where": "d.py:7", "hint": None} if state == "failed" else None
        )

    def test_a_trigger_and_what_became_of_it(self, recorder: Recorder, journal: Kept) -> None:
        one = ti(run(), "a")
        asked = SimpleNamespace(
            classpath="m.T", trigger_kwargs={"x": 1}, trigger_timeout=timedelta(minutes=1), next_method="go"
        )
        recorder.deferred(one, asked)
        recorder.resumed(one, "go", {"event": 5})
        at = {"at": "2025-01-01T00:00:00Z", "dag_id": "d", "run_id": "r"}
        of = {**at, "task_id": "a", "map_index": -1, "try_number": 0, "method": "go"}
        assert journal.records == [
            {**of, "kind": "deferred", "trigger": "m.T", "kwargs": {"x": 1}, "timeout_s": 60.0},
            {**of, "kind": "resumed", "kwargs": {"event": 5}},
        ]

    def test_an_asset_event(self, recorder: Recorder, journal: Kept) -> None:
        one = run()
        recorder.asset_event(ti(one, "a"), AssetEvent(1, "x", "s3://x", "asset", {"rows": 2}, NOW))
        assert [(made["kind"], made["asset"], made["uri"], made["extra"]) for made in journal.records] == [
            ("asset-event", "x", "s3://x", {"rows": 2})
        ]

    def test_a_backfill_and_a_finding(self, recorder: Recorder, journal: Kept) -> None:
        recorder.backfill({"dag_id": "d"})
        recorder.finding(run(), Finding("c", "error", "m", task_id="a"))
        assert journal.records[0] == {"kind": "backfill", "dag_id": "d"}
        assert {**journal.records[1], "check": "c", "task_id": "a", "message": "m"} == journal.records[1]

    def test_who_keeps_none_is_written_nothing(self, watched: list[tuple[str, str | None]]) -> None:
        class Refuses(NoJournal):
            def write(self, record: dict[str, Any]) -> None:
                raise AssertionError(record)

        Refuses.__name__ = "NoJournal"
        silent = Recorder(Refuses(), None, None)
        silent.simulation = Simulation(NOW)
        one = run()
        silent.run_created(one)
        silent.run_state(one)
        silent.ti_state(ti(one, "a"))
        silent.backfill({})
        for kind, data in (("xcom", ("a", -1, "k", 1)), ("rendered", {})):
            silent.observe(who(one), kind, data)
        assert silent.events[one] == [(NOW, "a", None)]


def test_who_watches_is_told_of_runs_and_tasks(recorder: Recorder, watched: list[tuple[str, str | None]]) -> None:
    one = run()
    recorder.run_created(one)
    recorder.ti_state(ti(one, "a"))
    recorder.observe(who(one), "skipped", ti(one, "a"))
    recorder.run_state(one)
    assert watched == [("r", None), ("r", "a"), ("r", "a"), ("r", None)]


def test_a_run_that_a_task_started_is_known_with_its_task(recorder: Recorder, journal: Kept) -> None:
    one, other = run(), run(run_id="o")
    recorder.observe(who(one), "triggered", other)
    assert recorder.triggered == {other: ti(one, "a")}
    (told,) = journal.records
    assert (told["run_id"], told["task_id"], told["triggered_dag_id"], told["triggered_run_id"]) == ("r", "a", "d", "o")


class TestFindings:
    def test_a_run_without_a_task_of_its_dag_is_told_once_for_the_same_tasks(self, recorder: Recorder) -> None:
        tasks = task("a"), task("b", start_date=NOW + DAY)
        for run_id in ("one", "two"):
            recorder.run_created(run(*tasks, run_id=run_id))
        assert [(of.run_id, [one.check for one in told]) for of, told in recorder.findings.items()] == [
            ("one", ["task-left-out"])
        ]

    def test_nothing_is_said_of_a_run_that_has_them_all(self, recorder: Recorder) -> None:
        recorder.run_created(run())
        assert recorder.findings == {}

    def test_a_callback_that_raised_is_told_with_its_line_and_the_task(self, recorder: Recorder) -> None:
        one = run()
        namespace: dict[str, Any] = {}
        exec(compile("\n\ndef calls():\n    raise LookupError('no one')", "/dags/callbacks.py", "exec"), namespace)
        with pytest.raises(LookupError) as caught:
            namespace["calls"]()
        recorder.observe(who(one), "callback-failed", (caught.value, "on_failure_callback"))
        (told,) = recorder.findings[one]
        assert (told.check, told.severity, told.path, told.line) == ("callback", "error", "/dags/callbacks.py", 4)
        assert (told.dag_id, told.task_id, told.fix) == ("d", "a", record.REPORTED_TO_NOBODY)
        assert told.message == "on_failure_callback raised LookupError: no one"

    def test_one_that_raised_nowhere_is_told_of_the_dags_file(self, recorder: Recorder) -> None:
        one = run()
        recorder.callback_failed(one, LookupError("x"), None, "on_success_callback", "mend it")
        (told,) = recorder.findings[one]
        assert (told.path, told.line, told.task_id, told.fix) == ("dags/d.py", None, None, "mend it")

    def test_an_xcom_that_is_too_big_is_told_once_a_task_and_key(self, recorder: Recorder) -> None:
        one, other = run(task("a"), task("b")), run(run_id="o")
        big = "x" * 20
        for of, task_id, key in [(one, "a", "k"), (one, "a", "k"), (other, "a", "k"), (one, "a", "l"), (one, "b", "k")]:
            recorder.observe(who(of), "pushed", (task_id, key, big, big))
        recorder.observe(who(one), "pushed", ("a", "small", "x", "x"))
        assert [(told.check, told.severity, told.task_id, told.path) for told in recorder.findings[one]] == [
            ("xcom-size", "warning", name, "dags/d.py") for name in "aab"
        ]
        assert other not in recorder.findings

    def test_without_a_limit_none_is(self, journal: Kept) -> None:
        free = Recorder(journal, None, None)
        one = run()
        free.observe(who(one), "pushed", ("a", "k", "x" * 10_000, "x" * 10_000))
        assert free.findings == {}


def test_a_line_of_a_log_is_that_of_who_speaks_and_an_error_stands_below_it(recorder: Recorder) -> None:
    one = run()
    speaker = who(one)
    recorder.log(speaker, "info", "begins", None)
    assert speaker.raised is None
    error = LookupError("gone")
    recorder.log(speaker, "error", "failed", error)
    recorder.log(speaker, "info", "goes on", None)
    assert speaker.raised is error
    text = (speaker.log or history(ti(one, "a")).log).text()
    assert text.index("begins") < text.index("failed\nLookupError: gone") < text.index("goes on")


class TestNeeds:
    def test_they_stand_by_section_and_name_each_with_who_asked(self) -> None:
        needs = Needs()
        needs.host("db:5432", "e")
        needs.name("variables", "v", None)
        needs.name("connections", "z", "d")
        needs.name("connections", "b", "e")
        needs.name("connections", "b", "d")
        found = needs.all([("p", "d"), ("p", "c"), ("p", "d")])
        assert [(one.section, one.name, one.dag_ids) for one in found] == [
            ("connections", "b", ("d", "e")),
            ("connections", "z", ("d",)),
            ("variables", "v", ()),
            ("pools", "p", ("c", "d")),
            ("network", "db:5432", ("e",)),
        ]

    def test_pools_that_are_asked_for_at_the_end_are_not_kept(self) -> None:
        needs = Needs()
        needs.name("pools", "q", "d")
        assert [one.name for one in needs.all([("p", "d"), ("q", "e")])] == ["p", "q"]
        assert [(one.name, one.dag_ids) for one in needs.all()] == [("q", ("d",))]

    def test_a_task_that_asks_for_what_is_not_there_is_noted_with_its_dag(self, recorder: Recorder) -> None:
        recorder.observe(who(run()), "missing", ("connections", "c"))
        nobody: Any = SimpleNamespace(ti=None)
        recorder.observe(nobody, "missing", ("variables", "v"))
        assert [(one.name, one.dag_ids) for one in recorder.needs.all()] == [("c", ("d",)), ("v", ())]
