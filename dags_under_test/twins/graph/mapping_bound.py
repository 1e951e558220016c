from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("one_instance_a_batch", schedule=None):
    BashOperator.partial(task_id="copy").expand(
        bash_command=[f"copy {n} {n + 50}" for n in range(0, 500, 50)],
        env=[{"REGION": region} for region in ("n", "s", "w")],
    )
