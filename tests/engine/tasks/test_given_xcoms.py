"""XComs given in place of mapped tasks: by instance, by map index, and what is said when they do not fit."""

from datetime import datetime, timezone

import pytest

from harness.errors import TaskNotFound, UsageError

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def squares():
    from airflow.sdk import DAG, task, task_group

    with DAG("squares", schedule=None, start_date=START) as dag:

        @task
        def numbers():
            return [1, 2]

        @task
        def square(n):
            return n * n

        @task
        def label(x):
            return f"<{x}>"

        @task
        def total(xs):
            return sum(xs)

        given = numbers()
        squared = square.expand(n=given)
        label.expand(x=squared)
        total(squared)

        @task_group
        def each(n):
            @task
            def read(n):
                return n

            @task
            def write(v):
                return v + 1

            write(read(n))

        each.expand(n=given)
    return dag


@pytest.mark.parametrize("given", [[1, 4], (1, 4), {0: 1, 1: 4}, {1: 4, 0: 1}])
def test_instances_of_what_is_mapped_over_a_mapped_task(rehearse, squares, given):
    result = rehearse(squares, only=("label",), xcoms={"square": given})
    assert [ti.xcom() for ti in result.tasks("label")] == ["<1>", "<4>"]
    assert result.task("label", 1).xcom() == "<4>"
    assert rehearse(squares, only=("total",), xcoms={"square": given}).task("total").xcom() == 5


def test_an_instance_that_returned_nothing_is_no_value(rehearse, squares):
    result = rehearse(squares, only=("label",), xcoms={"square": [1, None, 9]})
    assert [ti.xcom() for ti in result.tasks("label")] == ["<1>", "<9>"]
    assert rehearse(squares, only=("label",), xcoms={"square": []}).task("label").state == "skipped"


def test_a_task_of_a_mapped_group_gets_the_value_of_its_own_index(rehearse, squares):
    result = rehearse(squares, only=("each.write",), xcoms={"numbers": [1, 2], "each.read": {0: 10, 1: 20}})
    assert [ti.xcom() for ti in result.tasks("each.write")] == [11, 21]


@pytest.mark.parametrize(
    ("xcoms", "index", "said"),
    [
        ({"square": [1, 4]}, 2, "it has 2 instances"),
        ({}, 1, "no value to map over from 'square'"),
        ({"square": []}, 0, "has length 0"),
    ],
)
def test_an_index_that_is_not_there_says_why(rehearse, squares, xcoms, index, said):
    result = rehearse(squares, only=("label",), xcoms=xcoms)
    with pytest.raises(TaskNotFound, match=said):
        result.task("label", index)


@pytest.mark.parametrize("given", [5, "text", {"a": 1}, {-1: 1}, {True: 1}])
def test_a_mapped_task_has_a_value_for_each_instance(rehearse, squares, given):
    with pytest.raises(UsageError, match="for the mapped task 'square'"):
        rehearse(squares, only=("label",), xcoms={"square": given})


def test_a_task_that_is_not_mapped_takes_any_value(rehearse, squares):
    result = rehearse(squares, only=("square",), xcoms={"numbers": {"a": 1, "b": 2}})
    assert len(result.tasks("square")) == 2
    with pytest.raises(TaskNotFound, match="was not expanded"):
        rehearse(squares, only=("square",), xcoms={"numbers": 5}).task("square", 0)
