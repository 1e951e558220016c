"""What a worker's own process keeps apart in production: its zone, its configuration, its wire, its greenlets."""

import os
import time
from datetime import datetime, timezone

import pytest

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def two_tasks(first, second):
    from airflow.sdk import DAG, task

    with DAG("apart", schedule="@daily", start_date=START) as dag:
        task(first, task_id="first")() >> task(second, task_id="second")()
    return dag


@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_a_task_has_its_own_local_zone(rehearse, zone):
    def changes():
        os.environ.pop("TZ")
        if zone is not None:
            os.environ["TZ"] = zone
        time.tzset()
        return time.strftime("%H:%M", time.localtime())

    before = os.environ.get("TZ"), time.tzname
    result = rehearse(two_tasks(changes, lambda: time.strftime("%H:%M", time.localtime())))
    assert result.state == "success"
    assert result.task("second").xcom() == "00:00"
    if zone is not None:
        assert result.task("first").xcom() == "19:00"
    assert (os.environ.get("TZ"), time.tzname) == before


def test_configuration_is_answered_to_tasks_as_it_is(rehearse, monkeypatch):
    conf = pytest.importorskip("airflow.sdk.configuration").conf

    def first():
        from airflow.sdk.configuration import conf

        given = conf.getjson("mysection", "mykey", fallback={"a": 1})
        given["a"] = "changed"
        return [conf.get("mysection", "mykey", fallback=each) for each in ([], {}, True, 1, "1", None)]

    def second():
        from airflow.sdk.configuration import conf

        os.environ["AIRFLOW__MYSECTION__LATER"] = "set"
        return [
            conf.getjson("mysection", "mykey", fallback={"a": 1}),
            conf.get("mysection", "later", fallback=None),
            conf.getjson("mysection", "other", fallback=[1]),
        ]

    result = rehearse(two_tasks(first, second))
    assert result.state == "success"
    assert result.task("first").xcom() == [[], {}, True, 1, "1", None]
    assert list(map(type, result.task("first").xcom())) == [list, dict, bool, int, str, type(None)]
    assert result.task("second").xcom() == [{"a": 1}, "set", [1]]
    assert conf.get("mysection", "mykey", fallback="none") == "none"


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("\ud800", "UnicodeEncodeError"),
        ({"deep": ["\udfff"]}, "UnicodeEncodeError"),
        ({"\ud800": 1}, "UnicodeEncodeError"),
        (2**70, "OverflowError"),
    ],
)
def test_what_no_worker_could_send_is_the_tasks_error(rehearse, value, error):
    result = rehearse(two_tasks(lambda: value, lambda: 1))
    first = result.task("first")
    assert (first.state, first.error.kind) == ("failed", error)
    assert result.task("second").state == "upstream_failed"


def test_text_that_cannot_be_written_does_not_stop_a_run(rehearse, tmp_path):
    from harness.ledger.reading import verify

    def says():
        print("odd \ud800 text")
        raise ValueError("odd \ud800 error")

    result = rehearse(two_tasks(says, lambda: 1), keep=tmp_path / "kept")
    assert result.task("first").state == "failed"
    assert "odd \ud800 text" in result.task("first").log
    assert verify(tmp_path / "kept" / "journal.jsonl")


def test_a_greenlet_of_a_task_speaks_for_it(rehearse):
    from airflow.sdk import DAG, task

    def first():
        from airflow.sdk import Variable, get_current_context
        from greenlet import greenlet

        def inner():
            print("from inside")
            time.sleep(60)
            get_current_context()["ti"].xcom_push("inside", 1)
            return Variable.get("name", default="nobody")

        return greenlet(inner).switch()

    def second():
        time.sleep(30)

    with DAG("apart", schedule="@daily", start_date=START) as dag:
        task(first, task_id="first")()
        task(second, task_id="second")()
    result = rehearse(dag)
    first = result.task("first")
    assert first.state == "success", first.error
    assert (first.xcom(), first.xcom("inside")) == ("nobody", 1)
    assert "from inside" in first.log
    assert (first.end_date - first.start_date).total_seconds() == 60


def test_a_timeout_reaches_a_greenlet(rehearse):
    from datetime import timedelta

    from airflow.sdk import DAG, task

    def hangs():
        from greenlet import greenlet

        greenlet(lambda: time.sleep(3600)).switch()

    with DAG("apart", schedule="@daily", start_date=START) as dag:
        task(hangs, task_id="t", execution_timeout=timedelta(seconds=5))()
    ti = rehearse(dag).task("t")
    assert (ti.state, ti.error.kind) == ("failed", "AirflowTaskTimeout")
    assert (ti.end_date - ti.start_date).total_seconds() == 5
