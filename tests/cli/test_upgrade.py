"""``check --upgrade``: a repository written for Airflow 2, in one pass; whole processes."""

import json

import pytest

pytestmark = pytest.mark.gate

OLD = """\
from airflow import DAG
from airflow.operators.bash_operator import BashOperator
from airflow.providers.postgres.operators.postgres import PostgresOperator
from airflow.utils.dates import days_ago

with DAG("old", schedule_interval="@daily", start_date=days_ago(2), concurrency=3) as dag:
    BashOperator(task_id="a", bash_command="echo {{ execution_date }}", xcom_push=True)
    PostgresOperator(task_id="b", sql="q.sql", trigger_rule="dummy")
"""


@pytest.fixture(scope="module")
def repository(project):
    for number in range(6):
        project.write(f"dags/old_{number}.py", OLD)
    project.write("dags/q.sql", "select '{{ next_ds }}'\n")
    project.write("include/no_python.py", "print 'two'\n")
    project.write("dags/new.py", "from airflow.sdk import DAG\n\nDAG('new', schedule='@daily')\n")
    return project


def test_every_name_is_told_once_with_all_its_places(repository):
    answer = repository("check", "--upgrade", "--format", "json")
    found = json.loads(answer.out)
    rows = {row["name"]: row for row in found["names"]}
    gone = {name for name, row in rows.items() if row["state"] == "gone"}
    assert gone == {
        "DAG(schedule_interval=)",
        "DAG(concurrency=)",
        "BashOperator(xcom_push=)",
        "airflow.operators.bash_operator.BashOperator",
        "airflow.providers.postgres.operators.postgres.PostgresOperator",
        "airflow.utils.dates.days_ago",
        "execution_date of the context",
        "next_ds of the context",
        'trigger_rule="dummy"',
        "no Python 3",
    }
    assert rows["airflow.DAG"]["instead"] == "from airflow.sdk import DAG"
    assert len(rows["DAG(concurrency=)"]["uses"]) == 6
    assert rows["next_ds of the context"]["uses"] == [{"path": "dags/q.sql", "line": 1}]
    assert (found["summary"]["files"], answer.code) == (9, 1)


def test_the_text_counts_and_names_the_first_places(repository):
    answer = repository("check", "--upgrade", "dags")
    assert "DAG(schedule_interval=)  6 uses in 6 files" in answer.out
    assert "dags/old_0.py:6, dags/old_1.py:6, dags/old_2.py:6, and 3 more (-v names them)" in answer.out
    assert "_internal" not in answer.out
    assert "airflow.sdk.bases" not in answer.out
    assert answer.code == 1


def test_a_repository_of_today_is_clean(repository):
    answer = repository("check", "--upgrade", "dags/new.py")
    assert answer.out.startswith("✓ nothing of Airflow 2 found in 1 file looked at")
    assert answer.code == 0


def test_a_format_or_a_folder_that_is_not_there_is_told(repository):
    assert "known   text, json" in repository("check", "--upgrade", "--format", "sarif").err
    assert repository("check", "--upgrade", "nowhere").code == 2
