from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


class Late:
    def __str__(self):
        return "late"


with DAG("plain_field", schedule=None):
    BashOperator(task_id="only", bash_command="true", env={"WHEN": str(Late())})
