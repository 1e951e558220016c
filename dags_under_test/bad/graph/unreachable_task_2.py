# expect: unreachable-task:21
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator
from airflow.sdk import DAG


def by_size(size: int = 0) -> str:
    target = "small"
    if size > 1000:
        target = "big"
    return target


with DAG("three_ways_and_two_ids", schedule=None):
    branch = BranchPythonOperator(task_id="by_size", python_callable=lambda: "small" if by_size() else "big")
    join = EmptyOperator(task_id="join", trigger_rule="none_failed_min_one_success")
    branch >> [
        EmptyOperator(task_id="small"),
        EmptyOperator(task_id="big"),
    ] >> join
    branch >> EmptyOperator(task_id="huge") >> join
