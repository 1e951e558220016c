"""A Dag that Airflow cannot store costs that Dag alone, and the field is named."""

import pytest

from harness.errors import Unserialisable

FINE = """
from airflow.sdk import DAG, task

with DAG("fine", schedule="@daily"):
    task(lambda: 1, task_id="t")()
"""
WEIGHTED = """
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.task.priority_strategy import PriorityWeightStrategy


class Mine(PriorityWeightStrategy):
    def get_weight(self, ti):
        return 3


with DAG("weighted", schedule="@daily"):
    EmptyOperator(task_id="x", weight_rule=Mine())
"""
TIMED = """
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable


class Odd(CronDataIntervalTimetable):
    pass


with DAG("timed", schedule=Odd("@daily", timezone="UTC")):
    EmptyOperator(task_id="x")
"""
BROKEN = """
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.timetables.base import Timetable


class Shapeless(Timetable):
    def serialize(self):
        raise RuntimeError("no shape")


with DAG("broken", schedule=Shapeless()):
    EmptyOperator(task_id="x")
"""


@pytest.fixture
def rehearsal(tmp_path):
    from harness.simulation import Rehearsal

    for name, text in (("fine", FINE), ("weighted", WEIGHTED), ("timed", TIMED), ("broken", BROKEN)):
        (tmp_path / f"{name}.py").write_text(text)
    return Rehearsal.of_paths([tmp_path])


def test_a_calendar_leaves_them_out_and_goes_on(rehearsal):
    from harness.bridge.timetables import parse_date
    from harness.simulation import CalendarOptions

    options = CalendarOptions(parse_date("2025-01-01"), parse_date("2025-01-03"))
    result = rehearsal.simulate(options)
    assert {run.dag_id for run in result.runs} == {"fine"}
    assert sorted((one.check, one.severity, one.dag_id) for one in result.findings) == [
        ("serialization", "error", dag_id) for dag_id in sorted(set(rehearsal.folder.dags) - {"fine"})
    ]
    told = {one.dag_id: one.message for one in result.findings}
    if "weighted" in told:  # 3.1 does not import it
        assert "field 'weight_rule' of task 'x': Unknown priority strategy" in told["weighted"]
    assert "field 'schedule'" in told["timed"]
    assert "field 'schedule'" in told["broken"]
    assert not result.ok


def test_a_run_says_so_and_goes_as_far_as_it_can(rehearsal):
    result = rehearsal.run("timed")
    assert result.task("x").state == "success"
    assert [(one.check, one.severity) for one in result.findings] == [("serialization", "error")]
    assert rehearsal.run("fine").findings == ()


def test_a_schedule_that_cannot_be_read_has_no_run(monkeypatch, rehearsal):
    from harness.bridge import timetables

    def unreadable(dag):
        raise KeyError("_summary")

    monkeypatch.setattr(timetables, "core_timetable", unreadable)
    with pytest.raises(Unserialisable) as told:
        rehearsal.run("fine")
    assert "Dag 'fine' cannot be serialised: field 'schedule': KeyError: '_summary'" in str(told.value)
    assert "dag_id=fine" in str(told.value)
