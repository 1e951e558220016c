"""Retry times, compared with the installed Airflow's own function."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scheduler_builders import DAY, NOW, dag, run_of, task, ti

from harness.kernel.instant import SECOND, to_datetime, to_instant
from harness.scheduler.policies import SchedulerPolicies
from harness.scheduler.retries import MAX_RETRY_DELAY, may_retry, next_retry_at
from harness.scheduler.transitions import clear


def failed(try_number: int = 1, logical_date: int | None = NOW, override: int | None = None, **fields: Any) -> Any:
    run = run_of(dag(task("t", **fields)), logical_date=logical_date)
    one = ti(run, "t")
    one.state, one.try_number, one.end, one.retry_delay_override = "failed", try_number, NOW, override
    return one


@pytest.mark.parametrize(
    ("retries", "try_number", "again"), [(0, 1, False), (1, 1, True), (1, 2, False), (3, 3, True), (3, 4, False)]
)
def test_may_retry(retries: int, try_number: int, again: bool) -> None:
    assert may_retry(failed(try_number, retries=retries)) is again


def test_a_constant_delay() -> None:
    assert next_retry_at(failed(9, retry_delay=7 * SECOND)) == NOW + 7 * SECOND


@pytest.mark.parametrize("multiplier", [0.0, 1.0, -2.0])
def test_multipliers_that_keep_the_delay(multiplier: float) -> None:
    assert next_retry_at(failed(9, retry_delay=7, retry_exponential_backoff=multiplier)) == NOW + 7


def test_back_off_lies_between_the_grown_delay_and_twice_it() -> None:
    for try_number in range(1, 8):
        one = failed(try_number, retry_delay=30 * SECOND, retry_exponential_backoff=3.0)
        grown = 30 * SECOND * 3 ** (try_number - 1)
        assert grown <= next_retry_at(one) - NOW < 2 * grown


def test_a_delay_of_nothing_grows_from_a_second() -> None:
    for try_number in (1, 5):
        assert next_retry_at(failed(try_number, retry_delay=0, retry_exponential_backoff=2.0)) == NOW + SECOND


def test_a_delay_of_less_than_a_second_is_rounded_up() -> None:
    one = failed(1, retry_delay=SECOND + 1, retry_exponential_backoff=2.0)
    assert NOW + 2 * SECOND <= next_retry_at(one) < NOW + 4 * SECOND


def test_a_policy_overrides_the_back_off() -> None:
    assert next_retry_at(failed(3, override=5, retry_exponential_backoff=2.0)) == NOW + 5


def test_max_retry_delay_caps_the_back_off_only() -> None:
    assert next_retry_at(failed(9, retry_exponential_backoff=2.0, max_retry_delay=11)) == NOW + 11
    assert next_retry_at(failed(9, retry_delay=12, max_retry_delay=11)) == NOW + 12


@pytest.mark.parametrize("try_number", [40, 2000])
def test_the_longest_back_off(try_number: int) -> None:
    assert (
        next_retry_at(failed(try_number, retry_exponential_backoff=2.0)) == NOW + DAY == NOW + MAX_RETRY_DELAY * SECOND
    )


def test_an_instance_that_has_not_ended() -> None:
    one = failed()
    one.end = None
    with pytest.raises(ValueError, match="has not ended"):
        next_retry_at(one)


dates = st.integers(0, 4_000_000_000_000_000)


@settings(max_examples=300, deadline=None)
@given(
    try_number=st.integers(1, 80) | st.integers(900, 1100),
    delay=st.integers(0, 10**11),
    multiplier=st.sampled_from([0.0, 1.0, 2.0]) | st.floats(-1, 10),
    longest=st.none() | st.integers(0, 10**11),
    logical_date=st.none() | dates | dates.map(lambda date: date // 86_400_000_000 * 86_400_000_000),
    end=dates,
    override=st.none() | st.integers(0, 10**6),
)
def test_agrees_with_airflow(
    try_number: int,
    delay: int,
    multiplier: float,
    longest: int | None,
    logical_date: int | None,
    end: int,
    override: int | None,
) -> None:
    taskinstance = pytest.importorskip("airflow.models.taskinstance")
    if not hasattr(taskinstance.TaskInstance, "retry_delay_override"):
        pytest.skip("Airflow 3.1 has a flag instead of a multiplier")
    one = failed(
        try_number,
        logical_date,
        None if override is None else override * SECOND,
        retry_delay=delay,
        retry_exponential_backoff=multiplier,
        max_retry_delay=longest,
    )
    one.end = end
    theirs = SimpleNamespace(
        dag_id="d",
        task_id="t",
        logical_date=None if logical_date is None else to_datetime(logical_date),
        try_number=try_number,
        state="failed",  # 3.4 looks whether the next try has its number already
        end_date=to_datetime(end),
        retry_delay_override=override,
        task=SimpleNamespace(
            retry_delay=timedelta(microseconds=delay),
            retry_exponential_backoff=multiplier,
            max_retry_delay=None if longest is None else timedelta(microseconds=longest),
        ),
        log=SimpleNamespace(warning=lambda *_: None),
    )
    expected = taskinstance.TaskInstance.next_retry_datetime(theirs)
    assert next_retry_at(one) == to_instant(expected)


def test_the_text_of_a_logical_date_is_that_of_airflows_database() -> None:
    """The jitter hashes ``str(logical_date)``: the column's type must give a datetime that prints as ours."""
    sqlalchemy_types = pytest.importorskip("airflow.utils.sqlalchemy")
    stored = sqlalchemy_types.UtcDateTime().process_result_value(to_datetime(NOW).replace(tzinfo=None), None)
    assert str(stored) == str(to_datetime(NOW)) == "2025-01-01 00:00:00+00:00"


@pytest.mark.parametrize(
    ("ahead", "state", "try_number", "most"),
    [
        (False, "failed", 2, 5),
        (False, "up_for_retry", 2, 5),
        (False, None, 0, 3),
        (True, "failed", 2, 5),
        (True, "up_for_retry", 2, 4),
        (True, None, 0, 3),
    ],
)
def test_one_that_is_cleared_has_as_many_retries_again(ahead: bool, state: Any, try_number: int, most: int) -> None:
    """Where tries are rows, one that waits has the number of its next try already."""
    made = dag(task("a", retries=3), policies=SchedulerPolicies(numbers_ahead=ahead))
    run = run_of(made, {"a": state})
    one = ti(run, "a")
    one.try_number = try_number
    assert clear(run) == [one]
    assert (one.max_tries, one.state) == (most, None)
