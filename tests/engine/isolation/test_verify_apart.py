"""Both sides of ``verify`` have a world of their own, and look at no more of the folder than they must."""

import pytest

pytestmark = pytest.mark.gate

FIRST = """
from datetime import datetime

from airflow.sdk import DAG, Variable, task

with DAG("first", schedule=None, start_date=datetime(2025, 1, 1)):

    @task.branch
    def choose():
        return "init" if Variable.get("seen", default=None) is None else "again"

    @task
    def init():
        Variable.set("seen", "yes")

    @task
    def again(): ...

    choose() >> [init(), again()]
"""
PARENT = """
from datetime import datetime

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG

with DAG("parent", schedule=None, start_date=datetime(2025, 1, 1)):
    TriggerDagRunOperator(task_id="go", trigger_dag_id="first")
"""
BAD = """
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.task.priority_strategy import PriorityWeightStrategy


class Mine(PriorityWeightStrategy):
    def get_weight(self, ti):
        return 3


with DAG("bad", schedule=None):
    EmptyOperator(task_id="x", weight_rule=Mine())
"""


def test_sides_and_neighbours_are_apart(tmp_path):
    from harness.simulation import Rehearsal
    from harness.simulation.verification import verify
    from harness.world import World

    for name, text in (
        ("first", FIRST),
        ("parent", PARENT),
        ("bad", BAD),
        ("worse", "from airflow.sdk import DAG\n1 / 0\n"),
    ):
        (tmp_path / f"{name}.py").write_text(text)
    rehearsal, world = Rehearsal.of_paths([tmp_path]), World()
    for dag_id in ("first", "parent"):
        found = verify(rehearsal, rehearsal.folder.dags[dag_id], world, None, {}, 300)
        assert [row for row in found.rows if not row.alike] == []
    assert world.variables == {}


WAITS = """
from datetime import datetime

from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG

with DAG("waits", schedule=None, start_date=datetime(2025, 1, 1)):
    ExternalTaskSensor(task_id="for_first", external_dag_id="nowhere", timeout=60)
"""


def test_a_side_that_takes_too_long_says_what_applies(tmp_path):
    from harness.errors import ReferenceFailed
    from harness.simulation import Rehearsal
    from harness.simulation.verification import verify
    from harness.world import World

    (tmp_path / "first.py").write_text(FIRST)
    (tmp_path / "waits.py").write_text(WAITS)
    rehearsal = Rehearsal.of_paths([tmp_path])
    told = {}
    for dag_id in ("first", "waits"):
        with pytest.raises(ReferenceFailed) as raised:
            verify(rehearsal, rehearsal.folder.dags[dag_id], World(), None, {}, 0.3)
        told[dag_id] = str(raised.value)
        assert "had not ended after 0.3 s of real time" in told[dag_id]
        assert "--limit 60" in told[dag_id]
    assert "for_first" in told["waits"]
    assert "it computed for" in told["first"]
    assert "Dag alone" not in told["first"]


FAR = """
from datetime import datetime, timedelta

from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG("far", schedule=None, start_date=datetime(2025, 1, 1), default_args={"retries": 1}):
    query = AthenaOperator(task_id="query", query="select '{{ ds }}'", database="d", output_location="s3://b")
    job = BashOperator(task_id="job", bash_command="exit 1")

    @task
    def total(numbers):
        return sum(numbers)

    @task.branch
    def choose():
        return "never"

    @task
    def never(): ...

    query >> job >> total(query.output) >> choose() >> never()
"""


def test_what_stands_in_does_on_both_sides(tmp_path):
    from harness.errors import WorldError
    from harness.simulation import Rehearsal
    from harness.simulation.verification import verify
    from harness.world import World

    (tmp_path / "far.py").write_text(FAR)
    rehearsal, world = Rehearsal.of_paths([tmp_path]), World()
    dag = rehearsal.folder.dags["far"]
    with pytest.raises(WorldError, match="'query' cannot run on this machine") as refused:
        verify(rehearsal, dag, world, None, {}, 300)
    assert "stubs: {query: {returns: …}}" in refused.value.fix
    world.stub("AthenaOperator", {"raises": "throttled", "takes": "1h"}, {"returns": [1, 2], "xcoms": {"rows": 2}})
    world.stub("choose", follows=[])
    world.command("job", ["echo", "done"])
    found = verify(rehearsal, dag, world, None, {}, 300)
    assert found.differences == ()
    told = {row.name: row.airflow for row in found.rows}
    assert (told["query"], told["job"], told["never"]) == ("success, try 2", "success, try 1", "skipped, try 0")
    assert (told["query.rows"], told["total.return_value"], told["job.return_value"]) == ("2", "3", "'done'")
    assert found.stood_in == ("query", "job", "choose")
    world.stub("choose", does=lambda context: None)
    with pytest.raises(WorldError, match="stub 'choose' is no plain data"):
        verify(rehearsal, dag, world, None, {}, 300)
