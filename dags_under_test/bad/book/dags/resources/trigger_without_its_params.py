"""A trigger that leaves out a param

The other team makes a param of its Dag required. From then on the trigger of this team is refused.
"""

# found by: params
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Param

with DAG("loads_one_table", schedule=None, params={"table": Param(type="string"), "limit": Param(10)}):  # shown
    BashOperator(task_id="load", bash_command="echo {{ params.table }} {{ params.limit }}")  # shown

with DAG("loads_all_tables", schedule="@daily"):  # shown
    TriggerDagRunOperator(task_id="trigger", trigger_dag_id="loads_one_table", conf={"limit": 3})  # bug
    # mended: TriggerDagRunOperator(task_id="trigger", trigger_dag_id="loads_one_table", conf={"table": "orders"})
