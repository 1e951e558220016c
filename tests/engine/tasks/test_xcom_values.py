"""Values that do not do well as XComs: told while the Dag runs, as warnings."""

from collections import namedtuple
from datetime import datetime, timezone

import pytest

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
Point = namedtuple("Point", "x y")


def pushing(value, **given):
    """A Dag with one task that returns a value."""
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk import DAG

    with DAG("pushes", schedule="@daily", start_date=START, catchup=True) as dag:
        PythonOperator(task_id="push", python_callable=lambda: value, **given)
    return dag


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("x" * 50_000, "is 49 KiB of JSON, more than 48"),
        ({1: "a"}, "has keys that are no text, like 1"),
        ({"days": [{2: "b"}]}, "has keys that are no text, like 2"),
        ([float("nan")], "holds NaN or infinity"),
        (Point(1, 2), "is a named tuple"),
    ],
)
def test_a_value_that_does_not_do_well_is_a_warning(rehearse, value, said):
    result = rehearse(pushing(value))
    [finding] = result.findings
    assert (result.state, finding.check, finding.severity) == ("success", "xcom-size", "warning")
    assert (finding.task_id, finding.message.startswith(f"XCom 'return_value' of task 'push' {said}")) == ("push", True)


@pytest.mark.parametrize(
    "value",
    [
        "x" * 49_000,
        {"a": [1, 2.5, None, True]},
        (1, 2),
        {1, 2},
        datetime(2025, 1, 1, tzinfo=timezone.utc),
        {"days": {"a": (1, {2})}},
    ],
)
def test_a_value_that_comes_back_as_it_was_is_no_finding(rehearse, value):
    result = rehearse(pushing(value))
    assert (result.state, result.findings) == ("success", ())


def test_what_cannot_be_serialised_fails_the_task_and_is_told_there(rehearse):
    result = rehearse(pushing(b"bytes"))
    assert (result.state, result.findings) == ("failed", ())
    assert "bytes" in result.task("push").reason


def test_a_value_is_told_once_for_all_runs():
    from harness.bridge.timetables import parse_date
    from harness.simulation import CalendarOptions, Rehearsal

    rehearsal = Rehearsal()
    rehearsal.folder.dags["pushes"] = pushing("x" * 50_000)
    result = rehearsal.simulate(CalendarOptions(parse_date("2025-01-02"), parse_date("2025-01-05")), None)
    assert len(result.runs) > 2
    assert [finding.check for run in result.runs for finding in run.findings] == ["xcom-size"]


def test_what_is_replaced_is_put_back(rehearse):
    from airflow.sdk.bases.xcom import BaseXCom

    before = vars(BaseXCom)["serialize_value"]
    rehearse(pushing("x"))
    assert vars(BaseXCom)["serialize_value"] is before


@pytest.mark.parametrize(("most", "told"), [(1000.0, "is 1 KiB of JSON, more than 0.976562"), (None, None)])
def test_the_limit_is_the_projects(most, told):
    from harness.simulation import Rehearsal

    result = Rehearsal(xcom_bytes=most).run(pushing("x" * 1500))
    assert [told in finding.message for finding in result.findings] == ([True] if told else [])


@pytest.mark.parametrize(
    ("checks", "limits", "most"),
    [
        ({}, {}, 48 * 1024),
        ({}, {"xcom-bytes": 1000}, 1000),
        ({"xcom-size": "off"}, {"xcom-bytes": 1000}, None),
        ({"content": "off"}, {}, None),
        ({"content": "off", "xcom-size": "error"}, {}, 48 * 1024),
    ],
)
def test_what_the_project_says_of_xcoms(tmp_path, checks, limits, most):
    from harness.gate.settings import xcom_bytes
    from harness.project.config import Config

    assert xcom_bytes(Config([], None, tmp_path, checks=checks, limits=limits)) == most
