"""When deadlines are due, and what meets, misses and moves them."""

from __future__ import annotations

from typing import Any

import pytest
from scheduler_builders import DAY, NOW, dag, run_of, task

from harness.scheduler.dag_runs.deadlines import average_runtime, base_of, meet, miss, requeue
from harness.scheduler.model import (
    AverageRuntime,
    Custom,
    DagRun,
    Deadline,
    DeadlineAlert,
    FixedDatetime,
    LogicalDate,
    QueuedAt,
)
from harness.scheduler.policies import SchedulerPolicies

HOUR = 3_600_000_000
MADE = dag(task("t"))


def run(**fields: Any) -> DagRun:
    return run_of(MADE, **fields)


def with_deadline(due: int, reference: Any = None, interval: int = HOUR, **fields: Any) -> tuple[DagRun, Deadline]:
    made = run(**fields)
    deadline = Deadline(DeadlineAlert(reference or QueuedAt(), interval), due, interval)
    made.deadlines.append(deadline)
    return made, deadline


class TestBase:
    def test_each_reference_counts_from_its_own_instant(self) -> None:
        one = run(logical_date=NOW - DAY, queued_at=NOW - HOUR)
        assert base_of(QueuedAt(), one, [one], NOW)[0] == NOW - HOUR
        assert base_of(LogicalDate(), one, [one], NOW)[0] == NOW - DAY
        assert base_of(FixedDatetime(5), one, [one], NOW)[0] == 5
        with pytest.raises(TypeError, match="Mine is evaluated by its own code"):
            base_of(Custom("Mine"), one, [one], NOW)

    def test_a_run_without_logical_date_has_no_such_deadline(self) -> None:
        assert base_of(LogicalDate(), run(logical_date=None), [], NOW) == (None, "the run has no logical date")

    def test_an_average_counts_from_now(self) -> None:
        took = [ended(n, 2 * n * HOUR) for n in (1, 2, 3)]
        assert base_of(AverageRuntime(3, 3), run(), took, NOW)[0] == NOW + 4 * HOUR
        why = "3 of the 4 runs that its average needs have ended"
        assert base_of(AverageRuntime(5, 4), run(), took, NOW) == (None, why)


def ended(day: int, took: int, state: str = "success", dated: bool = True) -> DagRun:
    return run(
        run_id=f"r{day}", logical_date=NOW + day * DAY if dated else None, state=state, start=NOW, end=NOW + took
    )


class TestAverage:
    def test_of_the_latest_by_logical_date(self) -> None:
        runs = [ended(3, 30), ended(1, 1000), ended(2, 20)]
        assert average_runtime(AverageRuntime(2, 1), runs) == (25, 2)
        assert average_runtime(AverageRuntime(10, 3), runs) == (350, 3)

    def test_runs_that_failed_count_before_3_3(self) -> None:
        runs = [ended(1, 10), ended(2, 90, "failed")]
        assert average_runtime(AverageRuntime(9, 1), runs) == (10, 1)
        assert average_runtime(AverageRuntime(9, 1, only_successful=False), runs) == (50, 2)

    def test_runs_that_have_not_ended_do_not(self) -> None:
        assert average_runtime(AverageRuntime(9, 1), [run(), run(start=None, state="queued")]) == (None, 0)

    def test_of_no_runs_there_is_no_average_even_where_none_are_asked_for(self) -> None:
        assert average_runtime(AverageRuntime(9, 0), []) == (None, 0)
        assert average_runtime(AverageRuntime(9, 0), [ended(1, 7)]) == (7, 1)

    def test_runs_of_one_date_count_in_the_order_they_have(self) -> None:
        assert average_runtime(AverageRuntime(1, 1), [ended(1, 10), ended(1, 5)]) == (10, 1)

    def test_a_run_without_logical_date_is_the_latest(self) -> None:
        assert average_runtime(AverageRuntime(1, 1), [ended(5, 50), ended(6, 7, dated=False)]) == (7, 1)


class TestMet:
    @pytest.mark.parametrize(("end", "met"), [(NOW + HOUR - 1, True), (NOW + HOUR, True), (NOW + HOUR + 1, False)])
    def test_by_a_run_that_succeeds_until_then(self, end: int, met: bool) -> None:
        one, deadline = with_deadline(NOW + HOUR, state="success", end=end)
        assert meet(one) == ([deadline] if met else [])
        assert deadline.state == ("met" if met else "pending")

    def test_not_by_one_that_failed_or_goes_on(self) -> None:
        for fields in ({"state": "failed", "end": NOW}, {"state": "running"}):
            one, deadline = with_deadline(NOW + HOUR, **fields)
            assert meet(one) == []
            assert miss(deadline, NOW + HOUR)

    def test_what_was_missed_stays_missed(self) -> None:
        one, deadline = with_deadline(NOW, state="success", end=NOW)
        assert miss(deadline, NOW)
        assert meet(one) == []
        assert (deadline.state, deadline.missed_at) == ("missed", NOW)


class TestMissed:
    def test_at_its_instant_and_once(self) -> None:
        _, deadline = with_deadline(NOW + HOUR)
        assert not miss(deadline, NOW + HOUR - 1)
        assert miss(deadline, NOW + HOUR)
        assert not miss(deadline, NOW + HOUR)

    def test_one_that_was_due_before_the_run_was_made(self) -> None:
        _, deadline = with_deadline(NOW - DAY)
        assert miss(deadline, NOW)
        assert deadline.missed_at == NOW

    def test_none_that_was_not_made(self) -> None:
        assert not miss(Deadline(DeadlineAlert(QueuedAt(), HOUR), None), NOW)


class TestRequeue:
    def test_what_counts_from_the_queue_moves_while_it_is_pending(self) -> None:
        one, pending = with_deadline(NOW + HOUR)
        for reference, state in ((LogicalDate(), "pending"), (QueuedAt(), "missed"), (QueuedAt(), "met")):
            one.deadlines.append(Deadline(DeadlineAlert(reference, HOUR), NOW + HOUR, HOUR, state))
        assert requeue(one, NOW + 10 * HOUR) == [pending]
        assert [deadline.due for deadline in one.deadlines] == [NOW + 11 * HOUR] + [NOW + HOUR] * 3
        assert one.queued_at == NOW + 10 * HOUR

    def test_nothing_moves_where_the_policy_is_so(self) -> None:
        one = run_of(dag(task("t"), policies=SchedulerPolicies(deadlines_move=False)))
        one.deadlines.append(Deadline(DeadlineAlert(QueuedAt(), HOUR), NOW + HOUR, HOUR))
        assert requeue(one, NOW + DAY) == []
