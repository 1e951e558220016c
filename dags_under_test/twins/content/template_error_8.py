from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("attributes_that_are_there", schedule="@daily"):
    run = BashOperator(task_id="run", bash_command="load {{ dag_run.logical_date }} {{ dag_run.run_type }}")
    ti = BashOperator(
        task_id="ti", bash_command="load {{ ti.try_number }} {{ ti.task_id }} {{ task.owner }} {{ dag.dag_id }}"
    )
    before = BashOperator(task_id="before", bash_command="load {{ ti.xcom_pull(task_ids='make').rows[0].name }}")
    BashOperator(task_id="make", bash_command="make") >> run >> ti >> before
    variables = BashOperator(
        task_id="variables", bash_command="load {{ var.value.region }} {{ var.json.region.name[0] }}"
    )
    before >> variables >> BashOperator(task_id="conn", bash_command="load {{ conn.warehouse.host }}")
