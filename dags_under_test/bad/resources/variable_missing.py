# expect: variable-missing:10
# expect: variable-missing:12
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Variable, task

with DAG("reads", schedule=None):

    @task
    def ask():
        return Variable.get("country")

    ask() >> BashOperator(task_id="told", bash_command="echo {{ var.value.regoin }}")
