from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

SOURCE = "postgresql://etl@warehouse.internal:5432/sales"
OTHERS = [
    "postgresql://user:password@localhost/db",
    "redis://:{{ conn.warehouse.password }}@cache",
    "amqp://${U}:${P}@mq",
]

with DAG("no_password_in_a_uri", schedule="@daily"):
    BashOperator(task_id="load", bash_command="load", env={"SOURCE": SOURCE, "URI": "{{ conn.warehouse.get_uri() }}"})
