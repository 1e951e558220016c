from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Param

with DAG("well_nightly", schedule="@daily", catchup=False, params={"rows": Param(10, type="integer", minimum=1)}):
    alone = BashOperator(
        task_id="alone",
        bash_command="echo {{ params.table }}",
        params={"table": Param(None, type=["null", "string"])},
    )
    alone >> TriggerDagRunOperator(
        task_id="trigger", trigger_dag_id="well_by_hand", conf={"day": "{{ ds }}", "table": "sales"}
    )

with DAG("well_by_hand", schedule=None, params={"table": Param(type="string"), "day": Param("", type="string")}):
    BashOperator(task_id="load", bash_command="echo {{ params.table }} {{ params.day }}")
