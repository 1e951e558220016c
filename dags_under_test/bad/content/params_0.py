# expect: params:8
# expect: params:13
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Param

with DAG("nightly", schedule="@daily", catchup=False):
    alone = BashOperator(
        task_id="alone",
        bash_command="echo {{ params.table }}", params={"table": Param(type="string")},
    )
    # the other Dag requires a table
    alone >> TriggerDagRunOperator(
        task_id="trigger", trigger_dag_id="by_hand", conf={"day": "{{ ds }}"}
    )

with DAG("by_hand", schedule=None, params={"table": Param(type="string"), "day": Param("", type="string")}):
    BashOperator(task_id="load", bash_command="echo {{ params.table }} {{ params.day }}")
