from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator
from airflow.sdk import DAG

with DAG("three_ways_and_three_ids", schedule=None):
    branch = BranchPythonOperator(
        task_id="by_size", python_callable=lambda size=0: "small" if size < 10 else "big" if size < 100 else "huge"
    )
    join = EmptyOperator(task_id="join", trigger_rule="none_failed_min_one_success")
    (
        branch
        >> [
            EmptyOperator(task_id="small"),
            EmptyOperator(task_id="big"),
        ]
        >> join
    )
    branch >> EmptyOperator(task_id="huge") >> join
