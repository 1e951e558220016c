from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Variable, task

with DAG("reads_what_is_there", schedule=None):

    @task
    def ask():
        return Variable.get("region"), Variable.get("country", default=None)

    ask() >> BashOperator(
        task_id="told", bash_command="echo {{ var.value.region }} {{ var.value.get('country', 'none') }}"
    )
