import pendulum
from airflow.providers.standard.operators.datetime import BranchDateTimeOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

with DAG("short_circuit_by_truth", schedule=None):
    by_time = BranchDateTimeOperator(
        task_id="by_time",
        target_lower=pendulum.time(9),
        target_upper=pendulum.time(17),
        follow_task_ids_if_true=["day", "truth"],
        follow_task_ids_if_false="night",
    )
    day, night = EmptyOperator(task_id="day"), EmptyOperator(task_id="night")
    by_time >> [day, night]
    by_time >> task.short_circuit(lambda: True, task_id="truth")() >> EmptyOperator(task_id="then")
