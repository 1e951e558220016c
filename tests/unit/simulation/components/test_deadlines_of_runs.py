"""Deadlines of runs: what is made of a reference, when one is missed, who is called, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from simulation_builders import Act, Play

from harness.kernel import SECOND
from harness.scheduler.executors import ExecutorSlots
from harness.scheduler.model import (
    AverageRuntime,
    Custom,
    DagRun,
    DeadlineAlert,
    FixedDatetime,
    LogicalDate,
    QueuedAt,
    Reference,
)
from harness.scheduler.policies import SchedulerPolicies
from harness.simulation.components import deadlines
from harness.simulation.components.deadlines import deadline_result
from harness.text import span_text
from tests.unit.scheduler.scheduler_builders import DAY, NOW, dag, task

MINUTE = 60 * SECOND


class SyncCallback:
    """By its name one that an executor runs."""

    path = "callbacks.tell"

    def __init__(self, executor: str | None = None) -> None:
        self.executor = executor


class AsyncCallback:
    """By its name one that the triggerer runs."""

    path = "callbacks.tell"


@pytest.fixture(autouse=True)
def bridge(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What Airflow and the user's code say.

    Attributes:
        who: for whom the last callback spoke.
        custom: the due date of references of the user's, or what they raise.
        callback: of every deadline. ended: the state that a callback ends in, what it says, and after how long.
    """
    says = SimpleNamespace(custom=None, callback=SyncCallback(), ended=("success", "told", 0), clearing=None)

    def custom_due(*_: Any) -> Any:
        if isinstance(says.custom, BaseException):
            raise says.custom
        return says.custom

    def run_in_worker(callback: Any, context: Any, run: DagRun, ended: Callable[[str, str], None]) -> None:
        says.who = deadlines.task_context.get()
        state, output, lasts_s = says.ended
        if lasts_s:
            says.simulation.hold(lasts_s * SECOND)
        ended(state, output)

    monkeypatch.setattr(deadlines, "interval_of", lambda alert, _: alert.interval)
    monkeypatch.setattr(deadlines, "custom_due", custom_due)
    monkeypatch.setattr(deadlines, "callback_of", lambda *_: says.callback)
    monkeypatch.setattr(deadlines, "simple_context", lambda *_: {})
    monkeypatch.setattr(deadlines, "clearing_fails", lambda *_: says.clearing)
    monkeypatch.setattr(deadlines, "messages_of_callbacks", lambda: frozenset({"GetVariable"}))
    monkeypatch.setattr(deadlines, "masked", lambda value: value)
    monkeypatch.setattr(deadlines, "run_in_worker", run_in_worker)
    return says


def alert(reference: Reference, interval: Any = MINUTE, name: str | None = None) -> DeadlineAlert:
    return DeadlineAlert(reference, interval, 0, name)


def with_deadlines(play: Play, *alerts: DeadlineAlert, run: dict[str, Any] | None = None, **fields: Any) -> DagRun:
    return play.add(dag(task("a"), deadlines=alerts, **fields), **(run or {}))


def told(play: Play, run: DagRun) -> list[tuple[str, str, str]]:
    return [(one.check, one.severity, one.message) for one in play.recorder.findings.get(run, [])]


class TestWhenTheyAreDue:
    @pytest.mark.parametrize(
        ("reference", "due"),
        [
            (QueuedAt(), NOW + MINUTE),
            (LogicalDate(), NOW - DAY + MINUTE),
            (FixedDatetime(NOW + DAY), NOW + DAY + MINUTE),  # type: ignore[arg-type]
        ],
    )
    def test_a_span_behind_what_they_count_from(self, play: Play, reference: Reference, due: int) -> None:
        (one,) = with_deadlines(play, alert(reference), run={"logical_date": NOW - DAY}).deadlines
        assert (one.due, one.interval, one.reason) == (due, MINUTE, None)

    @pytest.mark.parametrize(("run_type", "queued"), [("scheduled", NOW + DAY), ("manual", NOW)])
    def test_a_scheduled_run_is_queued_when_it_is_due(self, play: Play, run_type: str, queued: int) -> None:
        run = with_deadlines(play, alert(QueuedAt()), run={"run_type": run_type, "run_after": NOW + DAY})
        assert (run.queued_at, run.deadlines[0].due) == (queued, queued + MINUTE)
        late = with_deadlines(play, run={"run_type": run_type, "run_after": NOW - DAY, "run_id": "late"})
        assert late.queued_at == NOW

    def test_an_average_of_too_few_runs_makes_none(self, play: Play) -> None:
        (one,) = with_deadlines(play, alert(AverageRuntime(5, 2))).deadlines
        assert (one.due, one.reason) == (None, "0 of the 2 runs that its average needs have ended")

    @pytest.mark.parametrize(("due", "reason"), [(NOW + 5, None), (None, "its reference gave no date")])
    def test_of_the_users_own(self, play: Play, bridge: SimpleNamespace, due: int | None, reason: str | None) -> None:
        bridge.custom = due
        (one,) = with_deadlines(play, alert(Custom("Mine"))).deadlines
        assert (one.due, one.reason, one.interval) == (due, reason, MINUTE)

    @pytest.mark.parametrize(("policy", "severity"), [(True, "warning"), (False, "error")])
    def test_a_run_without_a_date_that_counts_from_it(self, play: Play, policy: bool, severity: str) -> None:
        policies = SchedulerPolicies(dateless_runs_have_no_deadline=policy)
        run = with_deadlines(play, alert(LogicalDate()), run={"logical_date": None}, policies=policies)
        assert run.deadlines[0].due is None
        ((check, found, message),) = told(play, run)
        assert (check, found) == ("deadline", severity)
        said = "has a deadline counted from the logical date" if policy else "raised ValueError: No matching record"
        assert said in message

    @pytest.mark.parametrize(
        ("run_type", "fix"),
        [
            ("scheduled", "Airflow only logs this"),
            ("asset_triggered", "Airflow's scheduler ends with it"),
            ("manual", "Airflow refuses the request"),
        ],
    )
    def test_one_that_raises_leaves_the_run_without_it_and_those_after_it(
        self, play: Play, bridge: SimpleNamespace, run_type: str, fix: str
    ) -> None:
        bridge.custom = LookupError("no moon")
        alerts = alert(QueuedAt()), alert(Custom("Mine"), name="late"), alert(QueuedAt())
        run = with_deadlines(play, *alerts, run={"run_type": run_type})
        assert [one.due for one in run.deadlines] == [NOW + MINUTE, None, None]
        assert [one.reason for one in run.deadlines] == [None, *2 * ["LookupError: no moon"]]
        message = f"'d': deadline 'late' Mine + {span_text(MINUTE)} raised LookupError: no moon"
        assert told(play, run) == [("deadline", "error", message)]
        (found,) = play.recorder.findings[run]
        assert fix in (found.fix or "")
        assert (found.dag_id, found.task_id, found.path) == ("d", None, __file__)
        assert found.line is not None


class TestMissed:
    def test_one_that_a_run_meets_is_not_told(self, play: Play) -> None:
        run = with_deadlines(play, alert(QueuedAt()))  # it takes as long as the deadline gives
        play.until()
        assert (run.state, run.deadlines[0].state, told(play, run)) == ("success", "met", [])

    def test_one_that_is_missed_is_told_with_what_is_left_and_its_callback_is_called(self, play: Play) -> None:
        play.acts["a"] = [Act(seconds=90)]
        run = with_deadlines(play, alert(QueuedAt(), name="soon"))
        play.until()
        ((check, severity, message),) = told(play, run)
        assert (check, severity) == ("deadline", "warning")
        assert message.startswith("'d' missed deadline 'soon' DAGRUN_QUEUED_AT + ")
        assert message.endswith(", due 2025-01-01T00:01:00Z: the run was running, unfinished: a")
        (one,) = run.deadlines
        assert (one.state, one.missed_at, one.callback_state) == ("missed", NOW + MINUTE, "success")

    @pytest.mark.parametrize(("state", "standing"), [("failed", "had failed"), ("success", "had succeeded")])
    def test_one_of_a_run_that_has_ended(self, play: Play, state: str, standing: str) -> None:
        play.acts["a"] = [Act(seconds=30, state=state)]
        made = FixedDatetime(NOW - MINUTE + 10 * SECOND if state == "success" else NOW)  # type: ignore[arg-type]
        run = with_deadlines(play, alert(made))
        play.until()
        if state == "failed":
            ((_, _, message),) = told(play, run)
            assert message.endswith(f": the run {standing}")
        else:
            assert run.deadlines[0].missed_at == NOW + 10 * SECOND

    @pytest.mark.parametrize(("tasks", "left"), [(4, "t0, t1, t2, t3"), (6, "t0, t1, t2, t3 and 2 more")])
    def test_of_many_that_are_left_four_are_named(self, play: Play, tasks: int, left: str) -> None:
        run = play.add(
            dag(*(task(f"t{n}") for n in range(tasks)), deadlines=(alert(QueuedAt(), 10 * SECOND),)), run_id="r"
        )
        play.until()
        assert told(play, run)[0][2].endswith(f"unfinished: {left}")

    def test_a_run_that_is_over_forgets_what_is_not_due(self, play: Play) -> None:
        run = with_deadlines(play, alert(QueuedAt(), DAY))
        play.acts["a"] = [Act(state="failed")]
        play.until(100)
        play.driver.deadlines.forget()
        play.until()
        assert (run.deadlines[0].state, play.simulation.now) == ("pending", NOW + 100 * SECOND)


class TestCleared:
    def test_one_that_counts_from_the_queue_moves(self, play: Play) -> None:
        run = with_deadlines(play, alert(QueuedAt(), 90 * SECOND))
        play.until(30)
        play.driver.clear(run)
        assert run.deadlines[0].due == NOW + 120 * SECOND
        play.until()
        assert (run.deadlines[0].state, told(play, run)) == ("met", [])

    def test_where_airflow_cannot_clear_it_is_an_error_and_nothing_changes(
        self, play: Play, bridge: SimpleNamespace
    ) -> None:
        run = with_deadlines(play, alert(QueuedAt(), DAY))
        play.until(70)
        bridge.clearing = LookupError("no row")
        play.driver.clear(run)
        assert run.state == "success"
        assert told(play, run) == [("deadline", "error", "'d' cannot be cleared: Airflow raises LookupError: no row")]
        assert "neither met nor missed" in (play.recorder.findings[run][0].fix or "")


class TestCallbacks:
    def late(self, play: Play, bridge: SimpleNamespace, lasts_s: int = 0, **more: Any) -> DagRun:
        bridge.simulation = play.simulation
        bridge.ended = (*bridge.ended[:2], lasts_s)
        play.acts["a"] = [Act(seconds=1000)]
        return with_deadlines(play, alert(QueuedAt()), **more)

    def test_one_that_fails_is_a_finding(self, play: Play, bridge: SimpleNamespace) -> None:
        bridge.ended = ("failed", "no such channel", 0)
        run = self.late(play, bridge)
        play.until()
        assert run.deadlines[0].callback_state == "failed"
        _, (check, severity, message) = told(play, run)
        assert (check, severity) == ("callback", "error")
        assert message == "a deadline's callback tell raised RuntimeError: no such channel"

    def test_one_takes_a_slot_for_as_long_as_it_lasts(
        self, play_of: Callable[..., Play], bridge: SimpleNamespace
    ) -> None:
        play = play_of(parallelism=2)
        run = self.late(play, bridge, lasts_s=100)
        play.until(90)
        assert (run.deadlines[0].callback_state, play.driver.occupancy().executor) == ("running", 2)
        play.until(170)
        assert (run.deadlines[0].callback_state, play.driver.occupancy().executor) == ("success", 1)

    def test_without_a_slot_it_waits_for_one(self, play_of: Callable[..., Play], bridge: SimpleNamespace) -> None:
        play = play_of(parallelism=1)
        run = self.late(play, bridge)
        play.until(900)
        assert run.deadlines[0].callback_state == "pending"
        play.until()
        assert run.deadlines[0].callback_state == "success"

    def test_it_goes_before_a_task_that_waits_too(self, play_of: Callable[..., Play], bridge: SimpleNamespace) -> None:
        play = play_of(parallelism=1)
        bridge.simulation, bridge.ended = play.simulation, ("success", "", 40)
        play.acts = {"a": [Act(seconds=100)], "b": [Act(seconds=10)]}
        run = play.add(dag(task("a", priority_weight=2), task("b"), deadlines=(alert(QueuedAt()),)))
        play.until()
        assert play.told(run, "running") == [(0, "a", "running"), (140, "b", "running")]

    def test_an_executor_that_is_full_has_it_queued(
        self, play_of: Callable[..., Play], bridge: SimpleNamespace
    ) -> None:
        executors = (ExecutorSlots("A", 9, frozenset({"A"})), ExecutorSlots("B", 1, frozenset({"B"})))
        play = play_of(parallelism=9, executors=executors)
        bridge.callback = SyncCallback("B")
        run = self.late(play, bridge, lasts_s=50)
        other = with_deadlines(play, alert(QueuedAt()), run={"run_id": "other"})
        play.until(70)
        assert [one.deadlines[0].callback_state for one in (run, other)] == ["running", "queued"]
        play.until(120)
        assert [one.deadlines[0].callback_state for one in (run, other)] == ["success", "running"]
        play.until(200)
        assert other.deadlines[0].callback_state == "success"

    def test_an_executor_that_there_is_not(self, play_of: Callable[..., Play], bridge: SimpleNamespace) -> None:
        play = play_of(executors=(ExecutorSlots("A", 9, frozenset({"A"})),))
        bridge.callback = SyncCallback("B")
        run = self.late(play, bridge)
        play.until()
        assert run.deadlines[0].callback_state == "pending"
        message = "a deadline's callback asks for executor 'B', which is not configured"
        assert told(play, run)[1] == ("deadline", "error", message)

    def test_an_asynchronous_one_is_the_triggerers(
        self, play: Play, bridge: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given: list[Any] = []
        bridge.callback = AsyncCallback()
        monkeypatch.setattr(deadlines, "run_in_triggerer", lambda callback, context, ended: ended("success", ""))
        play.triggers.run = lambda work, who: given.append((work, who))  # type: ignore[attr-defined]
        run = self.late(play, bridge)
        play.until(70)
        ((work, who),) = given
        assert (run.deadlines[0].callback_state, who.may_send) == ("queued", None)
        assert who.ti.task_id == "a"
        work()
        assert run.deadlines[0].callback_state == "success"
        assert play.driver.occupancy().executor == 1, "of the task alone"

    def test_it_speaks_for_the_task_that_ended_last_and_may_send_less(
        self, play: Play, bridge: SimpleNamespace
    ) -> None:
        self.late(play, bridge)
        play.until(60)
        assert bridge.who.ti.task_id == "a"
        assert bridge.who.may_send == {"GetVariable"}


class TestResults:
    def test_what_became_of_one(self, play: Play) -> None:
        run = with_deadlines(play, alert(QueuedAt(), name="soon"))
        pending = deadline_result(run.deadlines[0], run)
        assert (pending.reference, pending.name, pending.state) == ("DAGRUN_QUEUED_AT", "soon", "pending")
        assert (pending.interval, pending.missed_at) == (timedelta(minutes=1), None)
        assert pending.due is not None
        assert pending.due.isoformat() == "2025-01-01T00:01:00+00:00"
        play.acts["a"] = [Act(seconds=90)]
        play.until()
        missed = deadline_result(run.deadlines[0], run)
        assert (missed.state, missed.missed_at, missed.callback_state) == ("missed", missed.due, "success")
        assert missed.callback == "callbacks.tell"

    def test_one_that_was_not_made(self, play: Play, bridge: SimpleNamespace) -> None:
        run = with_deadlines(play, alert(Custom("Mine")))
        found = deadline_result(run.deadlines[0], run)
        assert (found.reference, found.due, found.state) == ("Mine", None, "none")
        assert found.reason == "its reference gave no date"
