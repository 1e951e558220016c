from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator
from airflow.sdk import DAG, TaskGroup


def how_to_load(**context):
    full = context["params"].get("full")
    if full is None:
        return None
    return ["full_load", "audit"] if full else "publish"


with DAG("branch_past_others", schedule=None):
    branch = BranchPythonOperator(task_id="how", python_callable=how_to_load)
    full_load = EmptyOperator(task_id="full_load")
    audit = EmptyOperator(task_id="audit")
    publish = EmptyOperator(task_id="publish", trigger_rule="none_failed_min_one_success")
    branch >> [full_load, audit, publish]
    [full_load, audit] >> publish

with DAG("branch_into_a_group", schedule=None):
    branch = BranchPythonOperator(task_id="how", python_callable=lambda: "load" if how_to_load() else f"{1}_other")
    with TaskGroup("load") as load:
        EmptyOperator(task_id="orders") >> EmptyOperator(task_id="rows")
    branch >> [load, EmptyOperator(task_id="1_other")]
