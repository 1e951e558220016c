DAGS = ["orders_feed", "stock_feed", "both_report", "either_report", "published_report", "publisher"]


def test_a_day_of_it(simulate):
    result = simulate("2025-01-02T00:00Z", "23h", DAGS)
    assert result.ok
    started = {dag_id: [f"{run.start_date:%H:%M}" for run in result.runs_of(dag_id)] for dag_id in DAGS}
    assert started["orders_feed"] == ["00:00", "06:00", "12:00", "18:00"]
    assert started["stock_feed"] == ["12:00"]
    assert started["both_report"] == ["12:00"]
    assert started["either_report"] == ["00:00", "06:00", "12:00", "18:00"]
    assert started["published_report"] == ["18:00"]
    (both,) = result.runs_of("both_report")
    assert both.task("report").xcom() == ["orders", "stock"]
