from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task, task_group

with DAG("pull_with_prefix", schedule=None):

    @task_group
    def source():
        @task
        def extract():
            return "orders.csv"

        path = extract()
        path >> BashOperator(task_id="load", bash_command="load {{ ti.xcom_pull(task_ids='source.extract') }}")

    source()
