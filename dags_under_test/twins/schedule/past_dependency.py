import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("late_starter_let_in", schedule="@daily", start_date=pendulum.datetime(2025, 1, 1, tz="UTC")):
    first = BashOperator(task_id="first", bash_command="true")
    first >> BashOperator(
        task_id="second",
        bash_command="true",
        depends_on_past=True,
        ignore_first_depends_on_past=True,
        start_date=pendulum.datetime(2025, 2, 1, tz="UTC"),
    )
