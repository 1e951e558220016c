"""The job itself, on a Spark of this machine: it needs pyspark and Java, and takes ten seconds a day."""

import pytest

ORDERS = "customer,day,amount\n1,2025-01-01,90\n1,2025-01-03,15\n2,2025-01-02,20\n3,2025-01-02,5\n"


@pytest.mark.spark
def test_spark_itself_puts_them_into_segments(replay, world, tmp_path):
    (tmp_path / "orders.csv").write_text(ORDERS)
    world.set_variable("lake", str(tmp_path))
    world.set_connection("spark_cluster", conn_type="spark", host="local[1]")
    result = replay("customer_segments", since="2025-01-02", until="2025-01-03")
    assert result.ok
    counted = [run.task("count").xcom() for run in result.runs]
    assert counted == [{"new": 1, "silver": 2}, {"gold": 1, "new": 1, "silver": 1}]
