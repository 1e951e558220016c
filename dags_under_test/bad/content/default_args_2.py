# expect: default-args:7
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup, task

with DAG("defaults_of_a_group", schedule="@daily"):
    begin = EmptyOperator(task_id="begin")
    with TaskGroup("loads", default_args=dict(trigger_rules="all_done")) as loads:

        @task
        def load(table):
            print(table)

        load.expand(table=["orders", "returns"])

    begin >> loads
