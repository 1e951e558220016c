# expect: mapping-bound:6
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("one_instance_a_row", schedule=None):
    BashOperator.partial(task_id="copy").expand(
        bash_command=[f"copy {n}" for n in range(500)], env=[{"REGION": region} for region in ("n", "s", "w")]
    )
