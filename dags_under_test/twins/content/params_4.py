from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Param, task

with DAG("loads_one_table", schedule=None, params={"table": Param(type="string"), "limit": Param(10)}):
    BashOperator(task_id="load", bash_command="load {{ params.table }} {{ params.limit }}")

with DAG("loads_all_tables", schedule="@daily"):

    @task
    def tables():
        return [{"table": "orders"}, {"table": "returns"}]

    @task
    def table():
        return {"table": "orders"}

    given = TriggerDagRunOperator(task_id="given", trigger_dag_id="loads_one_table", conf={"table": "{{ ds }}"})
    told = TriggerDagRunOperator(task_id="told", trigger_dag_id="loads_one_table", conf=table())
    each = TriggerDagRunOperator.partial(task_id="each", trigger_dag_id="loads_one_table")
    given >> told >> each.expand(conf=tables())
