# expect: xcom-reference:16
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG("pull_by_key_alone", schedule=None):

    @task
    def extract(ti=None):
        ti.xcom_push(key="path", value="orders.csv")

    @task
    def keep(ti=None):
        ti.xcom_push(key="seen", value=True)
        print(ti.xcom_pull(key="seen"))

    load = BashOperator(
        task_id="load", bash_command="load {{ ti.xcom_pull(key='path') }}"
    )
    extract() >> keep() >> load
