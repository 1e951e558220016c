# expect: serialization:14
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


class Late:
    def __str__(self):
        raise RuntimeError("asked too early")

    __repr__ = __str__


with DAG("odd_field", schedule=None):
    BashOperator(task_id="only", bash_command="true", env={"WHEN": Late()})
