from datetime import timedelta
from pathlib import Path

import pytest

ORDERS = "customer,day,amount\n1,2025-01-01,90\n1,2025-01-03,15\n2,2025-01-02,20\n3,2025-01-02,5\n"


@pytest.fixture
def lake(world, tmp_path):
    (tmp_path / "orders.csv").write_text(ORDERS)
    world.set_variable("lake", str(tmp_path))
    return tmp_path


def job(context):
    """What the cluster would leave behind."""
    *_, folder = context["task"].application_args
    Path(folder).mkdir(parents=True)
    Path(folder, "part-0.csv").write_text("customer,spent,segment\n1,90,silver\n2,20,silver\n3,5,new\n")


def test_the_cluster_is_asked_for_the_day(replay, world, lake):
    world.stub("customer_segments.segment", does=job, takes="40m")
    result = replay("customer_segments", since="2025-01-02", until="2025-01-03")
    assert result.ok
    assert [run.task("count").xcom() for run in result.runs] == [{"new": 1, "silver": 2}] * 2
    first, second = (call.kwargs for call in world.calls("segment"))
    assert first["application_args"][:2] == ["--day", "2025-01-02"]
    assert second["application_args"][-1] == f"{lake}/segments/2025-01-03"
    assert (second["name"], second["num_executors"], second["executor_memory"]) == ("segments-2025-01-03", 20, "8g")


def test_a_driver_that_is_lost_costs_a_retry(run_dag, world, lake):
    world.stub("segment", {"raises": "the driver is lost", "takes": "10m"}, {"does": job, "takes": "40m"})
    result = run_dag("customer_segments", "2025-01-02")
    assert result.ok
    assert result.task("segment").end_date - result.start_date == timedelta(minutes=10 + 15 + 40)


def test_without_a_stand_in_it_is_refused_with_the_one_to_write(run_dag, lake):
    segment = run_dag("customer_segments", "2025-01-02").task("segment")
    assert (segment.state, segment.try_number) == ("failed", 1)
    assert "SparkSubmitOperator needs spark-submit and a Spark cluster: it cannot run here" in segment.reason
    assert "world.stub('customer_segments.segment', returns=…)" in segment.error.hint
