"""Runs that nothing can bring to an end: found for certain only, told once a Dag, with what holds them and a remedy."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from simulation_builders import Act, Play

from harness.bridge.supervisor.store import ti_id
from harness.errors import HorizonReached, RunStuck
from harness.kernel import SECOND
from harness.scheduler.executors import ExecutorSlots, WorkerSlots
from harness.scheduler.model import Dag
from harness.scheduler.queueing import PoolSlots
from harness.simulation import stuck
from harness.simulation.history import history
from harness.simulation.stuck import WaitReasons, stuck_findings, unfinished_error, unfinished_findings
from tests.unit.scheduler.scheduler_builders import DAY, NOW, dag, run_of, task, ti

POOLS = "declare what it asks for in the world file (pools:, executor:), or correct pool=, pool_slots=, executor="
ANSWERS = "declare who answers under answers: in the world file, or give the wait a timeout"
CLEAR = "clear the run that failed before it (--action 'ISO clear DAG'), or give the Dag a dagrun_timeout"
DEFERRED = Act(state="deferred", message=SimpleNamespace(classpath="x.Waits"))
CELERY = ExecutorSlots("CeleryExecutor", 32, frozenset({"CeleryExecutor"}))
LATER = 1_000


def named(name: str, of: Dag) -> Dag:
    return Dag(name, of.tasks, of.groups, max_active_runs=of.max_active_runs)


def lost(*names: str, **fields: Any) -> Dag:
    """A Dag whose tasks ask for a pool that there is not."""
    return dag(*(task(name, pool="none") for name in names or ("a",)), **fields)


def told(play: Play) -> list[str]:
    return [finding.message for _, finding in stuck_findings(play.driver)]


def until(play: Play, goes_on: bool) -> None:
    """To an instant behind which something is yet to happen in the simulation, or nothing."""
    if goes_on:
        play.simulation.schedule(NOW + 10 * LATER * SECOND, int)
    play.until(LATER)


@pytest.mark.parametrize("goes_on", [False, True], ids=["nothing else is to come", "something else goes on"])
class TestWhatIsCertain:
    def test_a_pool_that_there_is_not(self, play: Play, goes_on: bool) -> None:
        run = play.add(lost())
        until(play, goes_on)
        ((found, finding),) = stuck_findings(play.driver)
        assert found is run
        assert finding.message.startswith("d: run r can never end: 'a' is scheduled, held back: ")
        assert "'none'" in finding.message
        assert "more" not in finding.message
        assert "behind" not in finding.message
        assert (finding.check, finding.severity, finding.path) == ("run-stuck", "error", "dags/d.py")
        assert (finding.dag_id, finding.task_id, finding.fix) == ("d", "a", POOLS)

    def test_of_four_that_wait_three_are_named(self, play: Play, goes_on: bool) -> None:
        play.add(lost("a", "b", "c"))
        until(play, goes_on)
        assert "more wait" not in told(play)[0]
        play.add(named("e", lost("a", "b", "c", "d")), "e")
        play.until(LATER + 1)
        assert told(play)[1].count("held back") == 3
        assert told(play)[1].endswith("; and 1 more wait")

    def test_more_runs_of_the_dag_are_counted(self, play: Play, goes_on: bool) -> None:
        made = lost(max_active_runs=2)
        for number in range(4):
            play.add(made, f"r{number}", logical_date=NOW + number)
        until(play, goes_on)
        (message,) = told(play)
        assert message.startswith("d: run r0 can never end")
        assert message.endswith("; so it is with 1 more of its runs; 2 runs cannot start behind them")

    def test_one_whose_time_has_not_come_does_not_wait_behind_it(self, play: Play, goes_on: bool) -> None:
        made = lost(max_active_runs=1)
        play.add(made, "r0")
        play.add(made, "r1", logical_date=NOW + 1, run_after=NOW + LATER * SECOND)
        play.add(made, "r2", logical_date=NOW + 2, run_after=NOW + (LATER + 1) * SECOND)
        until(play, True)
        assert told(play)[0].endswith("; 1 runs cannot start behind them")

    def test_a_person_who_does_not_answer(self, play: Play, goes_on: bool) -> None:
        play.acts["a"] = [Act(state="awaiting_input", message=SimpleNamespace(timeout=None))]
        play.add(dag(task("a")))
        until(play, goes_on)
        ((_, finding),) = stuck_findings(play.driver)
        assert (finding.fix, finding.task_id) == (ANSWERS, "a")
        assert "waits for a person's answer" in finding.message

    def test_a_trigger_that_nobody_has(self, play: Play, goes_on: bool) -> None:
        play.acts["a"] = [DEFERRED]
        run = play.add(dag(task("a")))
        until(play, goes_on)
        play.triggers.cancel(ti(run, "a"))
        ((_, finding),) = stuck_findings(play.driver)
        assert "'a' is deferred" in finding.message
        assert finding.fix == ANSWERS

    def test_a_run_before_it_that_failed(self, play: Play, goes_on: bool) -> None:
        play.acts["a"] = [Act(state="failed")]
        made = dag(task("a", depends_on_past=True))
        play.add(made, "one")
        play.add(made, "two", logical_date=NOW + 1)
        until(play, goes_on)
        ((run, finding),) = stuck_findings(play.driver)
        assert run.run_id == "two"
        assert "'a' waits for its own past (depends_on_past: " in finding.message
        assert (finding.fix, finding.task_id) == (CLEAR, None)

    def test_one_that_waits_for_a_run_that_is_stuck(self, play: Play, goes_on: bool) -> None:
        made = dag(task("a", pool="none", depends_on_past=True))
        play.add(made, "one")
        play.add(made, "two", logical_date=NOW + 1)
        until(play, goes_on)
        (message,) = told(play)
        assert message.startswith("d: run one can never end")
        assert "so it is with 1 more" in message

    def test_runs_of_paused_dags_are_left_alone(self, play: Play, goes_on: bool) -> None:
        play.add(lost())
        until(play, goes_on)
        play.driver.limits.paused_dags.add("d")
        assert told(play) == []


class TestWhatMayGoOn:
    """While something else is yet to happen."""

    @pytest.fixture
    def nothing_told(self, play: Play) -> Callable[[], None]:
        def check() -> None:
            until(play, True)
            assert told(play) == []

        return check

    def test_a_run_with_a_timeout(self, play: Play, nothing_told: Callable[[], None]) -> None:
        play.add(lost(dagrun_timeout=5 * LATER * SECOND))
        nothing_told()

    def test_a_run_of_the_future(self, play: Play, nothing_told: Callable[[], None]) -> None:
        run = play.add(lost(), logical_date=NOW + DAY)
        nothing_told()
        run.logical_date = play.simulation.now
        assert len(told(play)) == 1

    def test_a_task_that_works(self, play: Play, nothing_told: Callable[[], None]) -> None:
        play.acts["a"] = [Act(seconds=5 * LATER)]
        play.add(dag(task("a")))
        nothing_told()

    def test_a_task_that_will_be_tried_again(self, play: Play, nothing_told: Callable[[], None]) -> None:
        play.acts["a"] = [Act(state="up_for_retry")]
        play.add(dag(task("a", retries=1, retry_delay=5 * LATER * SECOND)))
        nothing_told()

    def test_a_trigger_that_may_fire(self, play: Play, nothing_told: Callable[[], None]) -> None:
        play.acts["a"] = [DEFERRED]
        play.add(dag(task("a")))
        nothing_told()

    def test_a_person_who_will_answer(self, play: Play, nothing_told: Callable[[], None]) -> None:
        play.acts["a"] = [Act(state="awaiting_input", message=SimpleNamespace(timeout=None))]
        run = play.add(dag(task("a")))
        play.until(0)
        one = ti(run, "a")
        play.driver.attempts.people._plan(one, NOW + 5 * LATER * SECOND, int)
        nothing_told()

    def test_a_slot_that_comes_free(self, play_of: Callable[..., Play]) -> None:
        play = play_of(pools={"p": PoolSlots("p", 1)})
        play.acts = {"a": [Act(seconds=5 * LATER)]}
        play.add(dag(task("a", pool="p"), task("b", pool="p")))
        play.add(named("e", dag(task("b", pool="p"))), "e")
        until(play, True)
        assert told(play) == []

    def test_a_run_before_it_that_goes_on(self, play: Play, nothing_told: Callable[[], None]) -> None:
        play.acts["a"] = [Act(seconds=5 * LATER)]
        made = dag(task("a", depends_on_past=True))
        for number in range(3):
            play.add(made, f"r{number}", logical_date=NOW + number)
        nothing_told()

    @pytest.mark.parametrize(
        ("limits", "certain"),
        [({"response_timeout": 5}, False), ({"execution_timeout": 5}, False), ({}, True)],
        ids=["its own limit", "its task's", "none"],
    )
    def test_a_trigger_that_looks_for_an_answer(self, play: Play, limits: dict[str, int], certain: bool) -> None:
        play.acts["a"] = [DEFERRED]
        run = play.add(dag(task("a")))
        play.until(100)
        one = ti(run, "a")
        request = SimpleNamespace(subject="Publish?", options=["yes"])
        play.store.hitl[ti_id(one)] = {"request": request}
        real: Any = run.extra
        for name, value in limits.items():
            setattr(real.dag.task_dict["a"], name, value)
        until(play, True)
        assert bool(told(play)) is certain
        if certain:
            assert "waits for a person's answer to 'Publish?' (yes)" in told(play)[0]
            play.store.hitl[ti_id(one)]["response"] = {}
            assert told(play) == []


class TestBesideTheRunThatWasAskedFor:
    def test_its_own_is_told_elsewhere(self, play: Play) -> None:
        main = play.add(lost())
        other = play.add(named("e", lost()), "e")
        play.until()
        found = unfinished_findings(play.driver, main, NOW)
        assert [(run, finding.check) for run, finding in found] == [(other, "run-stuck")]

    def test_one_that_only_takes_long_is_told_once_a_dag(self, play: Play) -> None:
        play.acts["a"] = [Act(seconds=5 * LATER)]
        main = play.add(dag(task("a")))
        first = play.add(named("e", dag(task("a"))), "e0")
        play.add(first.dag, "e1", logical_date=NOW + 1)
        play.add(named("f", lost("b")), "f0")
        until(play, True)
        found = unfinished_findings(play.driver, main, NOW + LATER * SECOND)
        assert [(run.run_id, finding.check) for run, finding in found] == [
            ("f0", "run-stuck"),
            ("e0", "horizon-reached"),
        ]
        message = found[1][1].message
        assert message == "e: run e0 had not ended at the horizon, 2025-01-01T00:16:40Z"
        assert (found[1][1].severity, found[1][1].dag_id) == ("error", "e")
        assert "--horizon" in (found[1][1].fix or "")

    def test_nothing_is_said_of_those_that_ended(self, play: Play) -> None:
        main = play.add(dag(task("a")))
        play.add(named("e", dag(task("a"))), "e0")
        play.until()
        assert unfinished_findings(play.driver, main, NOW) == []


def test_where_nothing_was_scheduled_the_first_that_waits_is_named() -> None:
    waits = run_of(dag(task("a"), task("b"), task("c")), {"a": "success"})
    assert stuck._blocked(waits) == "'b' waits for tasks before it"
    assert stuck._blocked(run_of(dag(task("a")), {"a": "success"})) == "no task instance is left"


class TestTheRunThatWasAskedFor:
    """Whoever asked for one run is told with an error that it did not end."""

    def test_one_that_ended_is_no_error(self, play: Play) -> None:
        run = play.add(dag(task("a")))
        play.until()
        assert unfinished_error(play.driver, run, NOW) is None

    @pytest.mark.parametrize(("behind", "told"), [(8, "b7"), (9, "b7 …")])
    def test_nothing_is_left_to_happen(self, play: Play, behind: int, told: str) -> None:
        names = [f"b{number}" for number in range(behind)]
        run = play.add(dag(task("a", pool="none"), *(task(name, "a") for name in names)))
        play.until()
        error = unfinished_error(play.driver, run, NOW)
        assert isinstance(error, RunStuck)
        assert error.fact == "nothing is left to happen and the run of 'd' has not ended"
        first, second = (error.known or "").split("\n          ")
        assert first == "'a' is scheduled, held back: pool 'none' does not exist"
        assert second == f"behind them: {', '.join(names[:7])}, {told}"

    def test_one_that_never_started(self, play: Play) -> None:
        run = play.add(dag(task("a")), run_after=NOW + DAY)
        play.until(LATER)
        error = unfinished_error(play.driver, run, NOW + LATER * SECOND)
        assert isinstance(error, HorizonReached)
        assert error.fact == "the run of 'd' had not ended at the horizon, 2025-01-01T00:16:40Z"
        assert error.known == "the run never started (max_active_runs)"

    def test_one_that_goes_on_at_the_horizon(self, play: Play) -> None:
        play.acts["a"] = [Act(seconds=5 * LATER)]
        run = play.add(dag(task("a")))
        play.until(LATER)
        error = unfinished_error(play.driver, run, NOW + LATER * SECOND)
        assert isinstance(error, HorizonReached)
        assert error.known == "'a' runs since 2025-01-01T00:00:00Z, in hold"


class TestWhatOneWaitsFor:
    @pytest.mark.parametrize(
        ("act", "reason", "why"),
        [
            (DEFERRED, None, "is deferred (waits for Waits)"),
            (DEFERRED, "", "is deferred (its trigger has not fired)"),
            (Act(state="awaiting_input", message=SimpleNamespace(timeout=None)), "asks", "asks"),
            (Act(state="awaiting_input", message=SimpleNamespace(timeout=None)), "", "waits for a person"),
            (Act(state="up_for_retry"), None, "is up_for_retry"),
        ],
    )
    def test_by_its_state(self, play: Play, act: Act, reason: str | None, why: str) -> None:
        play.acts["a"] = [act]
        one = ti(play.add(dag(task("a", retries=1, retry_delay=5 * LATER * SECOND))), "a")
        play.until(100)
        if reason is not None:
            one.reason = reason
        assert WaitReasons(play.driver).of(one) == why

    def test_a_sensor_that_pokes(self, play: Play) -> None:
        one = ti(play.add(dag(task("a"))), "a")
        play.until(10)
        one.state = "up_for_reschedule"
        assert WaitReasons(play.driver).of(one) == "pokes again and again (PythonOperator), since 2025-01-01T00:00:00Z"

    def test_one_that_no_worker_took(self, play_of: Callable[..., Play]) -> None:
        play = play_of(executors=(CELERY,), workers=(WorkerSlots("w", "CeleryExecutor", frozenset({"other"}), 1),))
        one = ti(play.add(dag(task("a"))), "a")
        play.until(10)
        assert one.state == "queued"
        assert WaitReasons(play.driver).of(one).startswith("is queued: ")
        assert "'default'" in WaitReasons(play.driver).of(one)

    def test_one_that_computes(self, play: Play) -> None:
        one = ti(play.add(dag(task("a"))), "a")
        play.until(10)
        process = history(one).process
        assert process is not None
        process.waiting_for = None
        assert WaitReasons(play.driver).of(one) == "runs since 2025-01-01T00:00:00Z, in its own code"
