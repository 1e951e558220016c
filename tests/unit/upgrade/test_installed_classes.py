"""What the installed Airflow is asked beyond whether a name is there; a process of its own."""

from harness.upgrade.judge import upgrade_of

SOURCE = """\
from airflow import DAG
from airflow.models import Connection, Variable
from airflow.sdk import Variable as Now

with DAG("d") as d:
    Variable.get("x", default_var=None)
    Variable.get("x", deserialize_json=True)
    Now.get("x", default_var=None)
    d.subdags, d.task_ids, d.normalized_schedule_interval


def told(ti, dag_run):
    return ti.task_id, ti.operator, dag_run.run_id, dag_run.get_task_instances()
"""


def test_what_the_recommended_class_does_not_take_and_what_its_objects_lack(tmp_path):
    (tmp_path / "old.py").write_text(SOURCE)
    rows = upgrade_of([tmp_path], tmp_path).rows
    assert {row.name.owner: row.instead for row in rows if row.name.text == "default_var"} == {
        "airflow.models.Variable.get": "airflow.sdk.Variable.get has no default_var=: use default= of it",
        "airflow.sdk.Variable.get": "use default=",
    }
    assert {row.name.shown for row in rows if row.state == "gone"} == {
        "Variable.get(default_var=)",
        "dag.subdags of the context",
        "dag.normalized_schedule_interval of the context",
        "ti.operator of the context",
        "dag_run.get_task_instances of the context",
    }
