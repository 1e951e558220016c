"""Tasks and groups that are mapped: lengths, branches apart, values given for what they map over."""

from datetime import datetime, timezone

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def test_expand_expand_kwargs_and_zero_length(rehearse):
    from airflow.sdk import DAG, task

    with DAG("mapped", schedule="@daily", start_date=START) as dag:

        @task
        def numbers():
            return [1, 2, 3]

        @task
        def nothing():
            return []

        @task
        def double(x, y=1):
            return x * 2 * y

        @task
        def total(xs):
            return sum(xs)

        @task
        def pairs():
            return [{"x": 1, "y": 10}, {"x": 2, "y": 20}]

        doubled = double.expand(x=numbers())
        total(doubled)
        double.override(task_id="crossed").expand(x=[1, 2], y=numbers())
        double.override(task_id="keyed").expand_kwargs(pairs())
        double.override(task_id="none").expand(x=nothing()) >> task(lambda: 1, task_id="after_none")()
        double.override(task_id="again").expand(x=doubled.map(lambda v: v + 1))
    result = rehearse(dag)
    assert result.task("total").xcom() == 12
    assert [ti.xcom() for ti in result.tasks("double")] == [2, 4, 6]
    assert [ti.xcom() for ti in result.tasks("crossed")] == [2, 4, 6, 4, 8, 12]
    assert [ti.xcom() for ti in result.tasks("keyed")] == [20, 80]
    assert [ti.xcom() for ti in result.tasks("again")] == [6, 10, 14]
    assert result.task("none").state == "skipped"
    assert "0" in result.task("none").reason or "zero" in result.task("none").reason
    assert result.task("after_none").state == "skipped"
    assert result.state == "success"


def test_mapped_task_group_keeps_its_branches_apart(rehearse):
    from airflow.sdk import DAG, task, task_group

    with DAG("groups", schedule="@daily", start_date=START) as dag:

        @task
        def files():
            return ["a", "bad", "c"]

        @task_group
        def each(name):
            @task
            def read(n):
                if n == "bad":
                    raise ValueError(n)
                return n.upper()

            @task
            def write(n):
                return n + "!"

            return write(read(name))

        @task(trigger_rule="all_done")
        def collect(values):
            return [v for v in values if isinstance(v, str)]

        collect(each.expand(name=files()))
    result = rehearse(dag)
    assert [ti.state for ti in result.tasks("each.read")] == ["success", "failed", "success"]
    assert [ti.state for ti in result.tasks("each.write")] == ["success", "upstream_failed", "success"]
    assert result.task("collect").xcom() == ["A!", "C!"]


def test_values_given_for_a_mapped_upstream(rehearse):
    from airflow.sdk import DAG, task

    with DAG("given", schedule="@daily", start_date=START) as dag:
        double = task(lambda n: n * 2, task_id="double")
        task(lambda ns: sum(ns), task_id="total")(double.expand(n=[1, 2, 3]))
    assert rehearse(dag, only=("total",), xcoms={"double": [10, 20]}).task("total").xcom() == 30
