import pytest

DAGS = ["orders_feed", "stock_feed", "both_report", "either_report", "published_report", "publisher"]


@pytest.fixture
def days(simulate):
    return simulate("2025-01-02T00:00Z", "1d23h", DAGS)


def began(result, dag_id):
    """When its runs began, each with the assets that asked for it."""
    return {f"{run.start_date:%d %H:%M}": run.task("report").xcom() for run in result.runs_of(dag_id)}


def test_the_feeds_run_by_the_clock(days):
    assert days.ok
    starts = {name: [f"{run.start_date:%H:%M}" for run in days.runs_of(name)] for name in DAGS[:2]}
    assert starts == {"orders_feed": ["00:00", "06:00", "12:00", "18:00"] * 2, "stock_feed": ["12:00"] * 2}


def test_one_report_waits_for_both_feeds(days):
    assert began(days, "both_report") == {"02 12:00": ["orders", "stock"], "03 12:00": ["orders", "stock"]}


def test_the_other_takes_either(days):
    found = began(days, "either_report")
    assert [at[3:] for at in found] == ["00:00", "06:00", "12:00", "18:00"] * 2
    assert found["02 06:00"] == ["orders"]


def test_a_third_follows_whatever_is_published_under_an_alias(days):
    assert began(days, "published_report") == {
        "02 18:00": ["edition_2025-01-02", "published"],
        "03 18:00": ["edition_2025-01-03", "published"],
    }
