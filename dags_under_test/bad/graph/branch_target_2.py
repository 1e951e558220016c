# expect: branch-target:11
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator
from airflow.sdk import DAG


def how_to_load(**context):
    full = context["params"].get("full")
    if full is None:
        return None
    return ["full_load", "audit"] if full else "publish"


with DAG("branch_too_far", schedule=None):
    branch = BranchPythonOperator(task_id="how", python_callable=how_to_load)
    full_load = EmptyOperator(task_id="full_load")
    audit = EmptyOperator(task_id="audit")
    publish = EmptyOperator(task_id="publish", trigger_rule="none_failed_min_one_success")
    branch >> [full_load, audit] >> publish
