# expect: serialization:12
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


class Late:
    def __str__(self):
        raise RuntimeError("asked too early")


with DAG("odd_field", schedule=None):
    BashOperator(task_id="only", bash_command="true", env={"WHEN": Late()})
