"""Task instances in workers: what a stretch leaves, what comes after it, what stopping one does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from simulation_builders import Act, Calendar, Play

from harness.bridge.runtime import AttemptOutcome, Resume
from harness.bridge.supervisor.store import facts
from harness.bridge.supervisor.task_context import TaskContext
from harness.bridge.triggerer import EndedByTrigger
from harness.kernel import SECOND, ProcessKilled
from harness.kernel.instant import to_datetime
from harness.kernel.simulation import KILLS
from harness.scheduler.executors import ExecutorSlots, WorkerSlots
from harness.scheduler.model import TaskInstance
from harness.scheduler.policies import SchedulerPolicies
from harness.simulation.components import workers
from harness.simulation.history import history
from tests.unit.scheduler.scheduler_builders import NOW, dag, states, task, ti

CELERY = ExecutorSlots("CeleryExecutor", 32, frozenset({"CeleryExecutor"}))
ONE = dag(task("a", retries=1, retry_delay=300 * SECOND))
DEFERRAL = SimpleNamespace(classpath="house.triggers.Waits")


def attempts(one: TaskInstance) -> list[tuple[int, str | None, float, float]]:
    """(try, state, begin, end) of the stretches that are kept, in seconds."""
    kept = history(one).attempts
    return [(at.try_number, at.state, (at.start - NOW) / SECOND, (at.end - NOW) / SECOND) for at in kept]


def rescheduled(to_s: int) -> Act:
    message = SimpleNamespace(reschedule_date=to_datetime(NOW + to_s * SECOND))
    return Act(1, "up_for_reschedule", message)


class TestOneStretch:
    def test_its_dates_its_try_and_what_the_worker_is_told(self, play: Play) -> None:
        run = play.add(ONE)
        play.until()
        one = ti(run, "a")
        assert (one.start, one.end, one.try_number) == (NOW, NOW + 60 * SECOND, 1)
        assert attempts(one) == [(1, "success", 0, 60)]
        (request,) = play.requests
        assert (request.ti, request.reschedules, request.first_start) == (one, 0, NOW)
        assert (request.resume, request.began) == (None, None)
        assert history(one).process is None

    def test_an_error_is_explained_and_is_its_reason_until_a_try_succeeds(self, play: Play) -> None:
        raised: list[BaseException] = []
        play.attempts.on_error = raised.append
        error = LookupError("no such city")
        play.acts["a"] = [Act(60, "up_for_retry", error=error), Act()]
        run = play.add(ONE)
        play.until(100)
        one = ti(run, "a")
        assert one.reason == "LookupError: no such city"
        told = history(one).error
        assert told is not None
        assert (told.kind, raised) == ("LookupError", [error])
        play.until()
        assert (one.state, history(one).error, one.reason) == ("success", None, None)

    @pytest.mark.parametrize(
        ("state", "more", "reason"),
        [
            ("skipped", {"skip": "no data"}, "no data"),
            ("skipped", {"refused": "the run exists"}, "the run exists"),
            ("skipped", {}, "skipped itself"),
            ("failed", {"refused": "the run exists"}, "the run exists"),
            ("failed", {"reported": "params are wrong"}, "params are wrong"),
            ("failed", {}, None),
            ("success", {"reported": "params are wrong"}, None),
        ],
    )
    def test_why_it_is_in_its_state(
        self, play: Play, monkeypatch: pytest.MonkeyPatch, state: str, more: dict[str, str], reason: str | None
    ) -> None:
        plain = workers.run_attempt

        def attempt(*given: Any) -> Any:
            outcome = plain(*given)
            for name, value in more.items():
                assert getattr(outcome.task_context, name) is None, "it has no such field, or has it already"
                setattr(outcome.task_context, name, value)
            return outcome

        monkeypatch.setattr(workers, "run_attempt", attempt)
        play.acts["a"] = [Act(state=state)]
        run = play.add(ONE)
        play.until()
        assert ti(run, "a").reason == reason

    def test_its_rendered_fields_are_kept_and_not_replaced_by_none(
        self, play: Play, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain, fields = workers.run_attempt, [{"sql": "select 1"}, None]

        def attempt(*given: Any) -> Any:
            outcome = plain(*given)
            outcome.task_context.rendered = fields.pop(0)
            return outcome

        monkeypatch.setattr(workers, "run_attempt", attempt)
        play.acts["a"] = [Act(state="up_for_retry"), Act()]
        run = play.add(ONE)
        play.until()
        assert history(ti(run, "a")).rendered == {"sql": "select 1"}

    def test_a_fault_of_ours_is_raised_and_not_the_tasks(self, play: Play) -> None:
        play.attempts.supervisor.fault = AssertionError("ours")
        play.add(ONE)
        with pytest.raises(AssertionError, match="ours"):
            play.until()

    def test_ctrl_c_stops_the_simulation_and_ends_no_task(self, play: Play) -> None:
        run = play.add(ONE)
        play.until(30)
        play.interruption.happened = True
        play.until()
        assert play.simulation.stopped == "interrupted"
        assert ti(run, "a").state == "running"


class TestAgain:
    def test_a_retry_is_a_new_try_with_a_start_of_its_own(self, play: Play) -> None:
        play.acts["a"] = [Act(state="up_for_retry"), Act()]
        run = play.add(ONE)
        play.until()
        assert attempts(ti(run, "a")) == [(1, "up_for_retry", 0, 60), (2, "success", 360, 420)]
        assert [request.first_start for request in play.requests] == [NOW, NOW + 360 * SECOND]

    def test_a_retry_policy_decides_how_long_it_waits(self, play: Play) -> None:
        play.acts["a"] = [Act(60, "up_for_retry", SimpleNamespace(retry_delay_seconds=10)), Act()]
        run = play.add(ONE)
        play.until()
        assert attempts(ti(run, "a"))[1] == (2, "success", 70, 130)

    @pytest.mark.parametrize(
        ("state", "number"), [("up_for_retry", 2), ("failed", 1), ("up_for_reschedule", 1), ("deferred", 1)]
    )
    def test_where_tries_are_rows_the_end_of_one_numbers_the_next(self, play: Play, state: str, number: int) -> None:
        act = rescheduled(5_000) if state == "up_for_reschedule" else Act(60, state, DEFERRAL)
        play.acts["a"] = [act]
        made = dag(task("a", retries=1, retry_delay=5_000 * SECOND), policies=SchedulerPolicies(numbers_ahead=True))
        run = play.add(made)
        play.until(100)
        assert (ti(run, "a").state, ti(run, "a").try_number) == (state, number)

    def test_a_reschedule_goes_on_with_its_try_and_knows_when_the_first_began(self, play: Play) -> None:
        play.acts["a"] = [rescheduled(100), rescheduled(200), Act()]
        run = play.add(ONE)
        play.until()
        one = ti(run, "a")
        assert [(request.reschedules, request.first_start) for request in play.requests] == [
            (0, NOW),
            (1, NOW),
            (2, NOW),
        ]
        assert [begin for _, _, begin, _ in attempts(one)] == [0, 100, 200]
        assert one.try_number == 1

    def test_the_next_try_counts_its_reschedules_anew(self, play: Play) -> None:
        play.acts["a"] = [rescheduled(100), Act(1, "up_for_retry"), Act()]
        play.add(ONE)
        play.until()
        assert [(one.reschedules, one.first_start) for one in play.requests] == [
            (0, NOW),
            (1, NOW),
            (0, NOW + 401 * SECOND),
        ]


class TestDeferred:
    def test_it_goes_on_with_its_start_and_where_it_left(self, play: Play) -> None:
        play.acts["a"] = [Act(10, "deferred", DEFERRAL), Act(5)]
        run = play.add(ONE)
        play.until(100)
        one = ti(run, "a")
        assert (one.state, one.reason, play.triggers.started) == ("deferred", "waits for Waits", [one])
        play.resume(one)
        play.until()
        assert (one.start, one.state, one.try_number) == (NOW, "success", 1)
        assert play.requests[1].resume == Resume("go_on", {})
        assert play.requests[1].began == NOW
        assert attempts(one) == [(1, "deferred", 0, 10), (1, "success", 100, 105)]

    def test_a_trigger_that_fires_for_one_that_no_longer_waits_changes_nothing(self, play: Play) -> None:
        run = play.add(ONE)
        play.until()
        play.resume(ti(run, "a"))
        assert ti(run, "a").state == "success"
        assert history(ti(run, "a")).resume is None

    def test_nor_in_a_run_that_is_over(self, play: Play) -> None:
        play.acts["a"] = [Act(10, "deferred", DEFERRAL)]
        run = play.add(ONE)
        play.until(100)
        run.state = "failed"
        play.resume(ti(run, "a"))
        assert ti(run, "a").state == "deferred"

    def test_its_trigger_may_end_it(self, play: Play) -> None:
        play.acts["a"] = [Act(10, "deferred", DEFERRAL)]
        run = play.add(ONE)
        play.until(100)
        one = ti(run, "a")
        play.attempts._fired(one, EndedByTrigger("failed", {}))
        play.until()
        assert (one.state, one.end, one.reason) == ("failed", NOW + 100 * SECOND, "ended by its trigger")
        assert history(one).attempts[-1].real_seconds == 0, "no code of it ran"
        assert attempts(one)[-1] == (1, "failed", 0, 100)
        assert run.state == "failed"

    def test_one_that_starts_from_its_trigger_takes_no_worker(
        self, play: Play, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(play.triggers, "begins", lambda ti: DEFERRAL)
        run = play.add(ONE)
        play.until(100)
        one = ti(run, "a")
        assert (one.state, one.start, one.reason) == ("deferred", NOW, "waits for Waits")
        assert play.requests == []
        play.resume(one)
        play.until()
        assert play.requests[0].began == NOW


class TestStopped:
    def test_what_is_skipped_while_it_works_ends_and_says_nothing_more(self, play: Play) -> None:
        play.acts = {"a": [Act(1000)], "b": [Act(30, "failed")]}
        run = play.add(dag(task("a"), task("b"), fail_fast=True))
        play.until()
        one = ti(run, "a")
        assert (one.state, one.end) == ("failed", NOW + 30 * SECOND)
        assert attempts(one) == [(1, "failed", 0, 30)]
        assert history(one).process is None
        assert not play.simulation.processes

    def test_what_only_waited_is_not_begun_any_more(self, play_of: Callable[..., Play]) -> None:
        play = play_of(parallelism=1)
        play.acts["b"] = [Act(30, "failed")]
        run = play.add(dag(task("a"), task("b", priority_weight=2), fail_fast=True))
        play.until()
        assert states(run) == {"a": "skipped", "b": "failed"}
        assert attempts(ti(run, "a")) == []
        assert not len(play.driver.waiting)

    def test_one_that_was_given_another_state_before_its_worker_began_does_not_run(self, play: Play) -> None:
        run = play.add(ONE)
        one = ti(run, "a")
        play.simulation.schedule(NOW, lambda: None)
        while one.state != "queued":
            assert play.simulation.step()
        one.state = "skipped"
        play.until(1)
        assert play.requests == []
        assert history(one).process is None


class TestStuckInQueue:
    @staticmethod
    def play(play_of: Callable[..., Play], **limits: Any) -> Play:
        worker = WorkerSlots("w", "CeleryExecutor", frozenset({"default"}), 1)
        return play_of(executors=(CELERY,), workers=(worker,), task_queued_timeout=100 * SECOND, **limits)

    def test_it_is_scheduled_anew_and_fails_in_the_end(self, play_of: Callable[..., Play]) -> None:
        play = self.play(play_of, num_stuck_in_queued_retries=1)
        run = play.add(dag(task("a", queue="gpu", retries=5)))
        play.until()
        one = ti(run, "a")
        assert play.told(run) == [
            (0, "a", "scheduled"),
            (0, "a", "queued"),
            (100, "a", "scheduled"),
            (100, "a", "queued"),
            (200, "a", "failed"),
        ]
        assert one.reason == "stuck in queued: 100 s in queue, 2 times: no worker serves queue 'gpu'"
        assert (one.try_number, run.state) == (1, "failed")

    def test_one_that_waits_for_a_busy_worker_begins_when_it_is_free(self, play_of: Callable[..., Play]) -> None:
        play = self.play(play_of)
        run = play.add(dag(task("a", priority_weight=2), task("b")))
        play.until()
        assert play.told(run, "running") == [(0, "a", "running"), (60, "b", "running")]
        assert (run.state, play.attempts.workloads.waiting) == ("success", 0)

    def test_once_it_ran_the_count_begins_anew(self, play_of: Callable[..., Play]) -> None:
        play = self.play(play_of, num_stuck_in_queued_retries=1)
        play.acts = {"a": [Act(150)], "b": [Act(10, "up_for_retry"), Act(10)]}
        run = play.add(dag(task("a", priority_weight=2), task("b", retries=1, retry_delay=SECOND)))
        play.until()
        assert (run.state, history(ti(run, "b")).stuck) == ("success", 0)
        assert (100, "b", "scheduled") in play.told(run)

    def test_its_callback_is_called_when_it_fails(
        self, play_of: Callable[..., Play], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        called: list[Any] = []
        monkeypatch.setattr(workers, "run_failure_callbacks", lambda one, failed: called.append(one.task_id))
        play = self.play(play_of, num_stuck_in_queued_retries=0)
        run = play.add(dag(task("a", queue="gpu"), task("b", queue="gpu")))
        facts(run).dag.task_dict["a"].on_failure_callback = [print]
        play.until()
        assert called == ["a"]
        assert states(run) == {"a": "failed", "b": "failed"}


@pytest.mark.parametrize(("cleans_up", "done"), [(5 * SECOND, True), (5 * SECOND + 1, False)])
def test_what_is_ended_has_five_seconds_to_clean_up(
    play: Play, monkeypatch: pytest.MonkeyPatch, cleans_up: int, done: bool
) -> None:
    cleaned: list[bool] = []

    def attempt(*asked: Any) -> AttemptOutcome:
        try:
            play.simulation.hold(1000 * SECOND)
        except ProcessKilled:
            play.simulation.hold(cleans_up)
            cleaned.append(True)
        return AttemptOutcome("failed", None, None, TaskContext(asked[1].ti, "a"))

    monkeypatch.setattr(workers, "run_attempt", attempt)
    run = play.add(dag(task("a"), dagrun_timeout=100 * SECOND))
    play.until()
    assert bool(cleaned) is done
    assert states(run) == {"a": "skipped"}


def test_code_that_ignores_being_ended_is_a_finding(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    def stubborn(*_: Any) -> None:
        for _ in range(KILLS + 1):
            with suppress(BaseException):
                play.simulation.hold(1000 * SECOND)

    monkeypatch.setattr(workers, "run_attempt", stubborn)
    run = play.add(dag(task("a"), dagrun_timeout=10 * SECOND))
    play.until()
    (finding,) = play.recorder.findings[run]
    assert (finding.check, finding.severity, finding.dag_id, finding.task_id) == ("kill-ignored", "warning", "d", "a")
    assert finding.message.startswith("a catches what should end it, and went on ")


def test_asset_events_of_a_success_are_recorded_and_passed_on(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    event = SimpleNamespace(name="x", uri="s3://x", extra={})
    monkeypatch.setattr(workers, "emitted", lambda supervisor, message, who: [event] if message == "yes" else [])
    calendar = play.driver.calendar = Calendar()
    play.acts = {"a": [Act(message="yes")], "b": [Act(state="failed", message="yes")], "c": [Act()]}
    play.add(dag(task("a"), task("b"), task("c")))
    play.until()
    assert calendar.events == [event]
